"""What happens in a network while it adds: its gates, its states, and which units hold the carry.

    trace = Trace.of_sum(run.weights, 13, 12, num_bits=6)
    trace.h          # the states, column by column

Everything is computed with `proof.network.Network`, without TensorFlow.
"""

from dataclasses import dataclass

import numpy as np

from gru_addition.dataset import as_bytes
from gru_addition.proof.network import A, B, Network
from gru_addition.support.checks import brief, whole_number


@dataclass(frozen=True)
class Trace:
    """All that a network computes along a sum, the lowest column first.

    a, b: the bits of the operands, (columns,).
    carries: the true carry out of each column, which the network has to remember there, (columns,).
    bits: the bits of the right sum, (columns,); a carry out of the last column is dropped.
    z, r, candidate: the gates and the candidate in each column, (columns, hidden_size); for another
        cell than a GRU, arrays of None.
    h: the state in each column, (columns, state_size).
    output: the network's output in each column, above 0.5 for a one, (columns,).
    """

    a: np.ndarray
    b: np.ndarray
    carries: np.ndarray
    bits: np.ndarray
    z: np.ndarray
    r: np.ndarray
    candidate: np.ndarray
    h: np.ndarray
    output: np.ndarray

    @classmethod
    def of_sum(cls, weights, a, b, num_bits, resolution=None):
        """Follow the network with these weights, and this resolution, along a + b.

        Raises the errors of `as_bytes` and of `Network`.
        """
        network = Network(weights, resolution)
        num_bits = whole_number("num_bits", num_bits, minimum=1)
        a, b = (np.array(as_bytes(number, num_bits)) for number in (a, b))
        h, carry, columns = np.zeros((1, network.state_size)), 0, []
        for pair in 2 * a + b:
            is_gru = network.cell == "gru"
            z, r, candidate = (g[0, pair] for g in network.gates(h)) if is_gru else [None] * 3
            h = network.settle(network.steps(h))[:, pair]
            total = A[pair] + B[pair] + carry
            carry = total >> 1
            columns.append((carry, total & 1, z, r, candidate, h[0], network.output(h)[0]))
        return cls(a, b, *map(np.array, zip(*columns, strict=True)))


def follow(network, x, h=None):
    """The states after each column of sums.

    network: a `proof.network.Network`. x: the bits of the sums, (sums, columns, 2), the lowest
    first. h: the states before the first column, (sums, state_size), zeros by default.

    Returns (sums, columns, state_size).
    """
    h = np.zeros((len(x), network.state_size)) if h is None else h
    states = []
    for column in range(x.shape[1]):
        pair = 2 * x[:, column, 0] + x[:, column, 1]
        h = network.settle(network.steps(h))[np.arange(len(x)), pair]
        states.append(h)
    return np.stack(states, axis=1)


def random_states(network, sums=200, columns=40):
    """The states along random sums, with the carry out of each column and the bit written there.

    The sums are the same for every network: `sums` of them, of `columns` columns. Returns arrays of
    shape (columns * sums, hidden_size), (columns * sums,) and the same again, starting with all
    states after the first column; carries and bits are the true ones.
    """
    pairs = np.random.RandomState(0).randint(0, 4, size=(columns, sums))
    states = follow(network, np.stack([A[pairs], B[pairs]], axis=-1).transpose(1, 0, 2))
    carry, carries, bits = 0, [], []
    for pair in pairs:
        total = A[pair] + B[pair] + carry
        carry = total >> 1
        carries.append(carry)
        bits.append(total & 1)
    by_column = np.concatenate(states.transpose(1, 0, 2))
    return by_column, np.concatenate(carries), np.concatenate(bits)


def readable_carry(states, carries):
    """How well the carry can be read from each unit alone, by the best threshold on its value.

    states: (n, hidden_size). carries: (n,). Returns the share of states whose carry is read
    correctly, (hidden_size,).
    """
    order = np.argsort(states, axis=0)
    values, in_order = np.take_along_axis(states, order, axis=0), carries[order]
    edge = np.full((1, states.shape[1]), -np.inf)
    zeros = np.zeros((1, states.shape[1]), int)
    # How many of the states below each threshold have carry 1, and how many carry 0.
    ones_below = np.concatenate([zeros, in_order.cumsum(axis=0)])
    zeros_below = np.arange(len(states) + 1)[:, np.newaxis] - ones_below
    if_ones_above = zeros_below + ones_below[-1] - ones_below
    right = np.maximum(if_ones_above, len(states) - if_ones_above)
    # Between equal values there is no threshold.
    is_between = np.concatenate([edge, values]) < np.concatenate([values, -edge])
    return np.where(is_between, right, 0).max(axis=0) / len(states)


def transplanted_carry(network, receivers, donors, carries, units):
    """Transplant some units from one state into another, to see whether they hold the carry.

    receivers, donors: states, (n, hidden_size). carries: (n,), those of the donors.
    units: the indices of the units that the receivers get from the donors.

    Returns the share of next columns, over all four pairs of bits, in which the network then writes
    the right bit for the donor's carry. (An interchange intervention, as in Geiger et al. 2021,
    arXiv:2106.02997.) Raises `ValueError` for an index out of range.
    """
    units = np.asarray(units, int)
    if not np.isin(units, np.arange(network.state_size)).all():
        raise ValueError(
            f"units must lie between 0 and {network.state_size - 1}, not {brief(units.tolist())}"
        )
    states = receivers.copy()
    states[:, units] = donors[:, units]
    h = network.settle(network.steps(states)).reshape(-1, network.state_size)
    bits = (A + B + carries[:, np.newaxis]) & 1
    return float(np.mean((network.output(h) > 0.5) == bits.ravel()))
