"""The pictures of the GRU show what its step computes from what."""

import numpy as np
import pytest

from gru_addition.inside.cell import ARROWS, BOXES, cell_figure, functions_figure


@pytest.mark.quick
def test_the_arrows_are_those_of_the_equations():
    inputs = {target: {source for source, to, _ in ARROWS if to == target} for target in BOXES}

    assert inputs == {
        "h before": set(),
        "x": set(),
        "z": {"x", "h before"},
        "r": {"x", "h before"},
        "times r": {"r", "h before"},
        "candidate": {"x", "times r"},
        "times 1 - z": {"z", "h before"},
        "times z": {"z", "candidate"},
        "plus": {"times 1 - z", "times z"},
        "h": {"plus"},
    }
    (axes,) = cell_figure().axes
    assert len(axes.patches) == len(ARROWS)
    words = [text.get_text() for text in axes.texts]
    assert {text for *_, text in BOXES.values()} | {word for *_, word in ARROWS} == set(words)


@pytest.mark.quick
def test_the_functions_are_drawn():
    sigmoid, tanh = (axes.get_lines()[0] for axes in functions_figure().axes)

    x = sigmoid.get_xdata()
    # sigmoid(x) = (1 + tanh(x / 2)) / 2
    np.testing.assert_allclose(sigmoid.get_ydata(), (1 + np.tanh(x / 2)) / 2)
    np.testing.assert_allclose(tanh.get_ydata(), np.tanh(x))
