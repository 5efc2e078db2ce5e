"""Networks of two units: fixed points, whose basin is where, and where a ball's states land."""

import numpy as np
import numpy_gru
import pytest

from gru_addition.cells.network import Network
from gru_addition.inside.phase import ball_step_figure, fixed_points, phase_figure, states_in_ball
from gru_addition.inside.traces import Trace

CERTIFICATE = {
    "states": np.array([[0, 0], [-1.0, 0], [1.0, 0]]),
    "radii": np.array([0, 0.1, 0.2]),
    "memories": np.array([0, 0, 1]),
    "targets": np.array([[1, 1, 1, 2]] * 3),
    "norm": np.eye(2),
}


@pytest.fixture
def latch():
    """Weights of a GRU whose unit 0 keeps the sign it has, unless both bits are alike."""
    weights = numpy_gru.random_weights(2, np.random.RandomState(0))
    weights = {name: np.zeros_like(weight) for name, weight in weights.items()}
    weights["bz"][:] = weights["br"][:] = 20
    weights["Uh"][:] = np.diag([2.0, 0.0])
    # 1 + 1 sets it, 0 + 0 resets it.
    weights["Wh"][:, 0], weights["bh"][0] = 3, -3
    return weights


@pytest.mark.quick
def test_a_latch_has_two_stable_points_for_unlike_bits_and_one_for_like_ones(latch):
    network = Network(latch)
    # The solutions of h = tanh(2 h) are 0, where it is unstable, and these.
    high = 0.9575040240772687

    for pair, expected in enumerate([1, 3, 3, 1]):
        points, are_stable = fixed_points(network, pair)

        assert len(points) == expected
        np.testing.assert_allclose(network.steps(points)[:, pair], points, atol=1e-8)
        if expected == 3:
            order = points[:, 0].argsort()
            np.testing.assert_allclose(points[order, 0], [-high, 0, high], atol=1e-6)
            assert are_stable[order].tolist() == [True, False, True]
        else:
            assert are_stable.all()
            assert np.sign(points[0, 0]) == (1 if pair == 3 else -1)


def test_the_figure_has_a_panel_for_each_pair_and_the_steps_of_a_sum(latch):
    figure = phase_figure(Network(latch), CERTIFICATE, Trace.of_sum(latch, 13, 12, 5))

    titles = [axes.get_title() for axes in figure.axes]
    keeps = "keeps the carry"
    assert titles == ["0+0 clears the carry", f"0+1 {keeps}", f"1+0 {keeps}", "1+1 sets the carry"]
    texts = [[text.get_text() for text in axes.texts if text.get_text()] for axes in figure.axes]
    # The names of the basins, and the numbers of the balls.
    names = [["no carry"], ["no carry", "carry"], ["no carry", "carry"], ["carry"]]
    # The columns of 13 + 12, from the lowest, hold 1+0, 0+0, 1+1, 1+1 and 0+0.
    columns = [["column 1", "column 4"], [], ["column 0"], ["column 2", "column 3"]]
    expected = [names[pair] + ["0", "1", "2"] + columns[pair] for pair in range(4)]
    assert texts == expected
    widths = [patch.width for patch in figure.axes[0].patches[:3]]
    np.testing.assert_allclose(widths, [0, 0.2, 0.4])


@pytest.mark.quick
def test_states_drawn_from_a_ball_fill_it_and_land_where_the_steps_lead():
    network = Network(numpy_gru.random_weights(2, np.random.RandomState(0)))
    drawn = states_in_ball([-1, 0], 0.1, 1000, np.random.RandomState(0))
    distances = np.linalg.norm(drawn - [-1, 0], axis=1)
    assert distances.max() <= 0.1
    # Evenly: within half the radius lies a quarter of the area.
    assert 0.2 < (distances < 0.05).mean() < 0.3

    above, *below = ball_step_figure(network, CERTIFICATE, 1, drawn).axes

    np.testing.assert_array_equal(above.collections[0].get_offsets(), drawn)
    for pair, axes in enumerate(below):
        landed = network.steps(drawn)[:, pair]
        np.testing.assert_array_equal(axes.collections[0].get_offsets(), landed)
    numbers = [axes.texts[0].get_text().strip() for axes in (above, *below)]
    assert numbers == ["1", "1", "1", "1", "2"]
    labels = {(axes.get_xlabel(), axes.get_ylabel()) for axes in (above, *below)}
    assert labels == {("unit 0", "unit 1")}
