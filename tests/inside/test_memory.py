"""Pictures of memories and answers show what a loop or a count says."""

import numpy as np
import numpy_gru
import pytest
from matplotlib.figure import Figure

from gru_addition.inside.answers import draw_all_sums, draw_shares
from gru_addition.inside.balls import ball_step_figure, states_in_ball
from gru_addition.inside.memory import draw_mixtures, draw_units, memories_figure
from gru_addition.inside.traces import follow
from gru_addition.proof.network import Network

pytestmark = pytest.mark.quick


@pytest.fixture
def axes():
    return Figure().add_subplot()


@pytest.fixture
def weights():
    return numpy_gru.random_weights(3, np.random.RandomState(0))


def test_states_are_those_of_the_loop_from_zeros_or_given_states(weights):
    x = np.random.RandomState(1).randint(0, 2, size=(4, 6, 2))
    by_loop = numpy_gru.hidden_states(weights, x)

    states = follow(Network(weights), x)

    np.testing.assert_allclose(states, by_loop, rtol=0, atol=1e-14)
    later = follow(Network(weights), x[:, 2:], states[:, 1])
    np.testing.assert_allclose(later, by_loop[:, 2:], rtol=0, atol=1e-14)


def test_the_units_that_move_most_are_named_and_all_are_drawn(axes, weights):
    x = np.array([[[1, 1]] + [[1, 0]] * 150])
    states = numpy_gru.hidden_states(weights, x)[0]
    moves = np.ptp(states[10:], axis=0)

    draw_units(axes, Network(weights))

    drawn = np.array([line.get_ydata() for line in axes.lines])
    assert len(drawn) == 3
    for unit in range(3):
        assert abs(drawn - states[:, unit]).max(axis=1).min() < 1e-13
    _, labels = axes.get_legend_handles_labels()
    expected = [f"unit {unit}" for unit in np.argsort(-moves) if moves[unit] > 0.02]
    assert labels == expected


def test_mixtures_begin_between_no_carry_and_carry(axes, weights):
    network = Network(weights)
    ends = [
        numpy_gru.hidden_states(weights, np.array([[pair] * 4]))[0, -1] for pair in ([0, 0], [1, 1])
    ]

    draw_mixtures(axes, network)

    assert len(axes.lines) == 11
    for share, line in ((0, axes.lines[0]), (0.5, axes.lines[5]), (1, axes.lines[10])):
        h = (1 - share) * ends[0] + share * ends[1]
        expected = network.output(network.steps(h[np.newaxis])[0, 2])
        assert line.get_ydata()[0] == pytest.approx(expected, abs=1e-12)


def test_a_dial_keeps_errors_a_worn_switch_slips_and_a_switch_holds():
    dial, worn, switch = (
        np.array([line.get_ydata()[-1] for line in axes.lines]) for axes in memories_figure().axes
    )

    assert len(np.unique(dial.round(1))) > 5
    assert (worn > 0.9).all()
    assert ((switch < 0.1) | (switch > 0.9)).all()
    assert switch[0] < 0.1
    assert switch[-1] > 0.9


def test_shares_count_the_sums_whose_first_wrong_column_is_not_below_the_length(axes):
    draw_shares(axes, {"random": np.array([3, 1, 4, 4])})

    (line,) = axes.lines
    assert line.get_xdata().tolist() == [1, 2, 3, 4]
    assert line.get_ydata().tolist() == [1, 0.75, 0.75, 0.5]


def test_wrong_sums_are_crossed_and_trained_ones_have_a_dot(axes):
    are_wrong = np.array([[0, 1, np.nan], [0, 0, np.nan], [0, np.nan, np.nan]])

    draw_all_sums(axes, are_wrong, {(0, 0), (2, 0)})

    assert [text.get_position() for text in axes.texts] == [(0.5, 1.45)]
    dots = axes.collections[1].get_offsets()
    assert dots.tolist() == [[0.5, 0.5], [2.5, 0.5]]


def test_states_drawn_from_a_ball_fill_it_and_land_where_the_steps_lead():
    weights = numpy_gru.random_weights(2, np.random.RandomState(0))
    network = Network(weights)
    certificate = {
        "states": np.array([[0, 0], [0.5, 0], [-0.5, 0]]),
        "radii": np.array([0, 0.1, 0.2]),
        "carries": np.array([0, 0, 1]),
        "targets": np.array([[1, 1, 1, 2]] * 3),
    }
    drawn = states_in_ball([0.5, 0], 0.1, 1000, np.random.RandomState(0))
    distances = np.linalg.norm(drawn - [0.5, 0], axis=1)
    assert distances.max() <= 0.1
    # Evenly: within half the radius lies a quarter of the area.
    assert 0.2 < (distances < 0.05).mean() < 0.3

    above, *below = ball_step_figure(network, certificate, 1, drawn).axes

    np.testing.assert_array_equal(above.collections[0].get_offsets(), drawn)
    for pair, axes in enumerate(below):
        landed = network.steps(drawn)[:, pair]
        np.testing.assert_array_equal(axes.collections[0].get_offsets(), landed)
    numbers = [axes.texts[0].get_text() for axes in (above, *below)]
    assert numbers == ["1", "1", "1", "1", "2"]
