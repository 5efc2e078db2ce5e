"""The cells besides the tutorial's, and what changes any cell: noise, a penalty, a rounded state.

The oracles are Keras for the cells, the NumPy loop for the rest.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy_gru
import pytest

from gru_addition.add import Adder
from gru_addition.cells import noisy as noisy_module
from gru_addition.cells.gru import GRU
from gru_addition.cells.models import model_for, trained_model
from gru_addition.cells.network import A, B, Network, step_error
from gru_addition.cells.noisy import SMALL_CHANGE, noisy
from gru_addition.cells.penalty import PenalisedModel
from gru_addition.cells.rounded import rounded
from gru_addition.cells.weights import CELLS, cell_of
from gru_addition.config import Config
from gru_addition.dataset import generate_batch
from gru_addition.engines.compiled import loss_of
from gru_addition.engines.export import export
from gru_addition.model import AdditionModel, Cell
from gru_addition.prove import prove
from gru_addition.support import tf
from gru_addition.train import Run, train
from gru_addition.verify import CELLS as EQUATIONS
from gru_addition.verify import FUNCTION_ERROR, RefusedError, _Network, verify

OTHERS = "elman", "lstm", "gru_reset_after"
BATCH, TIME, HIDDEN = 6, 9, 5


def random_weights(cell="gru", scale=0.7):
    names = CELLS[cell].layer.OP_SEEDS
    return numpy_gru.random_weights(HIDDEN, np.random.RandomState(0), scale, names)


def perfect_weights(cell):
    """Weights set by hand with which a cell of three units adds; see `numpy_gru`."""
    gru = numpy_gru.perfect_weights()
    output = {name: gru[name] for name in ("W_output", "b_output")}
    if cell == "gru":
        return gru
    if cell == "elman":
        return {name: gru[name] for name in ("Wh", "Uh", "bh")} | output
    if cell == "gru_reset_after":
        # Its half-open reset gate halves what comes from the state, and the bias beside it.
        return gru | {
            "br": 0 * gru["br"], "Uh": 2 * gru["Uh"], "bh": gru["bh"] + 7, "bu": np.full(3, -14.0)
        }  # fmt: skip
    names = [kind + gate for kind in "WUb" for gate in CELLS["lstm"].gates]
    weights = {name: np.zeros_like(gru[f"{name[0]}h"]) for name in names}
    # With these gates open, and nothing kept, h_t is tanh(tanh(...)).
    weights["bi"][:], weights["bf"][:], weights["bo"][:] = 1000, -1000, 1000
    weights["Wc"], weights["Uc"], weights["bc"] = gru["Wh"], gru["Uh"], gru["bh"]
    return weights | {"W_output": output["W_output"] / np.tanh(1), "b_output": output["b_output"]}


@pytest.fixture
def drawn():
    """Operands, noise and sums."""
    random_state = np.random.RandomState(1)
    x = random_state.randint(0, 2, size=(BATCH, TIME, 2)).astype(float)
    noise = random_state.uniform(-1, 1, (BATCH, TIME, HIDDEN))
    return x, noise, random_state.randint(0, 2, size=(BATCH, TIME, 1)).astype(float)


def build(session, weights, cell, model=AdditionModel, **options):
    """A model with the given cell and weights."""
    model = model(HIDDEN, learning_rate=None, cell=cell, **options)
    session.run(tf.global_variables_initializer(), model.initial_values(weights))
    return model


# Other cells.


@pytest.mark.quick
@pytest.mark.parametrize("cell", OTHERS)
def test_the_states_are_those_of_keras(cell):
    import keras

    weights, x = random_weights(cell), np.random.RandomState(1).normal(size=(4, 9, 2))
    kind, order = {
        "elman": (keras.layers.SimpleRNN, "h"),
        "lstm": (keras.layers.LSTM, "ifco"),
        "gru_reset_after": (keras.layers.GRU, "zrh"),
    }[cell]
    layer = kind(HIDDEN, return_sequences=True, dtype="float64")
    layer.build(x.shape)
    # Keras has the gates side by side, in this order.
    theirs = [np.concatenate([weights[k + g] for g in order], axis=-1) for k in "WUb"]
    if cell == "gru_reset_after":
        # Its z is the share of the state that stays, and each product has a bias.
        theirs[2] = np.stack([theirs[2], np.append(np.zeros(2 * HIDDEN), weights["bu"])])
        for array in theirs:
            array[..., :HIDDEN] *= -1
    layer.set_weights(theirs)
    with tf.Graph().as_default(), tf.Session() as session:
        gru = build(session, weights, CELLS[cell].layer).gru
        states = session.run(gru.h_t, {gru.input_layer: x})

    np.testing.assert_allclose(states[..., :HIDDEN], layer(x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(numpy_steps(weights, x), states, rtol=0, atol=1e-12)


def numpy_steps(weights, x):
    """The states (batch, time, state_size) by the proofs' own formula."""
    network = Network(weights)
    h, states = np.zeros((len(x), network.state_size)), []
    for x_t in x.transpose(1, 0, 2):
        network.from_input = {
            gate: x_t @ weights["W" + gate] + weights["b" + gate] for gate in network.kind.gates
        }
        # Each state is followed by its own input.
        h = network.steps(h)[np.arange(len(x)), np.arange(len(x))]
        states.append(h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize("cell", OTHERS)
def test_both_engines_train_it_alike_and_it_is_exported(cell, tmp_path):
    settings = {"cell": cell, "iterations": 30, "hidden_size": HIDDEN, "state_noise": 0.1}

    runs = [train(Config(**settings, engine=engine)) for engine in ("compiled", "session")]

    losses = [[run.history.train_losses, run.history.validation_losses] for run in runs]
    np.testing.assert_allclose(*losses, rtol=1e-10)
    assert losses[0][1][-1] < losses[0][1][0]
    export(runs[0].weights, tmp_path / "model")


@pytest.mark.quick
@pytest.mark.parametrize("cell", CELLS)
def test_the_names_of_the_weights_tell_the_cell(cell):
    assert cell_of(random_weights(cell)) == cell
    with tf.Graph().as_default():
        model, _ = trained_model(random_weights(cell), resolution=3)
    assert isinstance(model.gru, CELLS[cell].layer)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("resolution", [None, 1])
def test_weights_set_by_hand_are_proved_right(cell, resolution):
    weights = perfect_weights(cell)
    assert Adder.from_weights(weights, resolution).add(2**70 - 1, 1) == 2**70

    # Nor does it matter what NumPy is told to do about underflow.
    with np.errstate(all="raise"):
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
    np.testing.assert_allclose(network.jacobians(h), np.stack(rows, axis=1), atol=1e-8)


@pytest.mark.quick
@pytest.mark.parametrize("sign", [1, -1])
def test_the_bias_inside_the_reset_product_adds_to_the_error_of_a_step(sign):
    """The steps in float32 are as wrong as that; with either sign, since errors know none."""
    # The large numbers all but cancel, where tanh is steep.
    biases = {"br": 0.0, "bh": -sign * 500.0, "bu": sign * 1000.0}
    weights = random_weights("gru_reset_after")
    weights |= {name: np.full(HIDDEN, bias) for name, bias in biases.items()}
    rounded = {name: weight.astype(np.float32) for name, weight in weights.items()}
    network, eps = Network(rounded), np.finfo(np.float32).eps
    states = np.random.RandomState(1).uniform(-0.1, 0.1, (2000, HIDDEN)).astype(np.float32)

    off = 0
    for pair, x_t in enumerate(np.stack([A, B], axis=1).astype(np.float32)):
        x = {gate: x_t @ rounded["W" + gate] + rounded["b" + gate] for gate in "rzh"}
        computed = CELLS["gru_reset_after"].step(states, x, rounded)
        assert computed.dtype == np.float32
        exact = network.steps(states.astype(np.float64))[:, pair]
        off = max(off, np.linalg.norm(computed - exact, axis=1).max())

    c = rounded | {"states": states.astype(float), "radii": np.zeros(1), "norm": np.eye(HIDDEN)}
    checkers = _Network(c | {"slack": np.array(1e-9)}, EQUATIONS["gru_reset_after"])
    checked = float(checkers.step_error(c, FUNCTION_ERROR * checkers.epsilon).upper())
    assumed = step_error(CELLS["gru_reset_after"], network.weights, eps)
    assert 1e-5 < off < checked < 1.01 * assumed


# What changes any cell.


def test_settings_and_a_resolution_choose_the_classes():
    def kinds(build, *arguments, **options):
        with tf.Graph().as_default():
            model = build(*arguments, **options)
        model = model[0] if isinstance(model, tuple) else model
        return type(model), type(model.gru)

    weights = numpy_gru.perfect_weights()
    assert kinds(model_for, Config()) == (AdditionModel, GRU)
    assert kinds(model_for, Config(resolution=4)) == (AdditionModel, GRU)
    assert kinds(model_for, Config(state_noise=0.1)) == (AdditionModel, noisy(GRU))
    assert kinds(model_for, Config(jacobian_penalty=0.1)) == (PenalisedModel, noisy(GRU))
    assert kinds(trained_model, weights) == (AdditionModel, GRU)
    assert kinds(trained_model, weights, resolution=4) == (AdditionModel, rounded(GRU))


def test_a_rounded_state_has_few_values(session, drawn):
    x, _, _ = drawn
    weights = random_weights()
    model = build(session, weights, partial(rounded(GRU), resolution=3))

    h_t, output = session.run([model.gru.h_t, model.output], {model.gru.input_layer: x})

    np.testing.assert_array_equal(np.round(3 * h_t) / 3, h_t)
    np.testing.assert_allclose(h_t, numpy_gru.hidden_states(weights, x, resolution=3), atol=1e-14)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x, resolution=3), atol=1e-13)


