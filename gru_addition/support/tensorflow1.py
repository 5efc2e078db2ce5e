"""The one import of TensorFlow, as the TensorFlow 1 interface `tf`.

TensorFlow 2 still carries that interface. TensorFlow 2 itself stays switched on, so code of yours
that uses it keeps working beside ours.
"""

from gru_addition.support.quiet import quiet_import

with quiet_import():
    import tensorflow.compat.v1 as tf

__all__ = ["tf"]
