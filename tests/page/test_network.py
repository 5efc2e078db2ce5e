"""A step of a network is the same in the page and in Python."""

import numpy as np
import numpy_gru
import pytest
from node import run_node

from gru_addition.cells.network import Network
from gru_addition.cells.weights import CELLS
from gru_addition.show import page_data

# 300 steps from random states.
STEPS = """
import { step } from "./numbers/network.js";
result = data.states.map((h, i) => {
  const after = step({ ...data.network, ...data.more }, h, ...data.bits[i]);
  return [...after.h, after.output];
});
"""


def steps(network, states, bits, **more):
    page = page_data(network.weights, "random", "", network.resolution)
    data = {"network": page, "states": states.tolist(), "bits": bits.tolist(), "more": more}
    numbers = np.array(run_node(STEPS, data))
    return numbers[:, :-1], numbers[:, -1]


@pytest.fixture
def drawn():
    """A function that draws a network, states, bits, and which of the four pairs each is."""

    def draw(cell, hidden, resolution=None):
        names = CELLS[cell].layer.OP_SEEDS
        weights = numpy_gru.random_weights(hidden, np.random.RandomState(0), 1, names)
        network = Network(weights, resolution)
        random_state = np.random.RandomState(1)
        states = random_state.uniform(-1, 1, size=(300, network.state_size))
        bits = random_state.randint(0, 2, size=(300, 2))
        return network, states, bits, (np.arange(300), bits @ [2, 1])

    return draw


@pytest.mark.parametrize("resolution", [None, 8])
@pytest.mark.parametrize(
    ("cell", "hidden"),
    [("gru", 16), ("gru", 2), ("elman", 3), ("lstm", 5), ("gru_reset_after", 5)],
)
def test_a_step_is_that_of_python(cell, hidden, resolution, drawn):
    network, states, bits, pairs = drawn(cell, hidden, resolution)

    after, output = steps(network, states, bits)

    h = network.settle(network.steps(states))[pairs]
    np.testing.assert_allclose(after, h, rtol=0, atol=1e-14)
    # An output is a sum of as many products as there are units.
    np.testing.assert_allclose(output, network.output(h), rtol=0, atol=1e-14)


def test_an_update_gate_that_is_one_writes_the_candidate(drawn):
    network, states, bits, pairs = drawn("gru", 16)

    after, _ = steps(network, states, bits, updateGate=1)

    _, _, candidate = network.gates(states)
    np.testing.assert_allclose(after, candidate[pairs], rtol=0, atol=1e-14)
