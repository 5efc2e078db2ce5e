"""Can a network with a single unit add? A search for one, which finds none.

    python examples/one_unit.py

A network that adds has states of four kinds: the bit it has just written is 0 or 1, and so is the
carry. From a state of each kind, each of the four pairs of bits must lead to the right side of the
threshold, where the output is 0.5. That makes 20 inequalities: one for each of the states, and one
for each of the 16 steps from them. A network that is right on all sums of four bits fulfils them.

From many random starts, this adjusts the weights and four states so that the smallest of the 20
distances from the threshold, each with a sign, becomes as large as possible. If the best is not
above zero, no such network was found. The same search with two units shows that it can find some.
It takes about ten minutes.
"""

import numpy as np
from scipy.optimize import minimize

from gru_addition.cells.gru import KIND, step
from gru_addition.cells.network import A, B

STARTS = {1: 300, 2: 30}
# Bits and carries of the four states, and what each pair of bits makes of them.
BITS, CARRIES = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
NEXT_BITS = (A + B + CARRIES[:, np.newaxis]) % 2
# How closely the smooth minimum follows the smallest distance, more and more.
SHARPNESS = 30, 300
COLUMNS = np.stack([A, B], axis=1)


def distances(numbers, units):
    """The 20 signed distances from the threshold, negative on the wrong side.

    numbers: the weights, and what tanh makes the four states of.
    """
    shapes = KIND.weight_shapes(units)
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])
    *pieces, states = np.split(numbers, ends)
    w = {name: p.reshape(shape) for (name, shape), p in zip(shapes.items(), pieces, strict=True)}
    x = {gate: COLUMNS @ w["W" + gate] + w["b" + gate] for gate in "rzh"}
    h = np.tanh(states.reshape(4, 1, units))
    direction = w["W_output"][:, 0] / np.linalg.norm(w["W_output"])
    threshold = (0.5 - w["b_output"][0]) / np.linalg.norm(w["W_output"])
    before = (2 * BITS - 1) * (h[:, 0] @ direction - threshold)
    after = (2 * NEXT_BITS - 1) * (step(h, x, w) @ direction - threshold)
    return np.concatenate([before, after.ravel()])


def best_distance(units, random_state):
    """The largest smallest distance that a search from one random start finds."""
    number = sum(int(np.prod(shape)) for shape in KIND.weight_shapes(units).values()) + 4 * units
    numbers = random_state.choice([1, 3, 10]) * random_state.normal(size=number)
    for sharpness in SHARPNESS:

        def smooth(numbers, sharpness=sharpness):
            d = -sharpness * distances(numbers, units)
            return d.max() + np.log(np.exp(d - d.max()).sum())

        numbers = minimize(smooth, numbers, method="L-BFGS-B").x
    return distances(numbers, units).min()


def main(starts=STARTS):
    """Search with each number of units, from that many starts, and print the best distances."""
    for units, number in starts.items():
        random_state, best = np.random.RandomState(0), []
        with np.errstate(over="ignore", under="ignore"):
            for _ in range(number):
                best.append(best_distance(units, random_state))
        found = sum(distance > 1e-6 for distance in best)
        print(f"hidden size {units}: {number} starts, {found} found, best distance {max(best):.2g}")


if __name__ == "__main__":
    main()
