"""Networks that were trained in Keras or in PyTorch: their weights by our names.

    Adder.from_weights(model)                          a Keras model
    Adder.from_weights(model.state_dict())             of a PyTorch model

Both keep the weights of all gates of a layer in one array, side by side in an order of their own,
PyTorch transposed. Their update gate is the share of the state that stays, our 1 - z, so its
weights change sign. Where a gate has two biases, ours is their sum, rounded once. The prover's
slack, at least four times its bound on rounding errors, has room for that, unless the two nearly
cancel.
"""

import json
import os
import re
import warnings
import zipfile

import numpy as np

from gru_addition.cells.kind import sigmoid
from gru_addition.cells.network import Network
from gru_addition.cells.weights import checked_weights
from gru_addition.support import tf
from gru_addition.support.checks import brief, number, real_array
from gru_addition.support.files import DamagedError, read_arrays
from gru_addition.support.process import quiet, without_log

# The gates of a layer, in the order of its arrays.
OF_KERAS = {"SimpleRNN": "h", "GRU": "zrh", "LSTM": "ifco"}
# The same by the number of the gates: nn.RNN, nn.GRU and nn.LSTM.
OF_TORCH = {1: "h", 3: "rzh", 4: "ifco"}
# What the layers of a Keras model must be set to, if they have such a setting.
TYPES = ["float32", "float64"]
OF_LAYER = {
    "return_sequences": [True], "go_backwards": [False], "activation": ["tanh"],
    "recurrent_activation": ["sigmoid"], "dtype": TYPES,
}  # fmt: skip
OF_READOUT = {"units": [1], "activation": ["linear", "sigmoid"], "dtype": TYPES}
FIRST = "weight_ih_l0"
KERAS_MUST = "a Keras model must be SimpleRNN, GRU or LSTM, and behind it Dense"
# What a file may have Keras make, and where such classes are found, besides parts of layers.
CLASSES = {*OF_KERAS, "Dense", "TimeDistributed", "InputLayer", "Sequential", "Functional"}
CLASSES |= {"DTypePolicy", "__keras_tensor__"}
PARTS = "keras.initializers", "keras.regularizers", "keras.constraints"
# A Keras model is asked for so many sums, of so many columns.
SUMS, COLUMNS = 64, 3


def as_ours(weights):
    """Return arrays by our names for a Keras model or a PyTorch `state_dict`.

    Anything else is returned as it is. Raises `ValueError` for a network of no known kind.
    """
    if hasattr(weights, "layers"):
        return from_keras(weights)
    return from_torch(weights) if any(f"{name}".endswith(FIRST) for name in weights) else weights


def from_torch(state_dict, threshold=0.5):
    """Return the weights of an `nn.RNN`, `nn.GRU` or `nn.LSTM` and an `nn.Linear(hidden_size, 1)`.

    state_dict: the arrays or tensors by PyTorch's names, whatever the layers are called. It may
        hold a threshold, by that name.
    threshold: an output above it means a one; 0 if a sigmoid follows, or if the loss has one.

    A `state_dict` does not tell an `nn.RNN` with relu from one with tanh, nor whether something
    without weights stands between the layers. Raises `ValueError` for other layers.
    """
    arrays = {name: np.asarray(array) for name, array in state_dict.items()}
    threshold = np.asarray(arrays.pop("threshold", threshold)).item()
    threshold = number("threshold", threshold, -1e6, 1e6)
    found = [name for name in arrays if name.endswith(FIRST)]
    if len(found) != 1:
        raise ValueError(
            f"a PyTorch network must have one {FIRST}, not {', '.join(found) or brief([*arrays])}"
        )
    prefix = found[0].removesuffix(FIRST)
    layer = re.compile(rf"{re.escape(prefix)}(weight|bias)_(ih|hh|hr)_l\d+(_reverse)?")
    of_layer = {name: arrays.pop(name) for name in [*arrays] if layer.fullmatch(name)}
    for part, what in {"_reverse": "bidirectional", "_l1": "stacked", "_hr_": "projected"}.items():
        if any(part in name.removeprefix(prefix) for name in of_layer):
            raise ValueError(f"a PyTorch network must not be {what}, and {prefix}* is")

    def matrix(name, columns):
        return real_array(name, of_layer.get(name), "gates * hidden_size", columns).T

    kernel = matrix(found[0], "inputs")
    recurrent = matrix(f"{prefix}weight_hh_l0", "hidden_size")
    hidden, rows = recurrent.shape
    readouts = [name for name, array in arrays.items() if array.shape == (1, hidden)]
    if rows / hidden not in OF_TORCH or not readouts:
        raise ValueError(
            "a PyTorch network must be nn.RNN, nn.GRU or nn.LSTM, and a read-out nn.Linear("
            f"{hidden}, 1)"
        )
    readout = arrays.pop(readouts[0])
    zeros = np.zeros_like(recurrent[0])
    bias = arrays.pop(f"{readouts[0].removesuffix('weight')}bias", zeros[:1])
    if arrays:
        raise ValueError(f"a PyTorch network must have no more layers, not {', '.join(arrays)}")
    names = [f"{prefix}bias_{kind}_l0" for kind in ("ih", "hh")]
    biases = np.stack([of_layer.get(name, zeros) for name in names])
    return _ours(OF_TORCH[rows / hidden], kernel, recurrent, biases, readout.T, bias, threshold)


