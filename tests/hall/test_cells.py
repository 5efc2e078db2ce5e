"""Other cells than the GRU: they are those of Keras, and all that a GRU can do they can do."""

import numpy as np
import numpy_gru
import pytest

from gru_addition import variants
from gru_addition.add import Adder
from gru_addition.config import STATES_PER_UNIT, Config
from gru_addition.engines.compiled import loss_of
from gru_addition.export import export
from gru_addition.model import AdditionModel, tf
from gru_addition.proof.cover import jacobians
from gru_addition.proof.network import Network
from gru_addition.prove import prove
from gru_addition.runs.weights import GATES, cell_of
from gru_addition.train import Run, train
from gru_addition.variants import CELLS
from gru_addition.verify import RefusedError, verify

OTHERS = "elman", "lstm"
HIDDEN = 5


def random_weights(cell, scale=0.7):
    return numpy_gru.random_weights(HIDDEN, np.random.RandomState(0), scale, GATES[cell])


def perfect_weights(cell):
    """Weights set by hand with which a cell of three units adds; see `numpy_gru`."""
    gru = numpy_gru.perfect_weights()
    output = {name: gru[name] for name in ("W_output", "b_output")}
    if cell == "elman":
        return {name: gru[name] for name in ("Wh", "Uh", "bh")} | output
    names = [kind + gate for kind in "WUb" for gate in GATES["lstm"]]
    weights = {name: np.zeros_like(gru[f"{name[0]}h"]) for name in names}
    # With these gates open, and nothing kept, h_t is tanh(tanh(...)).
    weights["bi"][:], weights["bf"][:], weights["bo"][:] = 1000, -1000, 1000
    weights["Wc"], weights["Uc"], weights["bc"] = gru["Wh"], gru["Uh"], gru["bh"]
    return weights | {"W_output": output["W_output"] / np.tanh(1), "b_output": output["b_output"]}


