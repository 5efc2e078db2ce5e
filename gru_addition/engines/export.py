"""Export a trained network as a SavedModel, which TensorFlow 2 serves without this package.

    python -m gru_addition export runs/saved_model

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

from gru_addition.cells.models import trained_model
from gru_addition.engines.graphs import open_session, undisturbed
from gru_addition.support import tf
from gru_addition.support.checks import brief
from gru_addition.support.process import without_log


def export(weights, directory, overwrite=False, resolution=None):
    """Write a network as a SavedModel.

    weights: arrays by name, `Wr` to `b_output`, such as `Run.weights`.
    directory: where to write it.
    overwrite: whether to replace a SavedModel there, with everything in its directory.
    resolution: as for `gru_addition.add.Adder.from_weights`.

    The signature `serving_default` takes x of shape `(batch, time, 2)`, least significant bit
    first, and returns y of shape `(batch, time, 1)`, both of the weights' type. To serve it on a
    GPU, call `tf.config.experimental.enable_tensor_float_32_execution(False)`: otherwise the GPU
    may shorten float32 numbers, which no proof allows for.

    Raises `ValueError` if the directory exists and may not be replaced, the errors of
    `AdditionModel.for_weights`, and `OSError` if the SavedModel can't be written.
    """
    target = check_target(directory, overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".exporting-", dir=target.parent) as temporary:
            new, old = Path(temporary, "new"), Path(temporary, "old")
            undisturbed(_write, weights, resolution, str(new))
            # TensorFlow makes directories that only their owner may write to, whatever the umask.
            old.mkdir()
            for made in new, new / "variables":
                made.chmod(old.stat().st_mode)
            old.rmdir()
            if target.exists():
                os.replace(target, old)
            try:
                os.replace(new, target)
            except BaseException:
                # Otherwise the old model would go with the temporary directory.
                if old.exists():
                    os.replace(old, target)
                raise
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or brief(str(error))
        raise OSError(f"the network can't be exported to {target}: {reason}") from None


def check_target(directory, overwrite):
    """Return the path if it may be made or replaced; raise `ValueError` if not."""
    target = Path(directory).absolute()
    if target.exists() and not (overwrite and (target / "saved_model.pb").is_file()):
        raise ValueError(
            f"directory must be new, or with overwrite a SavedModel, not {brief(directory)}"
        )
    return target


def _write(weights, resolution, directory):
    with tf.Graph().as_default() as graph, open_session(graph) as session, without_log():
        model, trained = trained_model(weights, resolution)
        session.run(tf.global_variables_initializer(), trained)
        output = model.output_of(model.gru.h_t)
        signature = tf.saved_model.predict_signature_def(
            {"x": model.gru.input_layer}, {"y": output}
        )
        builder = tf.saved_model.Builder(directory)
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
