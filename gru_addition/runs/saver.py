"""Checkpoints that `tf.train.Saver` wrote, in this TensorFlow or in any since 0.12.

A checkpoint holds variables by name, without a graph or a version. It is known by its prefix, the
name that `save` returned, or as the last one in a directory.
"""

import os

from gru_addition.support import tf
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError
from gru_addition.support.process import without_log


def read_variables(path):
    """Return the real-valued variables of a checkpoint, arrays by name.

    path: its prefix, or a directory.

    Raises `FileNotFoundError` if there is none, and `DamagedError` if it can't be read.
    """
    prefix = os.fspath(path)
    # The reader translates only some of TensorFlow's errors.
    failures = tf.errors.OpError, IndexError, RuntimeError, ValueError
    with without_log():
        try:
            if os.path.isdir(prefix):
                prefix = tf.train.latest_checkpoint(prefix)
            if prefix is None or not os.path.isfile(f"{prefix}.index"):
                raise FileNotFoundError(
                    f"{brief(str(path))} holds no run and no checkpoint; "
                    "python -m gru_addition train makes a run"
                )
            reader = tf.train.load_checkpoint(prefix)
            types = reader.get_variable_to_dtype_map()
            return {name: reader.get_tensor(name) for name in types if types[name].is_floating}
        except failures as error:
            raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None
