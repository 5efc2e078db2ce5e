"""A trained network as a function that steps through the columns of a sum, in NumPy.

A column holds one of four pairs of bits. Each sum is a path through the network's states, so to
study all sums is to study one map: from a state to the four that may follow.

    network = Network(run.weights)
    network.settle(network.steps(np.zeros((1, 16))))   # the four states after the first column
"""

import numpy as np

from gru_addition.cells import gru
from gru_addition.cells.enclosure import Enclosure
from gru_addition.cells.errors import ErrorBound
from gru_addition.cells.weights import CELLS, checked_weights
from gru_addition.config import check_setting

# The pairs of bits that a column may hold, of the operand a and of the operand b.
A = np.array([0, 0, 1, 1])
B = np.array([0, 1, 0, 1])
# More at a time do not fit in the cache, and BLAS would start threads for them.
STATES_AT_A_TIME = 1024


class Network:
    """The network with these weights.

    weights: arrays by name, `Wr` to `b_output`; the names tell the cell. All computation is in
        float64.
    resolution: the state is rounded to multiples of 1 / resolution after every step; None if not.

    cell: its name, such as "gru".
    hidden_size, state_size: the number of units, and of numbers in a state.
    slack: a bound, with room to spare, on how far a computed state or output may be from the exact
        one; see `step_error`.

    Raises `TypeError` or `ValueError` for weights that do not fit.
    """

    def __init__(self, weights, resolution=None):
        self.cell, arrays = checked_weights(weights)
        self.kind = CELLS[self.cell]
        self.weights = {name: array.astype(np.float64) for name, array in arrays.items()}
        self.resolution = None if resolution is None else check_setting("resolution", resolution)
        hidden = self.hidden_size = len(arrays["W_output"])
        self.state_size = hidden * self.kind.layer.STATES_PER_UNIT
        dtype = np.result_type(arrays["W_output"].dtype, np.float32)
        self.slack = max(1e-9, 4 * step_error(self.kind, self.weights, np.finfo(dtype).eps))
        # The output layer reads the units, which come first in a state.
        self.readout = np.pad(self.weights["W_output"], [(0, self.state_size - hidden), (0, 0)])
        columns, w = np.stack([A, B], axis=1), self.weights
        # What the bits of a column add to each gate, (4, hidden_size).
        self.from_input = {g: columns @ w["W" + g] + w["b" + g] for g in self.kind.gates}

    def steps(self, h):
        """The states that follow h, (n, state_size), for each pair of bits, not yet rounded.

        Returns (n, 4, state_size), the pairs in the order of `A` and `B`.
        """
        pieces = range(0, len(h), STATES_AT_A_TIME)
        return np.concatenate(
            [self.step_from(h[i : i + STATES_AT_A_TIME, np.newaxis]) for i in pieces]
        )

    def step_from(self, h):
        """One step for each pair of bits from h, (n, 1, state_size), an array or an `Enclosure`."""
        return self.kind.step(h, self.from_input, self.weights)

    def jacobians(self, states):
        """The Jacobians of the steps from states, (n, state_size).

        Returns (4 n, state_size, state_size).
        """
        points = Enclosure.ball(states, np.zeros(len(states)))
        return self.step_from(points).slopes.reshape(-1, *2 * [self.state_size])

    def gates(self, h):
        """The gates z_t, r_t and the candidate state h~_t on the way to each of the `steps` from h.

        Only a GRU has them. h: (n, hidden_size). Each of the three has shape (n, 4, hidden_size).
        """
        return gru.gates(h[:, np.newaxis], self.from_input, self.weights)

    def settle(self, h):
        """States as the network keeps them: rounded, if it rounds them."""
        return h if self.resolution is None else np.round(h * self.resolution) / self.resolution

    def output(self, h):
        """The output for states of shape (..., state_size): (...), above 0.5 for a one."""
        return h @ self.readout[:, 0] + self.weights["b_output"][0]


def step_error(kind, weights, epsilon):
    """Bound how far one step, computed in floating point, may be from the exact one.

    kind: that of the cell. epsilon: twice the largest relative error of an operation.

    Returns a bound on the Euclidean norm of a state's error and on the error of an output. It holds
    if no number in the state before is above the kind's `largest`, or its `largest_read`. A rounded
    state may be off by 2 epsilon before the step.
    """
    hidden = len(weights["W_output"])
    largest = np.full(hidden * kind.layer.STATES_PER_UNIT, kind.largest)
    largest[:hidden] = kind.largest_read
    h = ErrorBound(largest, 2 * epsilon * largest, epsilon, (hidden + 6) * epsilon)
    x = {g: abs(weights["W" + g]).sum(axis=0) + abs(weights["b" + g]) for g in kind.gates}
    output = h[..., :hidden] @ weights["W_output"] + abs(weights["b_output"])
    return float(max(np.linalg.norm(kind.step(h, x, weights).errors), *output.errors))
