"""A trained network as a function that steps through the columns of a sum, in NumPy.

A column holds one of four pairs of bits. Each sum is a path through the network's states, so to
study all sums is to study one map: from a state to the four that may follow.

    network = Network(run.weights)
    network.settle(network.steps(np.zeros((1, 16))))   # the four states after the first column
"""

from functools import wraps

import numpy as np

from gru_addition.config import RESOLUTIONS, STATES_PER_UNIT
from gru_addition.proof.cells import PLAIN, STEPS, gru_gates
from gru_addition.proof.rounding import Rounded
from gru_addition.runs.weights import GATES, cell_of, unused, weight_shapes
from gru_addition.support.checks import brief, named_arrays, real_array, whole_number

# The pairs of bits that a column may hold, of the operand a and of the operand b.
A = np.array([0, 0, 1, 1])
B = np.array([0, 1, 0, 1])
# More at a time do not fit in the cache, and BLAS would start threads for them.
STATES_AT_A_TIME = 1024
# What a number in a state is assumed not to exceed. What tanh gives is at most 1, but an LSTM's
# memory cell may hold more.
LARGEST_NUMBERS = {"gru": 1.1, "elman": 1.1, "lstm": 100.0}


def ignoring_overflow(function):
    """Let a function take the sigmoid of large numbers, whatever NumPy's error settings."""

    @wraps(function)
    def ignoring(*arguments, **options):
        with np.errstate(over="ignore", under="ignore"):
            return function(*arguments, **options)

    return ignoring


class Network:
    """The network with these weights.

    weights: arrays by name, `Wr` to `b_output`; the names tell the cell. All computation is in
        float64.
    resolution: the state is rounded to multiples of 1 / resolution after every step; None if not.

    cell: its name, such as "gru". hidden_size, state_size: the number of units, and of numbers in
        a state.
    slack: a bound on how far a computed state (in the Euclidean norm) or output may be from the
        exact one, see `step_error`, with room to spare.

    Raises `TypeError` or `ValueError` for weights that do not fit.
    """

    def __init__(self, weights, resolution=None):
        weights = named_arrays("weights", weights)
        self.cell = cell_of(weights)
        hidden = len(real_array("W_output", weights.get("W_output"), "hidden_size", 1))
        if others := unused(weights, weight_shapes(hidden, self.cell)):
            raise ValueError(
                f"weights must be those of the cell {self.cell}, not {brief(', '.join(others))}"
            )
        self.weights = {
            name: real_array(name, weights.get(name), *shape).astype(np.float64)
            for name, shape in weight_shapes(hidden, self.cell).items()
        }
        if resolution is not None:
            resolution = whole_number("resolution", resolution, *RESOLUTIONS)
        self.resolution = resolution
        self.hidden_size, self.state_size = hidden, hidden * STATES_PER_UNIT[self.cell]
        dtype = np.result_type(np.asarray(weights["W_output"]).dtype, np.float32)
        self.slack = max(1e-9, 4 * step_error(self.weights, np.finfo(dtype).eps))
        # The output layer reads the units, which come first in a state.
        self.readout = np.pad(self.weights["W_output"], [(0, self.state_size - hidden), (0, 0)])
        columns = np.stack([A, B], axis=1)
        # What the bits of a column add to each gate, (4, hidden_size).
        self.from_input = {
            gate: columns @ self.weights["W" + gate] + self.weights["b" + gate]
            for gate in GATES[self.cell]
        }

    @ignoring_overflow
    def steps(self, h):
        """The states that follow h, (n, state_size), for each pair of bits, not yet rounded.

        Returns (n, 4, state_size), the pairs in the order of `A` and `B`.
        """
        pieces = range(0, len(h), STATES_AT_A_TIME)
        return np.concatenate([self._steps(h[i : i + STATES_AT_A_TIME]) for i in pieces])

    def _steps(self, h):
        return self.step_from(h[:, np.newaxis], PLAIN)

    def step_from(self, h, kind):
        """One step from h, (n, 1, state_size), for each pair of bits, for any kind of numbers."""
        return STEPS[self.cell](h, self.from_input, self.weights, kind)

    @ignoring_overflow
    def gates(self, h):
        """The gates z_t, r_t and the candidate state h~_t on the way to each of the `steps` from h.

        Only a GRU has them. h: (n, hidden_size). Each of the three has shape (n, 4, hidden_size).
        """
        return gru_gates(h[:, np.newaxis], self.from_input, self.weights)

    def settle(self, h):
        """States as the network keeps them: rounded, if it rounds them."""
        return h if self.resolution is None else np.round(h * self.resolution) / self.resolution

    @ignoring_overflow
    def output(self, h):
        """The output for states of shape (..., state_size): (...), above 0.5 for a one."""
        return h @ self.readout[:, 0] + self.weights["b_output"][0]


def step_error(weights, epsilon):
    """Bound how far one step, computed in floating point, may be from the exact one.

    epsilon: twice the largest relative error of an operation. Returns a bound on the Euclidean norm
    of a state's error and on the error of an output; see `rounding.Rounded`. It holds if no number
    in the state before is above `LARGEST_NUMBERS`. A rounded state may be off by 2 epsilon before
    the step.
    """
    cell, hidden = cell_of(weights), len(weights["W_output"])
    largest = np.full(hidden * STATES_PER_UNIT[cell], LARGEST_NUMBERS[cell])
    h = Rounded(largest, 2 * epsilon * largest, epsilon, (hidden + 6) * epsilon)
    x = {
        gate: abs(weights["W" + gate]).sum(axis=0) + abs(weights["b" + gate])
        for gate in GATES[cell]
    }
    output = h[..., :hidden] @ weights["W_output"] + abs(weights["b_output"])
    return float(max(np.linalg.norm(STEPS[cell](h, x, weights, Rounded).errors), *output.errors))
