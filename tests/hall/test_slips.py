"""What docs/faithfulness.md says about the tutorial's slips, measured.

The tutorial's code is not run here; each slip follows from its published lines, whose effect is
written out beside the test.
"""

import numpy as np
import pytest

from gru_addition.dataset import from_bytes, generate_batch, generate_example


def test_the_docstrings_example_has_another_sum(figure):
    """Published for seed 4: a = [0, 1, 0], b = [0, 1, 0], c = [1, 0, 0]."""
    a, b, c = generate_example(3, np.random.RandomState(4))

    figure(f"the tutorial's example, seed 4: a = {a}, b = {b}, c = {c}")
    assert (a, b, c) == ([0, 1, 0], [0, 1, 0], [0, 0, 1])


def test_the_largest_operand_of_five_bits_is_fourteen(figure):
    """`randint(0, 2**(num_bits - 1) - 1)` excludes its upper bound, 15."""
    x, _ = generate_batch(5, 20_000, np.random.RandomState(0))
    operands = {from_bytes(bits) for bits in x.transpose(0, 2, 1).reshape(-1, 5)}

    figure(f"operands of 5 bits: {min(operands)} to {max(operands)}, {len(operands) ** 2} pairs")
    assert operands == set(range(15))


def test_a_third_of_the_test_pairs_stand_in_the_training_set(figure):
    """Both sets are drawn from the same 225 pairs, 100 times each."""
    random_state = np.random.RandomState(0)
    shares = []
    for _ in range(500):
        train, test = (pairs(generate_batch(5, 100, random_state)[0]) for _ in range(2))
        shares.append(np.mean([pair in train for pair in test]))

    figure(f"test pairs that also stand in the training set: {np.mean(shares):.0%} on average")
    # A pair is missed by 100 draws out of 225 with probability (224 / 225)**100.
    assert np.mean(shares) == pytest.approx(1 - (224 / 225) ** 100, abs=0.005)


def pairs(x):
    return [tuple(pair) for pair in (2 ** np.arange(5) @ x).tolist()]
