"""Can a GRU of one unit add? A search for one, which finds none.

    python examples/one_unit.py

docs/one_unit.md proves that most GRUs of one unit can't add. There, 16 inequalities are reduced to
a comparison of four numbers H, one for each state, at each of the four pairs of bits, and of the
sums of each H over 0+0 and 1+1 and over 0+1 and 1+0. The search uses the names of that page.

An inequality says that a difference of two H, or of two sums of H, has the right sign. Its margin is
this difference divided by the sizes of the two terms it consists of: 1 if both terms have the right
sign, 0 if they cancel, negative if the sign is wrong. Moving two states together shrinks the terms
as well, so it does not bring the margin to 0. From many random starts, the search makes the smallest
of the 20 margins as large as possible. It has found a network only if that is above zero. Controls
leave out some of the inequalities. It takes about four minutes.
"""

from dataclasses import dataclass

import numpy as np

STARTS, STEPS, NUMBERS = 1000, 10_000, 14
# The pairs of bits are in the order 0+0, 1+1, 0+1, 1+0, and the states in the order of their totals.
SIDES = np.array([1, 1, -1, -1])[:, np.newaxis]
IS_LOW = np.array([True, False, True, False])
MUST_CROSS = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]], bool)
# The states without and with a carry, whose H are compared at each pair of bits.
ALL_PAIRS = (0, 2), (0, 3), (1, 2), (1, 3)
ALL_SUMS = 0, 1, 2, 3
SUM_SIGNS = np.array([-1, -1, 1, 1])
# A difference below this share of the numbers subtracted may be due to rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Units:
    """Many units, one in each row, and what the pairs of bits add to their gates.

    theta, u, v, U: (n, 1, 1). s: (n, 1, 4), the states. r, z: (n, 4, 1), one for each pair of bits.
    """

    theta: np.ndarray
    u: np.ndarray
    v: np.ndarray
    U: np.ndarray
    s: np.ndarray
    r: np.ndarray
    z: np.ndarray

    @classmethod
    def from_numbers(cls, numbers, only_open):
        """Make units of any numbers, (n, 14), the size of each of which is about 1.

        only_open: keep to what is not proved impossible: U is negative, 0+0 and 1+1 are further
            apart than 0+1 and 1+0 in both gates, and move them in opposite directions.
        """
        p = numbers.T[:, :, np.newaxis, np.newaxis]
        theta, u, v, U = np.tanh(p[0]), np.sinh(2 * p[1]), np.sinh(2 * p[2]), np.sinh(2 * p[3])
        share = 1 / (1 + np.exp(-2 * numbers[:, np.newaxis, 4:8]))
        s = theta + np.where(IS_LOW, -1 - theta, 1 - theta) * share
        a, b, a_z, b_z = np.sinh(1.5 * p[8:12])
        if only_open:
            U, a, a_z = -abs(U), abs(a), -abs(a_z)
            b, b_z = a * np.tanh(p[9]), a_z * np.tanh(p[11])
        r = 3 * p[12] - v * theta + np.concatenate([a, -a, b, -b], axis=1)
        z = 3 * p[13] - u * theta + np.concatenate([a_z, -a_z, b_z, -b_z], axis=1)
        return cls(theta, u, v, U, s, r, z)

    def terms(self):
        """The terms of H = x - artanh(y): x and y, (n, 4, 4), by pairs of bits and states."""
        x = self.U * self.s / (1 + np.exp(-self.v * self.s - self.r))
        return x, self.theta + (self.theta - self.s) * np.exp(-self.z - self.u * self.s)


def relative(x_part, R_part, spread, size):
    """The difference of two terms, divided by their sizes or by the spread if that is smaller."""
    noise = ROUNDING * size
    return (x_part - R_part - noise) / (np.minimum(abs(x_part) + abs(R_part), spread) + noise)


def smallest_margins(units, pairs, sums):
    """The smallest margin of each unit, (n,).

    pairs: the pairs of states that are compared. sums: the states whose sums are compared.
    """
    x, y = units.terms()
    without, carry = np.array(pairs).T
    matter = np.isin(ALL_SUMS, [*without, *carry, *sums])
    # A state that must cross needs a candidate within the reach of tanh; one that stays may miss it.
    excess = np.log(np.maximum(abs(y), 1)).max(axis=(1, 2), where=MUST_CROSS & matter, initial=0)
    R = np.clip(np.arctanh(np.clip(y, -1, 1)), -1e6, 1e6)
    H, size = x - R, abs(x) + abs(R)
    steps = relative(
        SIDES * (x[..., carry] - x[..., without]),
        SIDES * (R[..., carry] - R[..., without]),
        np.ptp(H[..., matter], axis=2, keepdims=True),
        size[..., carry] + size[..., without],
    ).min(axis=(1, 2))
    of_sums = relative(
        SUM_SIGNS * (SIDES * x).sum(axis=1),
        SUM_SIGNS * (SIDES * R).sum(axis=1),
        abs(H - H.mean(axis=1, keepdims=True)).sum(axis=1),
        size.sum(axis=1),
    )[:, list(sums)].min(axis=1, initial=1)
    smallest = np.where(excess > 0, -1 - excess, np.minimum(steps, of_sums))
    return np.nan_to_num(smallest, nan=-np.inf)


def search(random_state, only_open=False, pairs=ALL_PAIRS, sums=ALL_SUMS, starts=STARTS, steps=STEPS):
    """The best numbers found from each start, (starts, 14), and their smallest margins, (starts,).

    From each start this is a (1+1)-CMA-ES: it tries a random step, keeps it if it is better, and
    learns the lengths and directions of steps that were.
    """
    best, margins = np.zeros((starts, NUMBERS)), np.full(starts, -np.inf)
    lengths, shapes = np.full((starts, 1), 0.5), np.tile(np.eye(NUMBERS), (starts, 1, 1))
    rate = 2 / (NUMBERS**2 + 6)
    for count in range(steps):
        draw = random_state.normal(size=best.shape)
        move = np.einsum("nij,nj->ni", shapes, draw)
        # The first steps look for a good place to start from.
        tried = np.clip(draw if count < 100 else best + lengths * move, -4, 4)
        new = smallest_margins(Units.from_numbers(tried, only_open), pairs, sums)
        better = new > margins
        best[better], margins[better] = tried[better], new[better]
        if count < 100:
            continue
        squares = (draw**2).sum(axis=1)
        growth = (np.sqrt(1 + rate / (1 - rate) * squares) - 1) / squares
        learnt = shapes + growth[:, np.newaxis, np.newaxis] * move[:, :, np.newaxis] * draw[:, np.newaxis]
        shapes[better] = np.sqrt(1 - rate) * learnt[better]
        lengths = np.clip(lengths * np.where(better, 1.13, 0.972)[:, np.newaxis], 1e-9, 2)
    return best, margins
