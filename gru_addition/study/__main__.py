"""Hand over to the command, in a process that is set up for it."""

import os

from gru_addition.commands.study import main
from gru_addition.support import xla

if __name__ == "__main__":
    xla.prepare_process()
    # Each process has a core for itself; NumPy would use all of them in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    raise SystemExit(main())
