"""Can a GRU of one unit add? A search for one, which finds none.

    python examples/one_unit.py

docs/one_unit.md proves that most GRUs of one unit can't add, and explains the names used here. It
reduces the question to comparisons of numbers H, one for each pair of bits and each state. From
many random starts, this adjusts a unit so that the smallest margin of 20 such comparisons becomes
as large as possible. It has found something only if that is above zero. Controls leave out some of
the comparisons. It takes about three minutes.
"""

import numpy as np

STARTS, STEPS, NUMBERS = 1000, 8000, 14
# So many steps only look for a good place to start from.
BLIND_STEPS = 100
# The pairs of bits are in the order 0+0, 1+1, 0+1, 1+0. After the first two, states with a carry
# have the larger H, and after the others those without.
SIGNS = np.array([1, 1, -1, -1])[:, np.newaxis]
# The states s0 to s3. Those with bit 0 are below the threshold, and the first two have no carry.
IS_LOW = np.array([True, False, True, False])
HAS_CARRY = np.array([False, False, True, True])
# The states that each pair of bits takes to the other side.
CROSSES = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]], bool)
ALL_PAIRS = (0, 2), (0, 3), (1, 2), (1, 3)
ALL_STATES = 0, 1, 2, 3
# A difference below this share of the numbers subtracted may be due to rounding.
ROUNDING = 1e-9


def units_of(numbers, only_open=False):
    """Make units of any numbers, (n, 14), each about 1 in size.

    only_open: keep to what is not proved impossible, and, which is no loss, to 0+0 and 1+1 further
        apart than 0+1 and 1+0.

    Returns theta, u, v, U: (n, 1, 1), the states: (n, 1, 4), and r, z: (n, 4, 1).
    """
    p = numbers.T[:, :, np.newaxis, np.newaxis]
    theta, u, v, U = np.tanh(p[0]), np.sinh(2 * p[1]), np.sinh(2 * p[2]), np.sinh(2 * p[3])
    share = 1 / (1 + np.exp(-2 * numbers[:, np.newaxis, 4:8]))
    states = theta + np.where(IS_LOW, -1 - theta, 1 - theta) * share
    a, b, A, B = np.sinh(1.5 * p[8:12])
    if only_open:
        U, a, A = -abs(U), abs(a), -abs(A)
        b, B = a * np.tanh(p[9]), A * np.tanh(p[11])
    r = 3 * p[12] - v * theta + np.concatenate([a, -a, b, -b], axis=1)
    z = 3 * p[13] - u * theta + np.concatenate([A, -A, B, -B], axis=1)
    return theta, u, v, U, states, r, z


def terms(units):
    """The terms of H = x - artanh(y): x and y, (n, 4, 4), by pairs of bits and states."""
    theta, u, v, U, states, r, z = units
    x = U * states / (1 + np.exp(-v * states - r))
    return x, theta + (theta - states) * np.exp(-z - u * states)


def relative(first, second, spread, size):
    """The difference of two terms, divided by their sizes, or by the spread if that is smaller."""
    noise = ROUNDING * size
    return (first - second - noise) / (np.minimum(abs(first) + abs(second), spread) + noise)


def smallest_margins(units, pairs=ALL_PAIRS, sums=ALL_STATES):
    """The smallest margin of each unit, (n,); negative if it fails somewhere.

    A margin is relative, from -1 to 1, so moving states together does not bring it to zero.

    pairs: the states that are compared at each pair of bits.
    sums: the states whose H are compared in sums over pairs of bits.
    """
    x, y = terms(units)
    R = np.clip(np.arctanh(np.clip(y, -1, 1)), -1e6, 1e6)
    H, size = x - R, abs(x) + abs(R)
    without, carry = np.array(pairs).T
    steps = relative(
        SIGNS * (x[..., carry] - x[..., without]),
        SIGNS * (R[..., carry] - R[..., without]),
        np.ptp(H, axis=2, keepdims=True),
        size[..., carry] + size[..., without],
    ).min(axis=(1, 2))
    signs = SIGNS * np.where(HAS_CARRY, 1, -1)
    of_sums = relative(
        (signs * x).sum(axis=1),
        (signs * R).sum(axis=1),
        abs(H - H.mean(axis=1, keepdims=True)).sum(axis=1),
        size.sum(axis=1),
    )[:, list(sums)].min(axis=1, initial=1)
    # No candidate, being a tanh, moves a state across the threshold if y is not between -1 and 1.
    excess = np.log(np.maximum(abs(y), 1)).max(axis=(1, 2), where=CROSSES, initial=0)
    smallest = np.where(excess > 0, -1 - excess, np.minimum(steps, of_sums))
    return np.nan_to_num(smallest, nan=-np.inf)


def search(random_state, starts, steps, only_open=False, **comparisons):
    """The best numbers found from each start, (starts, 14), and their smallest margins, (starts,).

    From each start this is a (1+1)-CMA-ES: it tries a random step, keeps it if it is better, and
    learns the lengths and directions of those that were.
    """
    best, margins = np.zeros((starts, NUMBERS)), np.full(starts, -np.inf)
    lengths, shapes = np.full(starts, 0.5), np.tile(np.eye(NUMBERS), (starts, 1, 1))
    rate = 2 / (NUMBERS**2 + 6)
    for count in range(steps):
        draw = random_state.normal(size=best.shape)
        move = np.einsum("nij,nj->ni", shapes, draw)
        is_blind = count < BLIND_STEPS
        tried = np.clip(draw if is_blind else best + lengths[:, np.newaxis] * move, -4, 4)
        found = smallest_margins(units_of(tried, only_open), **comparisons)
        better = found > margins
        best[better], margins[better] = tried[better], found[better]
        if not is_blind:
            squares = (draw**2).sum(axis=1)
            growth = (np.sqrt(1 + rate / (1 - rate) * squares) - 1) / squares
            learnt = shapes + np.einsum("n,ni,nj->nij", growth, move, draw)
            shapes[better] = np.sqrt(1 - rate) * learnt[better]
            lengths = np.clip(lengths * np.where(better, 1.13, 0.972), 1e-9, 2)
    return best, margins


def main(starts=STARTS, steps=STEPS):
    """Search for units that add, and for units that fulfil less, and print what is found."""
    searches = {
        "all comparisons, any weights": {},
        "all comparisons, weights not proved impossible": {"only_open": True},
        "control, without the sums": {"sums": ()},
        "control, without s0 against s3": {"pairs": [(0, 2), (1, 2), (1, 3)]},
    }
    for name, settings in searches.items():
        with np.errstate(all="ignore"):
            _, margins = search(np.random.RandomState(0), starts, steps, **settings)
        found = (margins > 0).sum()
        print(f"{name}: {starts} starts, {found} found, best margin {margins.max():.2g}")


if __name__ == "__main__":
    main()
