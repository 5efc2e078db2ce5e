"""Pictures of sums, networks, memories and answers show what a loop or a count says."""

import numpy as np
import numpy_gru
import pytest
from matplotlib.figure import Figure

from gru_addition.cells.machine import ADDITION
from gru_addition.cells.network import Network
from gru_addition.inside.answers import draw_all_sums
from gru_addition.inside.figures import MAPS, trace_figure
from gru_addition.inside.memory import draw_units
from gru_addition.inside.portraits import WRONG, draw_machine
from gru_addition.inside.traces import Trace

pytestmark = pytest.mark.quick
WEIGHTS = numpy_gru.random_weights(3, np.random.RandomState(0))


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_the_heat_maps_are_those_of_the_trace_below_its_digits():
    trace = Trace.of_sum(WEIGHTS, 5, 3, num_bits=4)

    digits, *maps = [axes for axes in trace_figure(trace).axes if axes.get_label() != "<colorbar>"]

    for axes, name in zip(maps, MAPS, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), getattr(trace, name).T)
    # 5 and 3, their sum, the network's answer, and the carries, the lowest bit first.
    shown = "".join(text.get_text() for text in digits.texts)
    assert shown[:12] == "1010" + "1100" + "0001"
    assert shown[16:] == "1110"
    is_wrong = [text.get_color() == WRONG for text in digits.texts[12:16]]
    assert is_wrong == list((trace.output > 0.5) != trace.bits)


def test_the_machine_of_adding_is_drawn_with_what_it_reads_and_writes(axes):
    draw_machine(axes, ADDITION)

    words = [text.get_text() for text in axes.texts if text.get_text()]
    assert words == ["no carry", "0+0 / 0\n0+1 / 1\n1+0 / 1", "1+1 / 0", "carry", "0+0 / 1",
                     "0+1 / 0\n1+0 / 0\n1+1 / 1"]  # fmt: skip


def test_the_units_that_move_most_are_named_and_all_are_drawn(axes):
    x = np.array([[[1, 1]] + [[1, 0]] * 150])
    states = numpy_gru.hidden_states(WEIGHTS, x)[0]
    moves = np.ptp(states[10:], axis=0)

    draw_units(axes, Network(WEIGHTS))

    drawn = np.array([line.get_ydata() for line in axes.lines])
    assert len(drawn) == 3
    for unit in range(3):
        assert abs(drawn - states[:, unit]).max(axis=1).min() < 1e-13
    _, labels = axes.get_legend_handles_labels()
    assert labels == [f"unit {unit}" for unit in np.argsort(-moves) if moves[unit] > 0.02]


def test_wrong_sums_are_crossed_and_trained_ones_have_a_dot(axes):
    are_wrong = np.array([[0, 1, np.nan], [0, 0, np.nan], [0, np.nan, np.nan]])

    draw_all_sums(axes, are_wrong, {(0, 0), (2, 0)})

    assert [text.get_position() for text in axes.texts] == [(0.5, 1.45)]
    assert axes.collections[1].get_offsets().tolist() == [[0.5, 0.5], [2.5, 0.5]]
