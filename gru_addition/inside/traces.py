"""What happens in a network while it adds: its gates, its states, and which units hold the carry.

    trace = Trace.of_sum(run.weights, 13, 12, num_bits=6)
    trace.h          # the states, column by column

Everything is computed with `cells.network.Network`, without TensorFlow.
"""

from dataclasses import dataclass

import numpy as np

from gru_addition.cells.machine import ADDITION
from gru_addition.cells.network import A, B, Network
from gru_addition.dataset import encode_pairs
from gru_addition.support.checks import whole_number


@dataclass(frozen=True, eq=False)
class Trace:
    """All that a network computes along a sum, the lowest column first.

    a, b: the bits of the operands, (columns,).
    carries: the true carry out of each column, which the network has to remember there, (columns,);
        for another machine, its state.
    bits: the right bits, (columns,); a carry out of the last column is dropped.
    z, r, candidate: the gates and the candidate in each column, (columns, hidden_size); None for
        another cell than a GRU.
    h: the state in each column, (columns, state_size).
    output: the network's output in each column, above 0.5 for a one, (columns,).
    """

    a: np.ndarray
    b: np.ndarray
    carries: np.ndarray
    bits: np.ndarray
    z: np.ndarray | None
    r: np.ndarray | None
    candidate: np.ndarray | None
    h: np.ndarray
    output: np.ndarray

    @classmethod
    def of_sum(cls, weights, a, b, num_bits, resolution=None, machine=ADDITION):
        """Follow the network with these weights, and this resolution, along a + b.

        Raises the errors of `encode` and of `Network`.
        """
        network = Network(weights, resolution)
        num_bits = whole_number("num_bits", num_bits, minimum=1)
        x = encode_pairs([(a, b)], num_bits).astype(int)
        (carries,), (bits,), (h,) = *machine.run(x), follow(network, x)
        a, b = x[0].T
        z = r = candidate = None
        if network.cell == "gru":
            before = np.vstack([np.zeros(network.state_size), h[:-1]])
            z, r, candidate = (g[np.arange(num_bits), 2 * a + b] for g in network.gates(before))
        return cls(a, b, carries, bits, z, r, candidate, h, network.output(h))


def follow(network, x):
    """The states after each column of sums.

    network: a `cells.network.Network`. x: the bits of the operands, (sums, columns, 2), integers,
    the lowest first.

    Returns (sums, columns, state_size).
    """
    h, states = np.zeros((len(x), network.state_size)), []
    for a, b in x.transpose(1, 2, 0):
        h = network.settle(network.steps(h))[np.arange(len(x)), 2 * a + b]
        states.append(h)
    return np.stack(states, axis=1)


def random_states(network, sums=200, columns=40, machine=ADDITION):
    """The states along random sums, with the carry out of each column and the bit written there.

    The sums are the same for every network: `sums` of them, of `columns` columns. Returns arrays of
    shape (columns * sums, state_size), (columns * sums,) and the same again, starting with all
    states after the first column; carries and bits are the true ones. For another machine the
    carries are its states.
    """
    pairs = np.random.RandomState(0).randint(0, 4, size=(columns, sums)).T
    x = np.stack([A[pairs], B[pairs]], axis=-1)
    h, (carries, bits) = follow(network, x), machine.run(x)
    return np.concatenate(h.swapaxes(0, 1)), carries.T.ravel(), bits.T.ravel()


def readable_carry(states, carries):
    """How well the carry can be read from each unit alone, by the best threshold on its value.

    states: (n, hidden_size). carries: (n,). Returns the share of states whose carry is read
    correctly, (hidden_size,).
    """
    shares = []
    for values in states.T:
        order = values.argsort()
        # Below each threshold, how many more states have carry 1 than carry 0.
        surplus = (2 * carries[order] - 1).cumsum()
        # Between equal values there is no threshold.
        is_threshold = np.append(np.diff(values[order]) > 0, True)
        right = carries.sum() - surplus[is_threshold]
        shares.append(max(right.max(), len(values) - right.min()) / len(values))
    return np.array(shares)
