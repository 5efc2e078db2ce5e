"""TensorFlow, by its TensorFlow 1 interface, imported when something of it is first used.

    from gru_addition.support import tf

    tf.Session()

TensorFlow 2 still has that interface, `tensorflow.compat.v1`. Its own behaviour stays switched on,
so your TensorFlow 2 code keeps working beside ours. The import takes seconds, so what does not
compute with TensorFlow, such as `--help`, must not wait for it.
"""

import os
import sys
import traceback
from pathlib import Path

from gru_addition.support.checks import brief
from gru_addition.support.process import check_threads, quiet


def __getattr__(name):
    if "tensorflow.compat.v1" in sys.modules:
        return getattr(sys.modules["tensorflow.compat.v1"], name)
    check_threads()
    failure = None
    with quiet():
        try:
            import tensorflow.compat.v1 as tf
        except (AssertionError, AttributeError, ValueError) as error:
            *_, last = traceback.extract_tb(error.__traceback__)
            if "keras" not in Path(last.filename).parts:
                raise
            failure = error
    if failure is not None:
        # Keras, which TensorFlow imports, does not name the settings that it refuses.
        home = os.environ.get("KERAS_HOME") or Path("~", ".keras").expanduser()
        raise OSError(
            f"TensorFlow can't be imported ({brief(failure)}); correct or remove what Keras is set "
            f"to: KERAS_BACKEND in the environment, or the file {Path(home, 'keras.json')}"
        ) from failure
    return getattr(tf, name)
