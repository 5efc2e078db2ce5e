"""Whose weights they are: the cells by name, and a network's weights wherever it is stored.

The names of the weights tell the cell. What a cell would not use is refused: a reader that ignores
it would see another network, which may be right where this one is wrong.
"""

import json
import os
import re
from pathlib import Path

import numpy as np

from gru_addition.cells import elman, gru, gru_reset_after, lstm
from gru_addition.config import check_setting
from gru_addition.runs import saver
from gru_addition.runs.state import is_run, read_state
from gru_addition.support.checks import brief, one_of, real_array
from gru_addition.support.files import DamagedError

CELLS = {
    "gru": gru.KIND,
    "elman": elman.KIND,
    "lstm": lstm.KIND,
    "gru_reset_after": gru_reset_after.KIND,
}
# TensorFlow's names for the variables that the tutorial leaves unnamed.
UNNAMED = {"W_output": "Variable", "b_output": "Variable_1"}
# What training keeps beside the weights: an optimizer's numbers for each of them, and counters.
OF_TRAINING = re.compile(
    r"(.*/)?((Adam|Momentum|RMSProp|Adagrad|Adadelta|Ftrl|ExponentialMovingAverage)"
    r"|beta[12]_power|global_step|learning_rate)(_\d+)?"
)


def kind_named(name):
    """The `Kind` of cell of that name; raise `ValueError` if there is none."""
    return CELLS[one_of("cell", name, CELLS)]


def cell_of(weights):
    """The name of the cell that has weights of just these names.

    Raises `TypeError` if `weights` is not a mapping, and `ValueError` if no cell has them.
    """
    expected = {cell: {*kind.weight_shapes(1)} for cell, kind in CELLS.items()}
    names = {*weights}
    cell = min(expected, key=lambda cell: len(expected[cell] ^ names))
    missing, unused = sorted(expected[cell] - names), sorted(names - expected[cell])
    if missing or unused:
        lacks = f" without {', '.join(missing)}" if missing else ""
        has = f" with {', '.join(unused)}" if unused else ""
        raise ValueError(
            f"weights must be those of {' or '.join(CELLS)}, not of {cell}{lacks}{has}"
        )
    return cell


def checked_weights(weights):
    """Return the name of a network's cell, and its weights as arrays.

    weights: arrays by name, `Wr` to `b_output`. Raises `TypeError` if it is not a mapping, and
    `ValueError` for names, shapes or values that are not those of a network.
    """
    cell = cell_of(weights)
    hidden = len(real_array("W_output", weights["W_output"], "hidden_size", 1))
    shapes = CELLS[cell].weight_shapes(hidden)
    return cell, {name: real_array(name, weights[name], *shape) for name, shape in shapes.items()}


def load_network(path, resolution=None):
    """Return weights by the tutorial's names, and the state's resolution, or None if not rounded.

    path: the directory of a run, its `run.npz`, a `.json` that the laboratory wrote, a checkpoint
        of the tutorial's model (see `gru_addition.runs.saver`), or a `.keras` or an `.npz` of a
        network that was trained elsewhere (see `gru_addition.cells.frameworks`).
    resolution: int, returned instead of the run's.

    Raises `FileNotFoundError` if there is none, and `DamagedError` for one that can't be read or
    holds another model.
    """
    # It imports this module.
    from gru_addition.cells import frameworks

    name = os.fsdecode(path)
    if name.endswith(".json"):
        weights, saved = _read_json(path)
    elif is_run(path):
        state = read_state(path)
        weights, saved = weights_of(state.variables, path), state.config.resolution
    elif name.endswith(".keras") or (name.endswith(".npz") and os.path.isfile(path)):
        weights, saved = frameworks.read(path), None
    else:
        weights = weights_of(saver.read_variables(path), path)
        # A checkpoint does not say it, but the run that it belongs to does.
        beside = os.path.dirname(os.fspath(path)) or "."
        saved = read_state(beside).config.resolution if is_run(beside) else None
    return weights, saved if resolution is None else resolution


def _read_json(path):
    """The weights and the resolution of a network that was trained in the laboratory."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        _, weights = checked_weights(
            {name: np.array(values, float) for name, values in content["weights"].items()}
        )
        return weights, check_setting("resolution", content["resolution"])
    except OSError:
        raise
    except Exception as error:  # What does not look like it fails in many ways.
        raise DamagedError(f"{path} holds no network: {brief(str(error))}") from None


def weights_of(variables, path):
    """Return a network's weights by the tutorial's names; raise `DamagedError` if they are none.

    variables: arrays by TensorFlow's names. path: where they were found.
    """
    ours = {stored: name for name, stored in UNNAMED.items()}
    weights = {
        ours.get(name, name): variable
        for name, variable in variables.items()
        if not OF_TRAINING.fullmatch(name)
    }
    try:
        return checked_weights(weights)[1]
    except ValueError as error:
        raise DamagedError(f"{path} holds another model: {error}") from None