@pytest.mark.quick
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("change", ["none", "noisy", "rounded"])
def test_the_first_state_is_a_step_from_zeros(session, cell, change):
    """For the GRU it is written out, for the last digit of noisy networks."""
    layer = CELLS[cell].layer
    changed = {
        "none": layer,
        "noisy": partial(noisy(layer), state_noise=0.3),
        "rounded": partial(rounded(layer), resolution=3),
    }[change]
    gru = build(session, random_weights(cell), changed).gru
    x_1 = tf.constant(np.random.RandomState(1).uniform(-1, 1, (BATCH, gru.input_channels)))

    first_states = gru.first_state(x_1), Cell.first_state(gru, x_1)

    np.testing.assert_array_equal(*session.run(first_states))


def test_the_sensitivity_is_the_squared_norm_of_the_jacobian(session, monkeypatch):
    monkeypatch.setattr(noisy_module, "SMALL_CHANGE", 1e-5)
    weights, random_state = random_weights(), np.random.RandomState(2)
    h, x_t = random_state.uniform(-1, 1, HIDDEN), np.array([1.0, 0.0])
    examples = 40_000
    noise = random_state.uniform(-1, 1, (examples, HIDDEN))
    gru = build(session, weights, noisy(GRU)).gru

    inputs = np.concatenate([np.tile(x_t, (examples, 1)), noise], axis=1)
    sensitivity = session.run(gru.sensitivity(tf.constant(np.tile(h, (examples, 1))), inputs))

    def step(h):
        return numpy_gru.step(weights, h[None], x_t[None])[0]

    jacobian = [(step(h + unit) - step(h - unit)) / 2e-6 for unit in 1e-6 * np.eye(HIDDEN)]
    np.testing.assert_allclose(sensitivity, np.square(jacobian).sum(), rtol=0.02)


