"""TensorFlow, by its TensorFlow 1 interface, imported when something of it is first used.

    from gru_addition.support import tf

    tf.Session()

TensorFlow 2 still has that interface, `tensorflow.compat.v1`. Its own behaviour stays switched on,
so your TensorFlow 2 code keeps working beside ours. The import takes seconds, so what does not
compute with TensorFlow, such as `--help`, must not wait for it.
"""

import sys

from gru_addition.support.process import quiet


def __getattr__(name):
    if "tensorflow.compat.v1" in sys.modules:
        return getattr(sys.modules["tensorflow.compat.v1"], name)
    with quiet():
        import tensorflow.compat.v1 as tf
    return getattr(tf, name)
