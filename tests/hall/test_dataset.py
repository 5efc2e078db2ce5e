"""The data are the tutorial's, number for number; the oracle for sums is Python's integers."""

import numpy as np
import pytest
from common import SEEDS, VERSIONS
from hypothesis import given
from hypothesis import strategies as st

from gru_addition.dataset import (
    as_bytes,
    encode,
    encode_pairs,
    from_bytes,
    generate_batch,
    generate_example,
)

pytestmark = pytest.mark.quick

# The first two pairs that the tutorial's draws give on NumPy 1.16.6 after np.random.seed(7).
RECORDED_DRAWS = {
    2: [(0, 0), (0, 0)],
    5: [(4, 9), (6, 3)],
    33: [(327741615, 976413892), (3349725721, 1369975286)],
    34: [(5271381188, 5664942582), (8496402643, 6251689575)],
    63: [
        (1407639518939636932, 551904368352831990),
        (3475536756154880211, 4122204982959224423),
    ],
    64: [
        (1407639518939636932, 5163590386780219894),
        (8087222774582268115, 4122204982959224423),
    ],
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_batches_are_those_of_the_golden_record(golden, version, seed):
    record = golden(version, seed)
    random_state = np.random.RandomState(seed)

    for split in "train", "test":
        x, y = generate_batch(5, 100, random_state)
        np.testing.assert_array_equal(x, record[f"x_{split}"])
        np.testing.assert_array_equal(y, record[f"y_{split}"])


@pytest.mark.parametrize(("num_bits", "pairs"), RECORDED_DRAWS.items())
def test_draws_of_any_length_are_the_recorded_ones(num_bits, pairs):
    random_state = np.random.RandomState(7)

    examples = [generate_example(num_bits, random_state) for _ in pairs]

    assert [(from_bytes(a), from_bytes(b)) for a, b, _ in examples] == pairs


@given(num_bits=st.integers(2, 300), seed=st.integers(0, 2**32 - 1), size=st.integers(1, 20))
def test_y_is_the_sum_of_x(num_bits, seed, size):
    x, y = generate_batch(num_bits, size, np.random.RandomState(seed))

    assert x.shape == (size, num_bits, 2)
    assert y.shape == (size, num_bits, 1)
    assert x.dtype == y.dtype == np.float64
    for operands, total in zip(x, y, strict=True):
        a, b = (from_bytes(bits) for bits in operands.T)
        assert from_bytes(total[:, 0]) == a + b


@given(num_bits=st.integers(2, 100), seed=st.integers(0, 2**32 - 1))
def test_examples_and_batches_share_the_stream(num_bits, seed):
    random_state = np.random.RandomState(seed)
    examples = [generate_example(num_bits, random_state) for _ in range(3)]

    x, y = generate_batch(num_bits, 3, np.random.RandomState(seed))

    np.testing.assert_array_equal([(a, b) for a, b, _ in examples], x.transpose(0, 2, 1))
    np.testing.assert_array_equal([c for _, _, c in examples], y[:, :, 0])


def test_numpys_global_state_serves_as_well():
    state = np.random.get_state()
    try:
        np.random.seed(3)
        from_module = generate_batch(9, 5, np.random)
    finally:
        np.random.set_state(state)

    np.testing.assert_array_equal(from_module[0], generate_batch(9, 5, np.random.RandomState(3))[0])


def test_long_numbers_use_every_bit_but_the_sums():
    x, _ = generate_batch(100, 1000, np.random.RandomState(0))

    assert not x[:, 99].any()
    # Each mean of 2,000 fair bits has a standard deviation of 0.011.
    np.testing.assert_allclose(x[:, :99].mean(axis=(0, 2)), 0.5, atol=0.06)


@given(num=st.integers(0, 2**300), spare=st.integers(0, 70))
def test_as_bytes_is_pythons_binary_form_reversed(num, spare):
    size = num.bit_length() + spare

    bits = as_bytes(num, size)

    assert bits == [int(digit) for digit in reversed(f"{num:0{size}b}")][:size]
    assert all(type(bit) is int for bit in bits)
    assert from_bytes(bits) == num


@given(
    pairs=st.lists(st.tuples(st.integers(0, 2**80), st.integers(0, 2**80)), min_size=1, max_size=5)
)
def test_encoding_puts_the_operands_of_each_pair_side_by_side(pairs):
    x = encode_pairs(pairs, 81)

    assert x.shape == (len(pairs), 81, 2)
    np.testing.assert_array_equal(x[:1], encode(*pairs[0], 81))
    assert [tuple(from_bytes(bits) for bits in example.T) for example in x] == pairs


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: as_bytes(-1, 4), ValueError, "num"),
        (lambda: as_bytes(16, 4), ValueError, "num"),
        (lambda: as_bytes(1.5, 4), TypeError, "num"),
        (lambda: as_bytes(1, -4), ValueError, "final_size"),
        (lambda: from_bytes([0, 2]), ValueError, "bits"),
        (lambda: from_bytes([[0], [1]]), ValueError, "bits"),
        (lambda: encode(4, 1, 2), ValueError, "num"),
        (lambda: encode_pairs([(1, 1), (4, 1)], 2), ValueError, "num"),
    ],
)
def test_bad_arguments_are_named(call, error, name):
    with pytest.raises(error, match=f"^{name} must"):
        call()