@pytest.mark.quick
@pytest.mark.parametrize("on_placeholders", [True, False])
def test_the_loss_is_that_of_numpy_with_noise_and_penalty(session, drawn, on_placeholders):
    x, noise, y = drawn
    cell = partial(noisy(GRU), state_noise=0.2)
    model = build(session, random_weights(), cell, PenalisedModel, jacobian_penalty=0.7)

    both = np.concatenate([x, noise], axis=2)
    feed = {model.gru.input_layer: both, model.expected_output: y}
    loss = model.loss if on_placeholders else loss_of(model, tf.constant(both), tf.constant(y))

    expected = loss_of_numpy(random_weights(), x, y, noise, state_noise=0.2, penalty=0.7)
    np.testing.assert_allclose(session.run(loss, feed), expected, rtol=1e-13)


def loss_of_numpy(weights, x, y, noise, state_noise, penalty):
    """The loss with noise, and with the penalty on every fourth example."""
    h_t = numpy_gru.hidden_states(weights, x, noise=state_noise * noise)
    output = h_t @ weights["W_output"] + weights["b_output"]
    loss = 0.5 * ((output - y) ** 2).sum() / len(x)
    h_tm1 = np.concatenate([np.zeros_like(h_t[:, :1]), h_t[:, :-1]], axis=1)
    some = range(0, len(x), 4)
    for i in some:
        moved = numpy_gru.step(weights, h_tm1[i] + SMALL_CHANGE * noise[i], x[i])
        change = (moved - numpy_gru.step(weights, h_tm1[i], x[i])) / SMALL_CHANGE
        loss += penalty * 3 * (change**2).sum() / len(some)
    return loss