@pytest.mark.quick
@pytest.mark.parametrize("cell", OTHERS)
def test_the_states_are_those_of_keras(cell):
    import keras

    weights, x = random_weights(cell), np.random.RandomState(1).normal(size=(4, 9, 2))
    layer = {"elman": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}[cell](
        HIDDEN, return_sequences=True, dtype="float64"
    )
    layer.build(x.shape)
    # Keras has the gates side by side, in this order.
    order = {"elman": "h", "lstm": "ifco"}[cell]
    layer.set_weights([np.concatenate([weights[k + g] for g in order], axis=-1) for k in "WUb"])
    with tf.Graph().as_default(), tf.Session() as session:
        model, feed = AdditionModel.for_weights(weights, CELLS[cell])
        session.run(tf.global_variables_initializer(), feed)
        states = session.run(model.gru.h_t, {model.gru.input_layer: x})

    np.testing.assert_allclose(states[..., :HIDDEN], layer(x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(session_free_steps(weights, x), states, rtol=0, atol=1e-12)


def session_free_steps(weights, x):
    """The states (batch, time, state_size) by the proofs' own formula."""
    network = Network(weights)
    h, states = np.zeros((len(x), network.state_size)), []
    for x_t in x.transpose(1, 0, 2):
        network.from_input = {
            gate: x_t @ weights["W" + gate] + weights["b" + gate] for gate in GATES[network.cell]
        }
        # Each state is followed by its own input.
        h = network.steps(h)[np.arange(len(x)), np.arange(len(x))]
        states.append(h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize("cell", OTHERS)
def test_both_engines_train_it_alike(cell):
    settings = {"cell": cell, "iterations": 30, "hidden_size": HIDDEN, "jacobian_penalty": 0.01}
    settings |= {"state_noise": 0.1}

    runs = {engine: train(Config(**settings, engine=engine)) for engine in ("compiled", "session")}

    losses = [[run.history.train_losses, run.history.validation_losses] for run in runs.values()]
    np.testing.assert_allclose(*losses, rtol=1e-10)
    assert losses[0][1][-1] < losses[0][1][0]


@pytest.mark.quick
@pytest.mark.parametrize("cell", OTHERS)
def test_the_loss_of_the_compiled_engine_is_that_of_the_graph(cell):
    random_state = np.random.RandomState(1)
    x = random_state.randint(0, 2, size=(4, 9, 2)).astype(float)
    y = random_state.randint(0, 2, size=(4, 9, 1)).astype(float)
    with tf.Graph().as_default(), tf.Session() as session:
        model, feed = AdditionModel.for_weights(random_weights(cell), CELLS[cell])
        session.run(tf.global_variables_initializer(), feed)
        loss = loss_of(model, tf.constant(x), tf.constant(y))
        feed = {model.gru.input_layer: x, model.expected_output: y}
        losses = session.run([loss, model.loss], feed)

    np.testing.assert_allclose(*losses, rtol=1e-12)


@pytest.mark.quick
@pytest.mark.parametrize("cell", OTHERS)
def test_the_names_of_the_weights_tell_the_cell(cell):
    assert cell_of(random_weights(cell)) == cell
    assert STATES_PER_UNIT[cell] == CELLS[cell].STATES_PER_UNIT
    with tf.Graph().as_default():
        model, _ = variants.trained_model(random_weights(cell), resolution=3)
    assert isinstance(model.gru, CELLS[cell])


@pytest.mark.parametrize("cell", OTHERS)
def test_a_run_is_saved_resumed_asked_and_exported(cell, tmp_path):
    settings = {"cell": cell, "hidden_size": HIDDEN, "engine": "session"}
    settings |= {"state_noise": 0.1, "checkpoint_every": 2}
    whole = train(Config(**settings, iterations=4)).weights

    train(Config(**settings, iterations=2), tmp_path / "run")
    train(Config(**settings, iterations=4), tmp_path / "run", resume=True)

    restored = Run.restore(tmp_path / "run")
    assert restored.config.cell == cell
    for name, weight in whole.items():
        np.testing.assert_array_equal(restored.weights[name], weight)
    export(whole, tmp_path / "saved")
    with pytest.raises(ValueError, match=f"a resumed run must have cell {cell}, not cell gru"):
        train(Config(**settings | {"cell": "gru"}, iterations=6), tmp_path / "run", resume=True)


@pytest.mark.parametrize("cell", OTHERS)
@pytest.mark.parametrize("resolution", [None, 1])
def test_weights_set_by_hand_are_proved_right(cell, resolution):
    weights = perfect_weights(cell)
    adder = Adder.from_weights(weights, resolution)
    assert adder.add(2**70 - 1, 1) == 2**70

    proof = prove(weights, resolution)

    assert (proof.verdict, proof.tried) == ("proved", ())
    verify(proof.certificate, weights, resolution)
    damaged = weights | {"W_output": -weights["W_output"]}
    with pytest.raises(RefusedError, match="other weights"):
        verify(proof.certificate, damaged, resolution)
    with pytest.raises(RefusedError, match="the output of state 1 may be wrong"):
        verify(proof.certificate | damaged, damaged, resolution)


@pytest.mark.parametrize("cell", OTHERS)
def test_networks_that_do_not_add_are_refuted(cell):
    proof = prove(random_weights(cell))

    assert proof.verdict == "refuted"
    wrong = proof.wrong_sum
    adder = Adder.from_weights(random_weights(cell))
    assert adder.add(wrong.a, wrong.b, wrong.num_bits) == proof.answer != wrong.total


@pytest.mark.quick
@pytest.mark.parametrize("cell", OTHERS)
def test_the_jacobian_of_a_step_is_that_of_differences(cell):
    network = Network(random_weights(cell))
    h = np.random.RandomState(1).uniform(-1, 1, (1, network.state_size))

    rows = [
        (network.steps(h + unit) - network.steps(h - unit))[0] / 2e-6
        for unit in 1e-6 * np.eye(network.state_size)
    ]

    # A matrix for each pair of bits, with a row for each number of the state before.
    np.testing.assert_allclose(jacobians(network, h), np.stack(rows, axis=1), atol=1e-8)
