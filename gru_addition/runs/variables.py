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
from gru_addition.runs.names import DATA, INDEX, Files
from gru_addition.runs.weights import GATES, cell_of, unused, weight_shapes
from gru_addition.support import system
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError, copy_file, name_for_tensorflow

# More than the names and shapes of the variables take. Somebody else's program may have many more
# variables.
LARGEST_INDEX, LARGEST_FOREIGN_INDEX = 100_000, 10_000_000
# TensorFlow's names for the variables that the tutorial leaves unnamed.
UNNAMED = {"W_output": "Variable", "b_output": "Variable_1"}


def largest_data(hidden_size):
    """The most bytes that the variables of a model of that size take, Adam's included."""
    # An LSTM has the most.
    weights = sum(map(math.prod, weight_shapes(hidden_size, "lstm").values()))
    return 3 * 8 * weights + 10_000


# Before TensorFlow 0.12, one file held both.
LARGEST_FILE = LARGEST_FOREIGN_INDEX + largest_data(LARGEST_HIDDEN_SIZE)


def save(saver, session, prefix):
    """Save a session's variables under a new name; raise `OSError` if that fails."""
    with writing():
        run_save(saver, session, name_for_tensorflow(prefix))
    for suffix in INDEX, DATA:
        system.sync_file(f"{prefix}{suffix}")


def run_save(saver, session, name):
    """Run what `saver.save` runs, and nothing else.

    `saver.save` then looks at the files with Python's own functions. They fail if Python does not
    encode file names in UTF-8, as TensorFlow does.
    """
    ops = saver.saver_def
    session.run(ops.save_tensor_name, {ops.filename_tensor_name: name})


def warn_of_pattern(directory):
    """Warn if a directory's name keeps TensorFlow from finding the checkpoint in it."""
    from gru_addition.support.tensorflow1 import tf

    is_doubtful = set(system.PATTERN_CHARACTERS) & set(os.fspath(directory))
    if is_doubtful and not tf.io.gfile.glob(
        name_for_tensorflow(os.path.join(directory, f"*{INDEX}"))
    ):
        characters = " and ".join(system.PATTERN_CHARACTERS)
        warnings.warn(
            f"TensorFlow reads {characters} in a name as patterns, so its own functions do not "
            f"find the checkpoints in {directory}; gru_addition does",
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

    def check_and_restore(reader, copy):
        for variable in session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES):
            shape, dtype = variable.shape.as_list(), variable.dtype.base_dtype.name
            _check(reader, prefix, variable.op.name, shape, [dtype])
        with session.graph.as_default():
            saver.restore(session, copy)

    _read(Files(prefix), check_and_restore)


def read_weights(files):
    """Return the weights in a checkpoint of our model, arrays by the tutorial's names.

    files: its `Files`. The names of the variables tell the cell.

    Raises `DamagedError` if it can't be read or belongs to another model.
    """

    def check_and_read(reader, copy):
        sizes = reader.get_variable_to_shape_map()
        cell = cell_of(sizes)
        gates = GATES[cell]
        hidden_size = max((sizes.get(f"U{gate}") or [0])[0] for gate in gates)
        if not 1 <= hidden_size <= LARGEST_HIDDEN_SIZE:
            missing = " or ".join(f"U{gate}" for gate in gates)
            raise DamagedError(
                f"{files.name} is not a checkpoint of the tutorial's model: no {missing}, but "
                + brief(", ".join(sorted(sizes)))
            )
        if f"U{gates[0]}_1" in sizes:
            raise DamagedError(
                f"{files.name} holds more than one model (U{gates[0]} and U{gates[0]}_1), so it "
                "is unclear which to read; TensorFlow 1 adds to a graph that is not reset"
            )
        shapes = weight_shapes(hidden_size, cell)
        stored = {name: name for name in shapes} | UNNAMED
        types = reader.get_variable_to_dtype_map()
        floats = [name for name in sizes if types[name].is_floating]
        if others := unused(floats, stored.values()):
            raise DamagedError(
                f"{files.name} holds another network than the tutorial's: its variables "
                f"{brief(', '.join(others))} are not used by the cell {cell}"
            )
        for name, shape in shapes.items():
            _check(reader, files.name, stored[name], list(shape), ["float64", "float32"])
        return {name: reader.get_tensor(where) for name, where in stored.items()}

    weights = _read(files, check_and_read)
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise DamagedError(f"{files.name} is of no use: {name} has numbers that are not finite")
    return weights


def _read(files, use):
    """Copy a checkpoint, and return `use(reader, copy)`: TensorFlow's reader, and the copy's name.

    TensorFlow reads the copy, since it would take some names for patterns, look for other files,
    and follow links. The reader keeps it open until `use` has returned; on Windows, it can't be
    removed before that. Errors in `use` become a `DamagedError`.
    """
    from gru_addition.support.tensorflow1 import tf

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        copy = os.path.join(directory, "copy")
        try:
            for suffix in files.suffixes:
                largest = LARGEST_FOREIGN_INDEX if suffix == INDEX else LARGEST_FILE
                copy_file(f"{files.stem}{suffix}", f"{copy}{suffix}", largest)
        except DamagedError:
            raise
        except OSError as error:
            reason = f"no copy of it can be made in {directory} ({error.strerror})"
            raise OSError(f"{files.name} can't be read: {reason}") from None
        try:
            name = name_for_tensorflow(copy + files.pattern)
            return use(tf.train.load_checkpoint(name), name)
        except DamagedError as error:
            # Its traceback would keep the reader.
            damage = error.with_traceback(None)
        # The reader translates only some of TensorFlow's errors.
        except (tf.errors.OpError, IndexError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0].partition(": perhaps")[0]
            reason = reason.rpartition("DATA_LOSS: ")[2].replace(name, files.name)
            what = "is damaged" if len(files.suffixes) > 1 else "is not a checkpoint, or damaged"
            damage = DamagedError(f"{files.name} {what}: {brief(reason)}")
    raise damage from None


def _check(reader, prefix, name, shape, dtypes):
    # Check before reading, since the shape says how much memory that takes.
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    found = f"{types[name].name} of shape {shapes[name]}" if name in shapes else "missing"
    if found not in [f"{dtype} of shape {shape}" for dtype in dtypes]:
        raise DamagedError(
            f"{prefix} is a checkpoint of another model: {name} must be "
            f"{' or '.join(dtypes)} of shape {shape}, not {found}"
        )
