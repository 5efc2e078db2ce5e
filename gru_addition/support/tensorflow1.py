"""The one import of TensorFlow, as the TensorFlow 1 interface `tf`.

TensorFlow 2 still has that interface, and its own behaviour stays switched on, so your TensorFlow 2
code keeps working beside ours.
"""

from gru_addition.support.quiet import quiet_import

with quiet_import():
    import tensorflow.compat.v1 as tf

__all__ = ["tf"]
