"""What the notebooks show of the package: its code, and the graph as a picture."""

import struct

import pytest
from matplotlib import pyplot

from gru_addition.dataset import as_bytes
from gru_addition.inside.code import show_code
from gru_addition.inside.described import described
from gru_addition.inside.diagram import BOXES, VARIABLE, edges, graph_figure
from gru_addition.model import GRU, AdditionModel, tf

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def model():
    with tf.Graph().as_default():
        return AdditionModel(hidden_size=7, seed=0)


def test_the_arrows_are_what_the_tutorials_code_computes_from_what(model):
    assert set(edges(model)) == {
        ("input", "x_t"),
        ("x_t", "h_0"),
        ("x_t", "h_t_transposed"),
        ("h_0", "h_t_transposed"),
        ("weights", "h_t_transposed"),
        ("h_t_transposed", "h_t"),
        ("h_t", "output"),
        ("output weights", "output"),
        ("output", "loss"),
        ("expected_output", "loss"),
        ("loss", "train_step"),
    }


def test_the_boxes_have_the_names_of_the_graph_and_its_shapes(model):
    gru = model.gru
    for tensor in gru.input_layer, gru.x_t, gru.h_0, gru.h_t, model.expected_output:
        name = tensor.op.name
        *_, content = BOXES[name]
        axes = content.split("(")[1].rstrip(")").split(", ")
        assert len(axes) == tensor.shape.rank
        size = tensor.shape.as_list()[-1]
        assert axes[-1] == ("{hidden}" if size == 7 else str(size))


def test_the_picture_has_all_boxes_and_arrows(model):
    (axes,) = graph_figure(model).axes
    texts = [text.get_text().replace("\\_", "_") for text in axes.texts]

    assert len(axes.patches) == len(edges(model)) + 2
    for name, (_, _, color, _) in BOXES.items():
        assert color == VARIABLE or any(f"{{{name}}}" in text for text in texts)
    assert all(weight in "".join(texts) for weight in model.weights)
    assert "(batch, time, 7)" in "".join(texts)


def test_a_model_that_is_not_trained_has_no_such_picture():
    with tf.Graph().as_default():
        untrained = AdditionModel(learning_rate=None)

    with pytest.raises(ValueError, match="model must be one that is to be trained"):
        graph_figure(untrained)


def test_code_is_shown_as_it_is_in_the_package():
    shown = show_code(as_bytes).data

    assert "```python\ndef as_bytes(num, final_size):\n" in shown
    assert shown.rstrip().endswith("return _bits([num], final_size)[0].tolist()\n```\n\n</div>")


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
