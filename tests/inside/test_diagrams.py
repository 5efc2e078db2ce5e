"""The picture of the graph shows what is computed from what."""

import runpy

import pytest
from common import ROOT

from gru_addition.model import AdditionModel, tf

PICTURES = runpy.run_path(str(ROOT / "examples" / "pictures.py"))

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def tensors():
    """The tensors of the tutorial's model that each box of the graph stands for."""
    with tf.Graph().as_default():
        model = AdditionModel(seed=0)
    gru = model.gru
    return {
        "input": [gru.input_layer],
        "x_t": [gru.x_t],
        "h_0": [gru.h_0],
        "weights": list(gru.weights.values()),
        "h_t_transposed": [gru.h_t_transposed],
        "h_t": [gru.h_t],
        "output weights": [model.W_output, model.b_output],
        "output": [model.output],
        "expected_output": [model.expected_output],
        "loss": [model.loss],
    }


def test_the_arrows_are_what_is_computed_from_what_without_a_third(tensors):
    name_of = {tensor.op: name for name, several in tensors.items() for tensor in several}
    found = set()
    for op, name in name_of.items():
        met, to_visit = set(), list(op.inputs)
        while to_visit:
            source = to_visit.pop().op
            if source in name_of:
                found.add((name_of[source], name))
            elif source not in met:
                met.add(source)
                to_visit += source.inputs

    assert found | {("loss", "train_step")} == set(PICTURES["GRAPH_ARROWS"])


def test_the_boxes_have_the_names_of_the_graph_and_its_shapes(tensors):
    for name in "input", "x_t", "h_0", "h_t", "expected_output":
        (tensor,) = tensors[name]
        axes = PICTURES["GRAPH"][name][3].split("(")[1].rstrip(")").split(", ")
        assert tensor.op.name == name
        assert len(axes) == tensor.shape.rank
        assert axes[-1] == str(tensor.shape.as_list()[-1])
