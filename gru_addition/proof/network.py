"""A trained network as a function that steps through the columns of a sum, in NumPy.

A column holds one of four pairs of bits. Each sum is a path through the network's states, so to
study all sums is to study one map: from a state to the four that may follow.

    network = Network(run.weights)
    network.settle(network.steps(np.zeros((1, 16))))   # the four states after the first column
"""

from functools import wraps

import numpy as np

from gru_addition.config import RESOLUTIONS
from gru_addition.runs.weights import GRU_GATES, weight_shapes
from gru_addition.support.checks import named_arrays, real_array, whole_number

# The pairs of bits that a column may hold, of the operand a and of the operand b.
A = np.array([0, 0, 1, 1])
B = np.array([0, 1, 0, 1])
# More at a time do not fit in the cache, and BLAS would start threads for them.
STATES_AT_A_TIME = 1024


def ignoring_overflow(function):
    """Let a function take the sigmoid of large numbers, whatever NumPy's error settings."""

    @wraps(function)
    def ignoring(*arguments, **options):
        with np.errstate(over="ignore", under="ignore"):
            return function(*arguments, **options)

    return ignoring


class Network:
    """The network with these weights.

    weights: arrays by name, `Wr` to `b_output`. All computation is in float64.
    resolution: the state is rounded to multiples of 1 / resolution after every step; None if not.

    slack: a bound on how far a computed state (in the Euclidean norm) or output may be from the
        exact one, see `step_error`, with room to spare.

    Raises `TypeError` or `ValueError` for weights that do not fit.
    """

    GATES = GRU_GATES

    def __init__(self, weights, resolution=None):
        weights = named_arrays("weights", weights)
        hidden = len(real_array("W_output", weights.get("W_output"), "hidden_size", 1))
        self.weights = {
            name: real_array(name, weights.get(name), *shape).astype(np.float64)
            for name, shape in weight_shapes(hidden, self.GATES).items()
        }
        if resolution is not None:
            resolution = whole_number("resolution", resolution, *RESOLUTIONS)
        self.resolution = resolution
        self.hidden_size = hidden
        dtype = np.result_type(np.asarray(weights["W_output"]).dtype, np.float32)
        self.slack = max(1e-9, 4 * step_error(self.weights, np.finfo(dtype).eps))
        columns = np.stack([A, B], axis=1)
        # What the bits of a column add to each gate, (4, hidden_size).
        self.from_input = {
            gate: columns @ self.weights["W" + gate] + self.weights["b" + gate]
            for gate in self.GATES
        }

    @ignoring_overflow
    def steps(self, h):
        """The states that follow h, (n, hidden_size), for each pair of bits, not yet rounded.

        Returns (n, 4, hidden_size), the pairs in the order of `A` and `B`.
        """
        pieces = range(0, len(h), STATES_AT_A_TIME)
        return np.concatenate([self._steps(h[i : i + STATES_AT_A_TIME]) for i in pieces])

    def _steps(self, h):
        z, _, proposal = self.gates(h)
        return (1 - z) * h[:, np.newaxis] + z * proposal

    @ignoring_overflow
    def gates(self, h):
        """The gates z_t and r_t and the proposal h~_t on the way to each of the `steps` from h.

        h: (n, hidden_size). Each of the three has shape (n, 4, hidden_size).
        """

        def gate(name):
            return sigmoid((h @ self.weights["U" + name])[:, np.newaxis] + self.from_input[name])

        z, r = gate("z"), gate("r")
        proposal = np.tanh((r * h[:, np.newaxis]) @ self.weights["Uh"] + self.from_input["h"])
        return z, r, proposal

    def settle(self, h):
        """States as the network keeps them: rounded, if it rounds them."""
        return h if self.resolution is None else np.round(h * self.resolution) / self.resolution

    @ignoring_overflow
    def output(self, h):
        """The output for states of shape (..., hidden_size): (...), above 0.5 for a one."""
        return h @ self.weights["W_output"][:, 0] + self.weights["b_output"][0]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_error(weights, epsilon):
    """Bound how far one step, computed in floating point, may be from the exact one.

    epsilon: twice the largest relative error of an operation. Returns a bound on the Euclidean norm
    of a state's error and on the error of an output, whatever the order of summation (Higham 2002,
    Accuracy and Stability of Numerical Algorithms, section 3.1). It holds if sigmoid and tanh are
    right to 100 epsilon and no number in a state is above 1.1; `gru_addition.verify` checks the
    latter in a certificate.
    """
    hidden = len(weights["Uz"])
    largest, of_sum, of_function = 1.1, (hidden + 6) * epsilon, 100 * epsilon

    def of_product(gate):
        terms = sum(abs(weights[kind + gate]).sum(axis=0) for kind in "WU") + abs(
            weights["b" + gate]
        )
        return of_sum * largest * terms.max()

    z, r = (of_product(gate) / 4 + of_function for gate in "zr")
    reset = largest * r + 2 * epsilon
    proposal = abs(weights["Uh"]).sum(axis=0).max() * reset + of_product("h") + of_function
    state = np.sqrt(hidden) * (2 * largest * z + proposal + 4 * epsilon)
    output = of_sum * largest * (abs(weights["W_output"]).sum() + abs(weights["b_output"][0]))
    return float(max(state, output))
