"""Run the command, in a process set up for it."""

import os

import gru_addition
from gru_addition.commands.study import main

if __name__ == "__main__":
    # Each process has a core to itself; NumPy and TensorFlow would use all cores in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gru_addition.prepare_process(threads=1)
    raise SystemExit(main())
