"""What a cell consists of, and the functions of which its NumPy step is made.

A step is written once for all that a proof computes with: arrays, balls of states
(`enclosure.Enclosure`), and bounds of rounding errors (`errors.ErrorBound`). All know `+`, `-`,
`*`, `@` by a matrix, and slices; `sigmoid`, `tanh` and `join` leave to the latter two what becomes
of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gru_addition.model import Cell


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    if hasattr(x, "sigmoid"):
        return x.sigmoid()
    # Where exp(-x) is too large for a number, the sigmoid is zero.
    with np.errstate(over="ignore", under="ignore"):
        return 1 / (1 + np.exp(-x))


def tanh(x):
    """The hyperbolic tangent."""
    return x.tanh() if hasattr(x, "tanh") else np.tanh(x)


def join(first, second):
    """Put two parts of a state together."""
    if hasattr(first, "join"):
        return first.join(second)
    return np.concatenate(np.broadcast_arrays(first, second), axis=-1)


@dataclass(frozen=True)
class Kind:
    """A kind of cell.

    layer: its class in TensorFlow, a `gru_addition.model.Cell`.
    step: a function of the states h; what the input adds to each gate, by the gate's letter; and
        the weights by name. It returns the next states.
    largest: what a number in a state is assumed not to exceed when rounding errors are bounded.
    largest_read: the same for the numbers that the output layer reads, which come first.
    """

    layer: type[Cell]
    step: Callable
    largest: float = 1.1
    largest_read: float = 1.1

    @property
    def gates(self):
        """The letters of its gates, in the order of its weights."""
        return "".join(name[1] for name in self.layer.OP_SEEDS if name[0] == "W")

    def weight_shapes(self, hidden_size):
        """The shapes of a network's weights by name, such as `Wr` to `b_output`."""
        kinds = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
        of_cell = {name: kinds[name[0]] for name in self.layer.OP_SEEDS}
        return of_cell | {"W_output": (hidden_size, 1), "b_output": (1,)}
