"""What happens inside a network: traces, carries read and transplanted, pictures."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy_gru import hidden_states, output, perfect_weights, random_weights, sigmoid

from gru_addition.dataset import encode
from gru_addition.inside.figures import MAPS, step_figure, trace_figure
from gru_addition.inside.portraits import WRONG
from gru_addition.inside.stepper import Stepper
from gru_addition.inside.traces import Trace, random_states, readable_carry, transplanted_carry
from gru_addition.proof.network import Network

NUMBERS = st.integers(0, 500)
# It adds correctly, and its second unit alone holds the carry.
PERFECT = perfect_weights()
HOLDS_CARRY = 1
ARBITRARY = random_weights(4, np.random.RandomState(0))


@given(NUMBERS, NUMBERS)
def test_a_trace_holds_the_bits_of_the_sum_and_the_carries_of_adding_on_paper(a, b):
    trace = Trace.of_sum(PERFECT, a, b, num_bits=10)

    carries_in = (a + b) ^ a ^ b
    for column in range(10):
        assert trace.a[column] == a >> column & 1
        assert trace.b[column] == b >> column & 1
        assert trace.bits[column] == (a + b) >> column & 1
        assert trace.carries[column] == carries_in >> (column + 1) & 1
        assert (trace.output[column] > 0.5) == trace.bits[column]


@given(NUMBERS, NUMBERS)
def test_a_trace_holds_the_gates_and_states_of_the_equations(a, b):
    w, x = ARBITRARY, encode(a, b, 10)
    trace = Trace.of_sum(w, a, b, num_bits=10)

    h = hidden_states(w, x)[0]
    np.testing.assert_allclose(trace.h, h, rtol=0, atol=1e-14)
    np.testing.assert_allclose(trace.output, output(w, x)[0, :, 0], rtol=0, atol=1e-14)
    h_tm1 = np.vstack([np.zeros(4), h[:-1]])
    r = sigmoid(x[0] @ w["Wr"] + h_tm1 @ w["Ur"] + w["br"])
    np.testing.assert_allclose(trace.r, r, rtol=0, atol=1e-14)
    z = sigmoid(x[0] @ w["Wz"] + h_tm1 @ w["Uz"] + w["bz"])
    np.testing.assert_allclose(trace.z, z, rtol=0, atol=1e-14)
    np.testing.assert_allclose((1 - z) * h_tm1 + z * trace.candidate, h, rtol=0, atol=1e-14)


def test_a_trace_has_no_room_for_a_sum_that_needs_more_bits():
    with pytest.raises(ValueError, match="num must fit in final_size, 3 bits, not 13"):
        Trace.of_sum(PERFECT, 13, 1, num_bits=3)


def test_random_states_come_with_the_carries_and_bits_of_true_sums():
    states, carries, bits = random_states(Network(PERFECT), sums=50, columns=30)

    assert states.shape == (1500, 3)
    assert ((states[:, HOLDS_CARRY] > 0) == carries).all()
    np.testing.assert_array_equal(Network(PERFECT).output(states) > 0.5, bits)
    # Of all columns with a carry in, half have a one in the sum.
    assert 0.4 < bits.mean() < 0.6
    assert 0.4 < carries.mean() < 0.6


@given(st.data(), st.integers(1, 12))
def test_the_best_threshold_is_that_of_trying_all(data, number):
    values = data.draw(st.lists(st.integers(-5, 5), min_size=number, max_size=number))
    carries = np.array(data.draw(st.lists(st.integers(0, 1), min_size=number, max_size=number)))

    thresholds = [value - 0.5 for value in [*values, max(values) + 1]]
    guesses = [np.array(values) > threshold for threshold in thresholds]
    best = max(max((g == carries).mean(), (g != carries).mean()) for g in guesses)
    assert readable_carry(np.array(values)[:, np.newaxis], carries) == pytest.approx([best])


def test_the_carry_is_read_from_the_unit_that_holds_it():
    share = readable_carry(*random_states(Network(PERFECT))[:2])

    assert share[HOLDS_CARRY] == 1
    assert max(share[0], share[2]) < 1


@pytest.mark.parametrize(
    ("units", "share"), [([], 0), ([0, 2], 0), ([HOLDS_CARRY], 1), (range(3), 1)]
)
def test_a_carry_is_transplanted_with_the_unit_that_holds_it_and_no_other(units, share):
    network = Network(PERFECT)
    states, carries, _ = random_states(network)
    with_carry, without = states[carries == 1][:500], states[carries == 0][:500]

    assert transplanted_carry(network, without, with_carry, np.ones(500, int), units) == share
    assert transplanted_carry(network, with_carry, without, np.zeros(500, int), units) == share


@pytest.mark.parametrize("units", [[3], [-1]])
def test_a_unit_that_does_not_exist_is_named(units):
    states = np.zeros((1, 3))

    with pytest.raises(ValueError, match=rf"units must lie between 0 and 2, not \[{units[0]}\]"):
        transplanted_carry(Network(PERFECT), states, states, np.zeros(1, int), units)


def test_the_heat_maps_are_those_of_the_trace_with_units_in_the_order_given():
    trace = Trace.of_sum(ARBITRARY, 5, 3, num_bits=4)
    figure = trace_figure(trace, units=[2, 0, 3, 1])

    digits, *maps = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    for axes, name in zip(maps, MAPS, strict=True):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), getattr(trace, name)[:, [2, 0, 3, 1]].T)
        assert [label.get_text() for label in axes.get_yticklabels()] == ["2", "0", "3", "1"]
    # 5 and 3, their sum, the network's answer, and the carries, the lowest bit first.
    shown = "".join(text.get_text() for text in digits.texts)
    assert shown[:12] == "1010" + "1100" + "0001"
    assert shown[16:] == "1110"
    written = trace.output > 0.5
    assert [text.get_color() == WRONG for text in digits.texts[12:16]] == list(
        written != trace.bits
    )


def test_the_picture_of_a_column_says_whether_the_bit_is_right():
    for weights in ARBITRARY, PERFECT:
        trace = Trace.of_sum(weights, 5, 3, num_bits=4)
        for column in range(4):
            figure = step_figure(trace, column)
            is_right = (trace.output[column] > 0.5) == trace.bits[column]
            title = figure.get_suptitle()
            assert title.startswith(
                f"Column {column} (0 to 3): the output is {trace.output[column]:.2f}"
            )
            assert title.endswith("right" if is_right else "wrong")
    for column in 4, -1:
        with pytest.raises(IndexError, match=f"column must lie between 0 and 3, not {column}"):
            step_figure(trace, column)


def test_the_control_follows_its_numbers_and_its_slider():
    stepper = Stepper(PERFECT, a=3, b=1, column=2)
    pictures = [stepper.picture.value]

    def is_new_picture():
        pictures.append(stepper.picture.value)
        return len(set(pictures)) == len(pictures)

    # 3 + 1 needs three columns, and one is added.
    assert (stepper.column.max, stepper.column.value) == (3, 2)
    stepper.column.value = 3
    assert is_new_picture()
    stepper.a.value = 100
    assert is_new_picture()
    assert (stepper.column.max, stepper.column.value) == (7, 3)
    # Shorter numbers no longer have such a column.
    stepper.a.value = stepper.b.value = 0
    assert is_new_picture()
    assert (stepper.column.max, stepper.column.value) == (0, 0)


@pytest.mark.parametrize("arguments", [{"a": 70_000}, {"b": -1}, {"column": 6}])
def test_the_control_begins_with_nothing_that_it_cannot_show(arguments):
    with pytest.raises(ValueError, match=f"^{next(iter(arguments))} must be"):
        Stepper(PERFECT, **arguments)


def test_where_there_is_no_kernel_the_control_is_a_picture():
    stepper = Stepper(PERFECT)
    data, metadata = stepper._repr_mimebundle_()

    assert base64.b64decode(data["image/png"]) == stepper.picture.value
    assert bytes(stepper.picture.value).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["width"] == 720
