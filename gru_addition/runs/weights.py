"""A model's weights: their names and shapes, by the letters of its cell's gates.

For each gate a cell has a W, a U and a b: what the input, the state and a bias add to it. The
output layer has two more weights. This module needs no TensorFlow: it serves checkpoint readers,
and cells written in NumPy.
"""

import re

# The letters of the gates, in the order of the weights. Of the tutorial's GRU these are the reset
# gate, the update gate and the candidate.
GATES = {"gru": "rzh", "elman": "h", "lstm": "ifoc"}
# What training keeps beside the weights: an optimizer's numbers for each of them, and counters.
OF_TRAINING = re.compile(
    r"(.*/)?((Adam|Momentum|RMSProp|Adagrad|Adadelta|Ftrl|ExponentialMovingAverage)"
    r"|beta[12]_power|global_step|learning_rate)(_\d+)?"
)


def cell_of(names):
    """The name of the cell that has weights of these names; "gru" if none has."""
    for cell, gates in GATES.items():
        if all(f"U{gate}" in names for gate in gates):
            return cell
    return "gru"


def unused(names, known):
    """The names of variables that a network with the known ones does not use, sorted.

    Reading such a network would be a mistake: it is another cell, which computes something else.
    What training keeps beside the weights does not count.
    """
    return sorted(n for n in names if n not in known and not OF_TRAINING.fullmatch(n))


def weight_shapes(hidden_size, cell="gru"):
    """Return the shapes by name, such as `Wr` to `b_output`."""
    kinds = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
    of_cell = {kind + gate: kinds[kind] for kind in kinds for gate in GATES[cell]}
    return of_cell | {"W_output": (hidden_size, 1), "b_output": (1,)}
