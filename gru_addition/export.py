"""Export a trained network as a SavedModel, which TensorFlow 2 serves without this package.

    python -m gru_addition.export runs/saved_model

Its signature takes the operands' bits, x, and returns the sum's bits, y, as numbers near 0 and 1.
Here it adds 1 and 3:

    served = tf.saved_model.load("runs/saved_model").signatures["serving_default"]
    served(x=tf.constant([[[1, 1], [0, 1], [0, 0]]], tf.float64))["y"]

Keras 3 runs it as `keras.layers.TFSMLayer("runs/saved_model", call_endpoint="serving_default",
dtype="float64")`; without the type it would feed float32.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from gru_addition.proof.network import A, B, Network
from gru_addition.runs.variables import run_save, writing
from gru_addition.support import system
from gru_addition.support.checks import brief
from gru_addition.support.files import directories_made, name_for_tensorflow
from gru_addition.support.signals import put_off


def export(weights, directory, overwrite=False, resolution=None):
    """Write a network as a SavedModel.

    weights: arrays by name, `Wr` to `b_output`, such as `Run.weights`.
    directory: where to write it.
    overwrite: whether to replace a SavedModel there, with everything in its directory. A kill
        in between may leave the old one in a directory named `.exporting-...` beside it.
    resolution: as for `gru_addition.add.Adder.from_weights`.

    The signature `serving_default` takes x of shape `(batch, time, 2)`, least significant bit
    first, and returns y of shape `(batch, time, 1)`, both of the weights' type. To serve it on a
    GPU, call `tf.config.experimental.enable_tensor_float_32_execution(False)`: otherwise the GPU
    may shorten float32 numbers, which no proof allows for.

    Raises `ValueError` if the directory exists and may not be replaced, the errors of
    `AdditionModel.for_weights`, and `OSError` if the SavedModel can't be written, does not load, or
    computes a different output.
    """
    from gru_addition.engines.graphs import undisturbed

    target = check_target(directory, overwrite)
    network = Network(weights, resolution)
    try:
        with (
            directories_made(target.parent),
            tempfile.TemporaryDirectory(prefix=".exporting-", dir=target.parent) as temporary,
        ):
            # It has its final name from the start: TensorFlow can write under some names that it
            # can't read.
            new, old = Path(temporary, "new", target.name), Path(temporary, "old")
            new.parent.mkdir()
            with writing():
                undisturbed(_write, weights, resolution, new)
            # The names of the directories above it matter only if they are given.
            is_relative = not Path(directory).anchor
            as_given = os.path.relpath(new) if is_relative else new
            undisturbed(_check_loads, as_given, network)
            with put_off():
                _exchange(target, new, old, overwrite)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"the network can't be exported to {target}: {reason}") from None


def _exchange(target, new, old, overwrite):
    """Move `target`, if it may be replaced, to `old`, and `new` to `target`; undo it on failure."""
    if overwrite and target.exists():
        system.replace(target, old)
    try:
        system.replace(new, target)
    except OSError:
        if old.exists():
            system.replace(old, target)
        raise


def check_target(directory, overwrite):
    """Return the path if it may be made or replaced; raise `ValueError` if not."""
    message = f"directory must be new, or with overwrite a SavedModel, not {brief(directory)}"
    try:
        if not os.fspath(directory):
            raise ValueError("it has no name")
        name_for_tensorflow(directory)
        target = Path(directory).absolute()
        name_for_tensorflow(target)
        is_there = bool(os.lstat(target))
    except FileNotFoundError:
        is_there = False
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{message}: {reason}") from None
    is_saved_model = (target / "saved_model.pb").is_file() and not target.is_symlink()
    if is_there and not (overwrite and is_saved_model):
        raise ValueError(message)
    return target


def _write(weights, resolution, directory):
    from gru_addition.engines.graphs import open_session
    from gru_addition.support.tensorflow1 import tf, without_log
    from gru_addition.variants import trained_model

    class Saver(tf.train.Saver):
        def save(self, session, name, **options):
            run_save(self, session, name)

    with tf.Graph().as_default() as graph, open_session(graph) as session, without_log():
        model, trained = trained_model(weights, resolution)
        session.run(tf.global_variables_initializer(), trained)
        output = model.output_of(model.gru.h_t)
        signature = tf.saved_model.predict_signature_def(
            {"x": model.gru.input_layer}, {"y": output}
        )
        builder = tf.saved_model.Builder(name_for_tensorflow(directory))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, saver=Saver()
        )
        builder.save()


def _check_loads(directory, network):
    """Raise `OSError` unless TensorFlow loads a SavedModel that computes what `network` does."""
    from gru_addition.engines.graphs import open_session
    from gru_addition.support.tensorflow1 import tf, without_log

    pairs = np.stack([A, B], axis=1)[:, np.newaxis]
    try:
        with tf.Graph().as_default() as graph, open_session(graph) as session, without_log():
            loaded = tf.saved_model.load(session, ["serve"], name_for_tensorflow(directory))
            signature = loaded.signature_def["serving_default"]
            feed = {signature.inputs["x"].name: pairs}
            y = session.run(signature.outputs["y"].name, feed)
    except (OSError, ValueError, tf.errors.OpError) as error:
        reason = brief(str(error))
        if set(system.PATTERN_CHARACTERS) & set(str(directory)):
            characters = " and ".join(system.PATTERN_CHARACTERS)
            reason = f"it reads {characters} in a name as patterns, and does not find what is there"
        raise OSError(f"TensorFlow can't load it from there: {reason}") from None
    h_t = network.settle(network.steps(np.zeros((1, network.state_size))))
    off = abs(y[:, 0, 0] - network.output(h_t)[0]).max()
    if not off <= network.slack:
        raise OSError(f"what TensorFlow loads from there is off by {off:.1g}")


if __name__ == "__main__":
    from gru_addition.commands.export import main
    from gru_addition.support import xla

    xla.prepare_process()
    raise SystemExit(main())
