"""The phase portrait of a network of two units shows its fixed points and whose basin is where."""

import numpy as np
import numpy_gru
import pytest

from gru_addition.inside.phase import fixed_points, phase_figure
from gru_addition.inside.traces import Trace
from gru_addition.proof.network import Network


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
    states = np.array([[0, 0], [-1.0, 0], [1.0, 0]])
    certificate = {
        "states": states,
        "radii": np.array([0, 0.1, 0.2]),
        "carries": np.array([0, 0, 1]),
        "norm": np.eye(2),
    }

    figure = phase_figure(Network(latch), certificate, Trace.of_sum(latch, 13, 12, 5))

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
