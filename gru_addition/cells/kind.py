"""What a cell consists of, and the numbers that its NumPy step computes with.

A step is written once for all that a proof computes with: numbers (`PLAIN`), balls of states
(`enclosure.Enclosure`), and bounds of rounding errors (`errors.ErrorBound`). These know `+`, `-`,
`*`, `@` by a matrix, slices, `sigmoid`, `tanh` and `join`, so a formula like that of the cell says
what becomes of each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from gru_addition.model import Cell


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def join(first, second):
    """Put two parts of a state together."""
    return np.concatenate(np.broadcast_arrays(first, second), axis=-1)


PLAIN = SimpleNamespace(sigmoid=sigmoid, tanh=np.tanh, join=join)


@dataclass(frozen=True)
class Kind:
    """A kind of cell.

    layer: its class in TensorFlow, a `gru_addition.model.Cell`.
    step: a function of the states h; what the input adds to each gate, by the gate's letter; the
        weights by name; and the kind of numbers, such as `PLAIN`. It returns the next states.
    largest: what a number in a state is assumed not to exceed when rounding errors are bounded.
    """

    layer: type[Cell]
    step: Callable
    largest: float = 1.1

    @property
    def gates(self):
        """The letters of its gates, in the order of its weights."""
        return "".join(name[1] for name in self.layer.OP_SEEDS if name[0] == "W")

    @property
    def states_per_unit(self):
        """How many numbers in a state belong to each unit."""
        return self.layer.STATES_PER_UNIT

    def weight_shapes(self, hidden_size):
        """The shapes of a network's weights by name, such as `Wr` to `b_output`."""
        kinds = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
        of_cell = {name: kinds[name[0]] for name in self.layer.OP_SEEDS}
        return of_cell | {"W_output": (hidden_size, 1), "b_output": (1,)}