def from_keras(model):
    """Return the weights of a Keras model: `SimpleRNN`, `GRU` or `LSTM`, and `Dense(1)`.

    If `Dense` has a sigmoid, an output means a one if what the sigmoid is applied to is above 0.
    Raises `ValueError` for other layers or settings, and if the model does not answer likewise.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ValueError(f"{KERAS_MUST}, not {type(model).__name__}")
    # Unlike the layers, the operations are all that a functional model does.
    layers = [*getattr(model, "operations", model.layers)]
    layers = [layer for layer in layers if type(layer) is not keras.layers.InputLayer]
    names = ", ".join(type(layer).__name__ for layer in layers)
    if layers and type(wrapper := layers[-1]) is keras.layers.TimeDistributed:
        layers[-1] = wrapper.layer
        _check_settings(wrapper, {"dtype": [wrapper.layer.dtype_policy.name]})
    expected = [[getattr(keras.layers, name) for name in OF_KERAS], [keras.layers.Dense]]
    if len(layers) != 2 or any(type(layer) not in expected[i] for i, layer in enumerate(layers)):
        raise ValueError(f"{KERAS_MUST}, not {names}")
    for layer, settings in zip(layers, (OF_LAYER, OF_READOUT), strict=True):
        _check_settings(layer, settings)
    layer, dense = layers

    def array(variable, *shape):
        found = np.zeros(shape, layer.dtype) if variable is None else np.asarray(variable)
        return found.reshape(shape)

    order, hidden = OF_KERAS[type(layer).__name__], layer.units
    biases = 2 if getattr(layer, "reset_after", False) else 1, len(order) * hidden
    has_sigmoid = dense.activation is keras.activations.sigmoid
    weights = _ours(
        order,
        array(layer.cell.kernel, -1, len(order) * hidden),
        array(layer.cell.recurrent_kernel, hidden, len(order) * hidden),
        array(layer.cell.bias, *biases),
        array(dense.kernel, hidden, 1),
        array(dense.bias, 1),
        0.0 if has_sigmoid else 0.5,
    )
    if not layer.stateful:
        _check_answers(model, Network(weights), has_sigmoid)
    return weights


def _check_settings(layer, settings):
    """Raise `ValueError` unless a Keras layer is built, and set like this."""
    name, config = type(layer).__name__, layer.get_config()
    if not layer.built:
        raise ValueError(f"{name} must be built before it has weights")
    config["dtype"] = layer.dtype_policy.name
    for setting, allowed in settings.items():
        if setting in config and config[setting] not in allowed:
            wanted = " or ".join(map(str, allowed))
            raise ValueError(f"{setting} of {name} must be {wanted}, not {brief(config[setting])}")


def _check_answers(model, network, has_sigmoid):
    """Raise `ValueError` unless a Keras model answers short sums like a network."""
    import keras

    # It may have a fixed number of sums, and of columns.
    allowed = getattr(model, "input_shape", 3 * (None,))
    if len(allowed) != 3:
        raise ValueError(f"{KERAS_MUST}, with one input, not {len(allowed)}")
    shape = [size or usual for size, usual in zip(allowed, (SUMS, COLUMNS, 2), strict=True)]
    x = np.random.RandomState(0).randint(0, 2, shape)
    answers = keras.ops.convert_to_numpy(model(x.astype("float32"), training=False))
    h = np.zeros((len(x), network.state_size))
    for column in range(min(COLUMNS, shape[1])):
        h = network.steps(h)[np.arange(len(h)), x[:, column] @ [2, 1]]
        output = network.output(h)
        expected = sigmoid(output - 0.5) if has_sigmoid else output
        if not np.allclose(answers[:, column, 0], expected, rtol=1e-3, atol=1e-3):
            raise ValueError(f"{KERAS_MUST}, and this one answers otherwise than its layers do")


def _ours(order, kernel, recurrent, biases, readout, bias, threshold):
    """The weights by our names.

    order: the letters of the gates that stand side by side in kernel, (2, gates * hidden_size), in
        recurrent, (hidden_size, gates * hidden_size), and in biases, (1 or 2, gates * hidden_size).
    readout, bias: (hidden_size, 1) and (1,); what they give means a one if it is above threshold.
    """
    types = {array.dtype.name for array in (kernel, recurrent, biases, readout, bias)}
    if len(types) > 1 or not types <= {*TYPES}:
        raise ValueError(f"weights must all be float32 or float64, not {', '.join(sorted(types))}")
    if len(kernel) != 2:
        raise ValueError(f"a network must read two bits in each column, not {len(kernel)}")
    of_kinds = {"W": kernel, "U": recurrent, "b": biases.sum(axis=0)}
    weights = {
        kind + gate: part
        for kind, array in of_kinds.items()
        for gate, part in zip(order, np.split(array, len(order), axis=-1), strict=True)
    }
    if "r" in order:
        weights |= {kind + "z": -weights[kind + "z"] for kind in of_kinds}
        if len(biases) == 2:
            weights["bh"], weights["bu"] = np.split(biases, len(order), axis=-1)[order.index("h")]
    return weights | {"W_output": readout, "b_output": bias + bias.dtype.type(0.5 - threshold)}


def read(path):
    """Return our weights for a `.keras` file, or for a `state_dict` in an `.npz`.

    Before Keras makes anything of a file, the names of all classes in it are checked. Raises
    `OSError` if it can't be read, and `DamagedError` if it is no such network.
    """
    is_keras = os.fsdecode(path).endswith(".keras")
    found = _load_keras(path) if is_keras else read_arrays(path)
    try:
        return checked_weights((from_keras if is_keras else from_torch)(found))[1]
    except (TypeError, ValueError) as error:
        raise DamagedError(f"{path} holds another model: {error}") from None


def _load_keras(path):
    try:
        others = _other_classes(path)
    except OSError:
        raise
    except Exception as error:  # What does not look like it fails in many ways.
        raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None
    if others:
        raise DamagedError(f"{path} holds another model: {KERAS_MUST}, not {', '.join(others)}")
    # The first use imports TensorFlow, after the checks of the environment.
    tf.executing_eagerly()
    with warnings.catch_warnings(), without_log(), quiet():
        warnings.simplefilter("ignore")
        import keras

        try:
            return keras.saving.load_model(path, compile=False)
        except Exception as error:  # If it left this block, it would let out what is held back.
            reason = brief(str(error))
    raise DamagedError(f"{path} is damaged: {reason}")


def _other_classes(path):
    """The names of the classes in a `.keras` file that are not known."""
    parts = []
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json")) | {"compile_config": None}
    json.loads(json.dumps(config), object_hook=parts.append)
    named = [(part["class_name"], part.get("module")) for part in parts if "class_name" in part]
    return [
        brief(name).strip("'")
        for name, module in named
        if module not in PARTS
        and not (name in CLASSES and (module or "keras").split(".")[0] == "keras")
    ]
