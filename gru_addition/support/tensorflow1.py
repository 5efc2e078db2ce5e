"""The one import of TensorFlow, as the TensorFlow 1 interface `tf`.

TensorFlow 2 still has that interface, and its own behaviour stays switched on, so your TensorFlow 2
code keeps working beside ours.
"""

import logging
from contextlib import contextmanager

from gru_addition.support.quiet import quiet_import
from gru_addition.support.stopwatch import doing

with doing("importing TensorFlow"), quiet_import():
    import tensorflow.compat.v1 as tf

__all__ = ["tf", "without_log"]


@contextmanager
def without_log():
    """Keep TensorFlow's Python code from logging, for example about deprecated interfaces.

    Its errors are raised as well as logged.
    """
    logger = logging.getLogger("tensorflow")

    def nothing(record):
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
