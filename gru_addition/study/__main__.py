"""Run the command, in a process set up for it."""

import os

from gru_addition.commands.study import main
from gru_addition.support import xla

if __name__ == "__main__":
    xla.prepare_process()
    # Each process has a core to itself; NumPy and TensorFlow would use all cores in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault(xla.THREADS, "1")
    raise SystemExit(main())
