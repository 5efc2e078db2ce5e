"""What happens inside a network: traces, and carries that are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy_gru import hidden_states, output, perfect_weights, random_weights, sigmoid

from gru_addition.cells.network import Network
from gru_addition.dataset import encode
from gru_addition.inside.traces import (
    Trace,
    follow,
    random_states,
    readable_carry,
)

NUMBERS = st.integers(0, 500)
# It adds correctly, and its second unit alone holds the carry.
PERFECT = perfect_weights()
HOLDS_CARRY = 1
ARBITRARY = random_weights(4, np.random.RandomState(0))


@given(NUMBERS, NUMBERS)
def test_a_trace_holds_the_bits_of_the_sum_and_the_carries_of_adding_on_paper(a, b):
    trace = Trace.of_sum(PERFECT, a, b, num_bits=10)

    columns, carries_in = np.arange(10), (a + b) ^ a ^ b
    np.testing.assert_array_equal(trace.a, a >> columns & 1)
    np.testing.assert_array_equal(trace.b, b >> columns & 1)
    np.testing.assert_array_equal(trace.bits, (a + b) >> columns & 1)
    np.testing.assert_array_equal(trace.carries, carries_in >> columns + 1 & 1)
    np.testing.assert_array_equal(trace.output > 0.5, trace.bits)


@given(NUMBERS, NUMBERS)
def test_a_trace_holds_the_gates_and_states_of_the_equations(a, b):
    w, x = ARBITRARY, encode(a, b, 10)
    trace = Trace.of_sum(w, a, b, num_bits=10)

    h = hidden_states(w, x)[0]
    h_tm1 = np.vstack([np.zeros(4), h[:-1]])
    r, z = (sigmoid(x[0] @ w["W" + gate] + h_tm1 @ w["U" + gate] + w["b" + gate]) for gate in "rz")
    np.testing.assert_allclose(trace.h, h, rtol=0, atol=1e-14)
    np.testing.assert_allclose(trace.output, output(w, x)[0, :, 0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(trace.r, r, rtol=0, atol=1e-14)
    np.testing.assert_allclose(trace.z, z, rtol=0, atol=1e-14)
    np.testing.assert_allclose((1 - z) * h_tm1 + z * trace.candidate, h, rtol=0, atol=1e-14)


def test_a_trace_rounds_the_state_if_the_network_does():
    rounded = hidden_states(ARBITRARY, encode(13, 12, 5), resolution=4)[0]

    np.testing.assert_array_equal(Trace.of_sum(ARBITRARY, 13, 12, 5, resolution=4).h, rounded)


def test_states_are_those_of_the_loop():
    x = np.random.RandomState(1).randint(0, 2, size=(4, 6, 2))
    by_loop = hidden_states(ARBITRARY, x)

    states = follow(Network(ARBITRARY), x)

    np.testing.assert_allclose(states, by_loop, rtol=0, atol=1e-14)


def test_random_states_come_with_the_carries_and_bits_of_true_sums():
    states, carries, bits = random_states(Network(PERFECT), sums=50, columns=30)

    assert states.shape == (1500, 3)
    assert ((states[:, HOLDS_CARRY] > 0) == carries).all()
    np.testing.assert_array_equal(Network(PERFECT).output(states) > 0.5, bits)
    # Of all columns with a carry in, half have a one in the sum.
    assert 0.4 < bits.mean() < 0.6
    assert 0.4 < carries.mean() < 0.6
    # All first columns come first, where only 1 + 1 makes a carry.
    assert carries[:50].mean() < 0.4


@given(st.data(), st.integers(1, 12))
def test_the_best_threshold_is_that_of_trying_all(data, number):
    values = data.draw(st.lists(st.integers(-5, 5), min_size=number, max_size=number))
    carries = np.array(data.draw(st.lists(st.integers(0, 1), min_size=number, max_size=number)))

    thresholds = [value - 0.5 for value in [*values, max(values) + 1]]
    guesses = [np.array(values) > threshold for threshold in thresholds]
    best = max(max((g == carries).mean(), (g != carries).mean()) for g in guesses)
    assert readable_carry(np.array(values)[:, np.newaxis], carries) == pytest.approx([best])
