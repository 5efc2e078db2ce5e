"""Figures with words, as the notebooks show them."""

import struct

import pytest
from matplotlib import pyplot

from gru_addition.inside.notebook import described

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("inches", [4, 8])
def test_a_described_figure_has_its_words_one_width_and_twice_the_pixels(inches):
    figure, axes = pyplot.subplots(figsize=(inches, 2))
    axes.plot([1, 2])

    image = described(figure, "A line that <rises> from 1 to 2")

    _, metadata = image._repr_png_()
    assert metadata == {"width": 800, "alt": "A line that <rises> from 1 to 2"}
    # A PNG file has its width here.
    assert struct.unpack(">I", image.data[16:20]) == (1600,)
    # Or the notebook would show it a second time.
    assert not pyplot.fignum_exists(figure.number)
