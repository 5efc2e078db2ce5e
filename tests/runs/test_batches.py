"""The batches of a run, and how a stream of them is left and resumed."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gru_addition.config import Config
from gru_addition.dataset import generate_batch
from gru_addition.runs.batches import Batches

pytestmark = pytest.mark.quick

KINDS = {
    "full": {},
    "mini": {"mini_batch_size": 7},
    "fresh": {"fresh_batches": True},
    "noise": {"state_noise": 0.1, "mini_batch_size": 7},
}


def batches(seed=0, **options):
    """The batches of 20 numbered examples."""
    config = Config(num_bits=2, batch_size=20, **options)
    x, y = np.arange(20).reshape(20, 1, 1), -np.arange(20).reshape(20, 1, 1)
    return Batches(config, x, y, np.random.RandomState(seed), 3 if config.has_noise else 0)


def test_by_default_every_batch_is_the_training_set():
    for x, y in islice(batches(), 3):
        np.testing.assert_array_equal(x.ravel(), np.arange(20))
        np.testing.assert_array_equal(y, -x)


@pytest.mark.parametrize("size", [1, 4, 5, 7, 20])
def test_mini_batches_go_through_the_training_set_in_a_new_order_each_epoch(size):
    random_state = np.random.RandomState(0)
    expected = np.concatenate([random_state.permutation(20) for _ in range(14)])

    drawn = list(islice(batches(mini_batch_size=size), 14 * 20 // size))

    assert {len(x) for x, _ in drawn} == {size}
    np.testing.assert_array_equal(np.concatenate([x.ravel() for x, _ in drawn]), expected)
    for x, y in drawn:
        np.testing.assert_array_equal(y, -x)


def test_fresh_batches_are_new_sums_each_time():
    random_state = np.random.RandomState(0)

    for x, y in islice(batches(fresh_batches=True), 3):
        expected_x, expected_y = generate_batch(2, 20, random_state)
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize("options", KINDS.values(), ids=list(KINDS))
@given(done=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_a_stream_is_resumed_where_its_state_was_noted(options, done, seed):
    stream, other = batches(seed, **options), batches(seed + 1 & 2**32 - 1, **options)
    list(islice(stream, done))

    other.state = stream.state

    for (x, y), (other_x, other_y) in islice(zip(stream, other, strict=True), 30):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


@pytest.mark.parametrize(
    "change",
    [
        {"position": -1},
        {"position": 625},
        {"position": [0]},
        {"order": [20]},
        {"order": [1.5]},
        {"order": 0},
        {"mersenne_twister": [0] * 623},
        {"mersenne_twister": [2**32] * 624},
        {"more": 0},
    ],
)
def test_what_is_no_state_is_refused(change):
    stream = batches(mini_batch_size=7)
    before = stream.state
    changed = before | {name: np.array(value) for name, value in change.items()}

    with pytest.raises(ValueError, match="must"):
        stream.state = changed

    for name, array in before.items():
        np.testing.assert_array_equal(stream.state[name], array)
