"""`python -m gru_addition.study`."""

import os
import sys

from gru_addition.study.sweep import main
from gru_addition.support import xla

if __name__ == "__main__":
    xla.prepare_process()
    # Each process has a core for itself; NumPy would use all of them in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
