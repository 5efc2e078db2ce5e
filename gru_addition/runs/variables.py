"""TensorFlow checkpoints: their variables, written, restored, and read without a graph.

A checkpoint holds variables by name, without a graph or a version. So those of TensorFlow 1.3.0
can be restored here, and ours there.
"""

import math
import os
import tempfile
import warnings
from contextlib import contextmanager

import numpy as np

from gru_addition.config import LARGEST_HIDDEN_SIZE
from gru_addition.runs.weights import GRU_GATES, weight_shapes
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError, copy_file, sync

INDEX, DATA = ".index", ".data-00000-of-00001"
# More than the names and shapes of the variables take.
LARGEST_INDEX = 100_000
# TensorFlow's names for the variables that the tutorial leaves unnamed.
UNNAMED = {"W_output": "Variable", "b_output": "Variable_1"}


def largest_data(hidden_size):
    """The most bytes that the variables of a model of that size take, Adam's included."""
    weights = sum(map(math.prod, weight_shapes(hidden_size).values()))
    return 3 * 8 * weights + 10_000


LARGEST = {INDEX: LARGEST_INDEX, DATA: largest_data(LARGEST_HIDDEN_SIZE)}


def save(saver, session, prefix):
    """Save a session's variables under a new name; raise `OSError` if that fails."""
    # Outside a graph, a saver assumes it is in eager TensorFlow 2.
    with writing(), session.graph.as_default():
        try:
            saver.save(session, str(prefix), write_meta_graph=False, write_state=False)
        except ValueError as error:  # The directory is gone.
            raise OSError(brief(str(error))) from None
    for suffix in INDEX, DATA:
        sync(f"{prefix}{suffix}")


def warn_of_pattern(directory):
    """Warn if a directory's name keeps TensorFlow from finding the checkpoint in it."""
    from gru_addition.support.tensorflow1 import tf

    if not tf.io.gfile.glob(os.path.join(directory, f"*{INDEX}")):
        warnings.warn(
            "TensorFlow reads [ and \\ in a name as patterns, so its own functions do not find the "
            f"checkpoints in {directory}; gru_addition does",
            stacklevel=2,
        )


@contextmanager
def writing():
    """Turn the error that TensorFlow raises if a file can't be written into an `OSError`."""
    from gru_addition.support.tensorflow1 import tf

    try:
        yield
    except tf.errors.OpError as error:
        # One of its many lines gives a file's name and the system's reason.
        reasons = [line.rpartition("; ")[2] for line in str(error).splitlines() if "; " in line]
        raise OSError(reasons[0] if reasons else brief(error.message)) from None


def restore(saver, session, prefix):
    """Set a session's variables to those in a checkpoint.

    Raises `DamagedError` if they can't be read or belong to another model.
    """
    from gru_addition.support.tensorflow1 import tf

    with _opened(prefix) as (reader, copy):
        for variable in session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES):
            shape, dtype = variable.shape.as_list(), variable.dtype.base_dtype.name
            _check(reader, prefix, variable.op.name, shape, [dtype])
        with session.graph.as_default():
            saver.restore(session, copy)


def read_weights(prefix, gates=GRU_GATES):
    """Return the weights in a checkpoint of the tutorial's model, arrays by the tutorial's names.

    prefix: its name, as `tf.train.Saver.save` returns it.
    gates: the letters of the cell's gates.

    Raises `FileNotFoundError` if there is no such checkpoint, and `DamagedError` if it can't be
    read or belongs to another model.
    """
    if not os.path.exists(f"{prefix}{INDEX}"):
        raise FileNotFoundError(f"{prefix}{INDEX} does not exist")
    with _opened(prefix) as (reader, _):
        sizes = reader.get_variable_to_shape_map()
        hidden_size = max((sizes.get(f"U{gate}") or [0])[0] for gate in gates)
        if not 1 <= hidden_size <= LARGEST_HIDDEN_SIZE:
            missing = " or ".join(f"U{gate}" for gate in gates)
            raise DamagedError(
                f"{prefix} is not a checkpoint of the tutorial's model: no {missing}"
            )
        shapes = weight_shapes(hidden_size, gates)
        stored = {name: name for name in shapes} | UNNAMED
        for name, shape in shapes.items():
            _check(reader, prefix, stored[name], list(shape), ["float64", "float32"])
        weights = {name: reader.get_tensor(where) for name, where in stored.items()}
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise DamagedError(f"{prefix} is of no use: {name} has numbers that are not finite")
    return weights


@contextmanager
def _opened(prefix):
    """Yield a reader of a checkpoint, and the name of a temporary copy of it.

    TensorFlow reads the copy, since it would take some names for patterns, look for other files,
    and follow links. Errors in the body become a `DamagedError`.
    """
    from gru_addition.support.tensorflow1 import tf

    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "copy")
        try:
            for suffix, largest in LARGEST.items():
                copy_file(f"{prefix}{suffix}", f"{copy}{suffix}", largest)
        except DamagedError:
            raise
        except OSError as error:
            reason = f"no copy of it can be made in {directory} ({error.strerror})"
            raise OSError(f"{prefix} can't be read: {reason}") from None
        try:
            yield tf.train.load_checkpoint(copy), copy
        except DamagedError:
            raise
        # The reader translates only some of TensorFlow's errors.
        except (tf.errors.OpError, IndexError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0].replace(copy, str(prefix))
            raise DamagedError(f"{prefix} is damaged: {brief(reason)}") from None


def _check(reader, prefix, name, shape, dtypes):
    # Check before reading, since the shape says how much memory that takes.
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    found = f"{types[name].name} of shape {shapes[name]}" if name in shapes else "missing"
    if found not in [f"{dtype} of shape {shape}" for dtype in dtypes]:
        raise DamagedError(
            f"{prefix} is a checkpoint of another model: {name} must be "
            f"{' or '.join(dtypes)} of shape {shape}, not {found}"
        )
