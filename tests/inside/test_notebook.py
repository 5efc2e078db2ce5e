"""What the notebooks show of the package: its code, and figures with words."""

import struct

import pytest
from matplotlib import pyplot

from gru_addition.inside.notebook import described, show_code
from gru_addition.model import GRU

pytestmark = pytest.mark.quick


def test_a_statement_is_shown_with_the_comment_above_it_and_nothing_else():
    shown = show_code(GRU.forward_pass, "h_proposal =").data

    lines = shown.split("```python\n")[1].split("\n```")[0].splitlines()
    assert lines[0].startswith("# The candidate state")
    assert lines[1] == "h_proposal = tf.tanh("
    assert lines[-1] == ")"
    assert len(lines) == 4


def test_a_statement_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="beginning must be the start of a statement, not 'y_t ='"):
        show_code(GRU.forward_pass, "y_t =")


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