def test_a_network_is_trained_with_noise_and_penalty_and_validated_without():
    """`test_engines` shows that the engines agree on such a recipe."""
    config = Config(
        iterations=1, hidden_size=HIDDEN, state_noise=0.2, jacobian_penalty=0.7, engine="session"
    )

    run = train(config, initial_weights=random_weights())

    random_state = np.random.RandomState(config.seed)
    training_set, validation_set = (generate_batch(5, 100, random_state) for _ in range(2))
    noise = random_state.uniform(-1, 1, (100, 5, HIDDEN))
    expected = loss_of_numpy(random_weights(), *training_set, noise, state_noise=0.2, penalty=0.7)
    np.testing.assert_allclose(run.history.train_losses, [expected], rtol=1e-12)
    expected = numpy_gru.loss(run.weights, *validation_set)
    np.testing.assert_allclose(run.history.validation_losses, [expected], rtol=1e-12)


@pytest.mark.parametrize("engine", ["session", "compiled"])
def test_weights_shrink_after_a_step(engine):
    config = Config(iterations=1, hidden_size=HIDDEN, learning_rate=0.01, engine=engine)
    after, decayed, bounded = (
        train(replace(config, **change), initial_weights=random_weights()).weights
        for change in ({}, {"weight_decay": 20.0}, {"spectral_norm": 0.5})
    )

    for name, weight in after.items():
        is_matrix, norm = weight.ndim == 2, np.linalg.norm(weight, 2)
        np.testing.assert_allclose(decayed[name], (0.8 if is_matrix else 1) * weight, rtol=1e-12)
        if name[0] == "U":
            assert norm > 0.5 > 0.999999 * np.linalg.norm(bounded[name], 2) > 0.48
            np.testing.assert_allclose(
                bounded[name] / np.linalg.norm(bounded[name]), weight / np.linalg.norm(weight)
            )
        else:
            np.testing.assert_allclose(bounded[name], weight, rtol=1e-12)


def test_a_rounded_network_stays_rounded_wherever_it_is_asked(tmp_path):
    config = Config(iterations=50, hidden_size=4, resolution=2, engine="session")
    run = train(config, tmp_path / "run")
    export(run.weights, tmp_path / "model", resolution=2)
    x, _ = generate_batch(9, 20, np.random.RandomState(3))

    expected = numpy_gru.output(run.weights, x, resolution=2)

    assert not np.allclose(expected, numpy_gru.output(run.weights, x))
    served = tf.saved_model.load_v2(str(tmp_path / "model")).signatures["serving_default"]
    for predicted in [
        run.adder.predict(x),
        Adder.restore(tmp_path / "run").predict(x),
        Run.restore(tmp_path / "run").adder.predict(x),
        served(x=tf.constant(x))["y"],
    ]:
        np.testing.assert_allclose(predicted, expected, atol=1e-12)
