"""A GRU that learns to add: the 2017 Data Blogger tutorial, on today's TensorFlow.

The tutorial, in its order: `dataset`, `config`, `model`, `train`, `add`, `plotting`. What one does
with a trained network: `prove`, `verify`, `show`, `study`. How it is done: `cells`, `engines`,
`runs`, `inside`, `support`; `cli` is the command line.

Importing the package changes nothing in the process; TensorFlow is imported when it is first used.
"""

import os
import sys

__version__ = "0.1.0"


def prepare_process(threads=1):
    """Set up TensorFlow here as our command does to train; call it before importing TensorFlow.

    It adds flags for small models to `XLA_FLAGS` in the environment, which XLA reads once, for all
    that it compiles here and in processes started from here. Flags that you have set yourself
    outweigh them. If TensorFlow is imported already, a warning says that this may be too late.

    threads: the number of threads TensorFlow gets, unless `TF_NUM_INTRAOP_THREADS` is set. One is
        fastest for the tutorial's network. None leaves the number to TensorFlow, which is better
        if the states of a step hold more than 2,000 numbers (examples times units).

    Raises `TypeError` or `ValueError` for a number of threads that is none.
    """
    import warnings

    from gru_addition.support import process
    from gru_addition.support.checks import whole_number

    if threads is not None:
        threads = whole_number("threads", threads, 1, process.MOST_THREADS)
        os.environ.setdefault(process.THREADS, str(threads))
    if process.set_flags() and "tensorflow" in sys.modules:
        warnings.warn(
            "prepare_process() came after TensorFlow was imported, so XLA may keep its flags; "
            "call it before the first import",
            stacklevel=2,
        )
