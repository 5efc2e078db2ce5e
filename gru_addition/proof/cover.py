"""Balls around states that no sum ever leaves.

`search.explore` treats a state as one it has met if the two are close, but what holds for one need
not hold for the other. Here each of its states gets a ball, large enough to hold every state taken
for it, and for a step from anywhere in a ball to end in the ball of the target. By the mean value
inequality, a step from a ball around c strays from the step from c by at most the radius times the
largest norm of the Jacobian in the ball. Interval arithmetic bounds that norm.
"""

import numpy as np

from gru_addition.proof.network import sigmoid
from gru_addition.proof.search import NO_BIT

# Bounds are made slightly larger than computed, which leaves the checker some room.
ROOM = 1.01
MOST_ROUNDS, MOST_COLUMNS = 12, 5000
STATES_AT_A_TIME = 256


def ball_radii(network, exploration):
    """Return the radii, and up to how many columns all sums are right, as NumPy computes it.

    exploration: a closed `Exploration`. The radii, of shape (n,), are None if a ball can't be kept
    so small that all outputs in it are on the right side of 0.5. With radii, the number of columns
    is infinite.
    """
    targets, gaps = exploration.targets, exploration.gaps
    largest = _largest_radii(network, exploration)
    # The bounds hold for balls no larger than this, which is a guess at first.
    supposed = np.full(len(gaps), 2 * gaps.max() + 2 * network.slack)
    right_columns = 0
    for _ in range(MOST_ROUNDS):
        bounds = ROOM * stretch(network, exploration.states, supposed)
        radii = np.full(len(gaps), -np.inf)
        radii[0] = 0.0
        for column in range(MOST_COLUMNS):
            reached = bounds * radii[:, np.newaxis] + gaps + network.slack
            larger = radii.copy()
            np.maximum.at(larger, targets.ravel(), reached.ravel())
            if (larger > largest).any():
                return None, max(right_columns, column)
            if (larger > supposed).any():
                supposed = np.maximum(supposed, 1.5 * larger)
                right_columns = max(right_columns, column)
                break
            if np.array_equal(larger, radii):
                return ROOM * radii, np.inf
            radii = larger
        else:
            return None, MOST_COLUMNS
    return None, right_columns


def _largest_radii(network, exploration):
    """How large each ball may be without holding an output on the wrong side of 0.5."""
    states, bits = exploration.states, exploration.bits
    margins = (2 * bits - 1) * (network.output(states) - 0.5) - network.slack
    # No output is read from the first state.
    margins[bits == NO_BIT] = np.inf
    return margins / np.linalg.norm(network.weights["W_output"]) / ROOM**2


def stretch(network, centres, radii):
    """Bound the spectral norm of the Jacobian of a step over balls, for each pair of bits.

    centres: (n, hidden_size). radii: (n,). Returns (n, 4).
    """
    pieces = range(0, len(centres), STATES_AT_A_TIME)
    ends = [slice(start, start + STATES_AT_A_TIME) for start in pieces]
    return np.concatenate([_stretch(network, centres[piece], radii[piece]) for piece in ends])


def _stretch(network, h, radii):
    """Bound the norm of the Jacobian, each of its entries an interval.

    With row vectors, and p' standing for the derivative of p:

        g = r'(a_r) * h
        dp/dh = diag(r) Uh + Ur diag(g) Uh                       p: the argument of tanh
        dh_t/dh = diag(1 - z) + Uz diag(z'(a_z) (h~ - h)) + dp/dh diag(z h~'(p))
    """
    w, radius = network.weights, radii[:, np.newaxis, np.newaxis]
    h = h[:, np.newaxis]
    h_range = h - radius, h + radius

    def gate_range(gate):
        a = h @ w["U" + gate] + network.from_input[gate]
        spread = radius * np.linalg.norm(w["U" + gate], axis=0)
        return sigmoid(a - spread), sigmoid(a + spread)

    z, r = gate_range("z"), gate_range("r")
    g = _middle(*_product(_slope(*r), h_range))
    r_middle = _middle(*r)
    dp = [
        r_part[..., np.newaxis] * uh + (ur * g_part[..., np.newaxis, :]) @ uh
        for r_part, g_part, ur, uh in zip(
            r_middle, g, (w["Ur"], abs(w["Ur"])), (w["Uh"], abs(w["Uh"])), strict=True
        )
    ]
    r_at_centre = sigmoid(h @ w["Ur"] + network.from_input["r"])
    p = (r_at_centre * h) @ w["Uh"] + network.from_input["h"]
    spread = radius * sum(np.linalg.norm(part, axis=-2) for part in dp)
    proposal = np.tanh(p - spread), np.tanh(p + spread)
    change = proposal[0] - h_range[1], proposal[1] - h_range[0]
    by_gate = _middle(*_product(_slope(*z), change))
    by_proposal = _middle(*_product(z, _slope_of_tanh(*proposal)))
    z_middle = _middle(*z)
    identity = np.eye(network.hidden_size)

    def times(part, columns):
        return part * columns[..., np.newaxis, :]

    middle = (
        times(identity, 1 - z_middle[0]) + times(w["Uz"], by_gate[0]) + times(dp[0], by_proposal[0])
    )
    spread = (
        times(identity, z_middle[1])
        + times(abs(w["Uz"]), by_gate[1])
        + times(abs(dp[0]), by_proposal[1])
        + times(dp[1], abs(by_proposal[0]) + by_proposal[1])
    )
    return np.linalg.norm(middle, 2, axis=(-2, -1)) + np.linalg.norm(spread, axis=(-2, -1))


def _middle(low, high):
    """An interval as its middle and half its width."""
    return (low + high) / 2, (high - low) / 2


def _product(first, second):
    """The interval of all products."""
    products = [p * q for p in first for q in second]
    return np.minimum.reduce(products), np.maximum.reduce(products)


def _slope(low, high):
    """The interval of the derivative s (1 - s) of a sigmoid that takes values s in an interval."""
    ends = low * (1 - low), high * (1 - high)
    largest = np.where((low < 0.5) & (high > 0.5), 0.25, np.maximum(*ends))
    return np.minimum(*ends), largest


def _slope_of_tanh(low, high):
    """The interval of the derivative 1 - t^2 of a tanh that takes values t in an interval."""
    ends = 1 - low**2, 1 - high**2
    return np.minimum(*ends), np.where((low < 0) & (high > 0), 1.0, np.maximum(*ends))
