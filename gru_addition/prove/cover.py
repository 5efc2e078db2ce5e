"""Balls around states that no sum ever leaves; `prover` says what they are for.

The balls are those of a norm: the length of a difference d of two states is that of d `norm`, where
`norm` is an invertible matrix (row vectors, as everywhere here). With the identity it is the
Euclidean length.
"""

import numpy as np

from gru_addition.cells.enclosure import Enclosure
from gru_addition.prove.search import NO_BIT

# Bounds are made slightly larger than computed, which leaves the checker some room.
ROOM = 1.01
MOST_ROUNDS, MOST_COLUMNS = 60, 5000
# More numbers at a time do not fit in the cache.
NUMBERS_AT_A_TIME = 2**14


def ball_radii(network, exploration, norm, slack):
    """Return the radii, and up to how many columns all sums are right, as NumPy computes it.

    exploration: a closed `Exploration`. norm: (state_size, state_size), the norm of the balls.
    slack: how far computed states and outputs may be off.

    The radii, of shape (n,), are None if a ball can't be kept so small that all outputs in it are
    on the right side of 0.5. With radii, the number of columns is infinite.
    """
    states, targets, bits = exploration.states, exploration.targets, exploration.bits
    margins = (2 * bits - 1) * (network.output(states) - 0.5) - slack
    # No output is read from the first state.
    margins[bits == NO_BIT] = np.inf
    largest = margins / output_change(network, norm) / ROOM**2
    gaps = gaps_of(network, states, targets, norm)
    gaps += ROOM * slack * np.linalg.norm(norm, 2)
    # The bounds hold for balls no larger than this, which is a guess at first.
    supposed, bounds, changed = np.zeros(len(states)), np.empty(targets.shape), slice(None)
    for _ in range(MOST_ROUNDS):
        bounds[changed] = ROOM * stretch(network, states[changed], supposed[changed], norm)
        radii, columns, is_closed = _grow_radii(bounds, gaps, targets, largest)
        if (radii <= supposed).all():
            return (ROOM * radii, np.inf) if is_closed else (None, columns)
        changed = 1.2 * radii > supposed
        supposed = np.maximum(supposed, 1.2 * radii)
    return None, 0


def _grow_radii(bounds, gaps, targets, largest):
    """The radii that hold the states of so many columns, and whether they hold those of all.

    Ends before a radius becomes too large. A ball that no such sum reaches has radius -infinity.
    """
    radii = np.full(len(gaps), -np.inf)
    radii[0] = 0.0
    for column in range(MOST_COLUMNS):
        reached = bounds * np.maximum(radii, 0)[:, np.newaxis] + gaps
        reached[np.isneginf(radii)] = -np.inf
        larger = radii.copy()
        np.maximum.at(larger, targets.ravel(), reached.ravel())
        if np.array_equal(larger, radii):
            return radii, column, True
        if (larger > largest).any():
            return radii, column, False
        radii = larger
    return radii, MOST_COLUMNS, False


def gaps_of(network, states, targets, norm):
    """How far the steps from states, (n, state_size), end from their targets, (n, 4)."""
    return np.linalg.norm((states[targets] - network.steps(states)) @ norm, axis=-1)


def output_change(network, norm):
    """The largest change of the output for a change of the state of length 1."""
    return np.linalg.norm(np.linalg.solve(norm, network.readout))


def stretch(network, centres, radii, norm=None):
    """Bound the norm of the Jacobian of a step over balls, for each pair of bits.

    centres: (n, state_size). radii: (n,). norm: see above, by default the identity. Returns
    (n, 4).
    """
    norm = np.eye(network.state_size) if norm is None else norm
    # The changes of a state that have length 1 in this norm, at right angles to each other.
    directions, bounds = np.linalg.inv(norm), []
    at_a_time = max(1, NUMBERS_AT_A_TIME // norm.size)
    for start in range(0, len(centres), at_a_time):
        piece = slice(start, start + at_a_time)
        after = network.step_from(Enclosure.ball(centres[piece], radii[piece], directions))
        spread = np.linalg.norm(after.spread @ abs(norm), 2, axis=(-2, -1))
        bounds.append(np.linalg.norm(after.slopes @ norm, 2, axis=(-2, -1)) + spread)
    return np.concatenate(bounds)
