"""What makes a network provable: state noise, the Jacobian penalty, and a rounded state."""

from functools import partial

import numpy as np
import numpy_gru
import pytest

from gru_addition import variants
from gru_addition.add import Adder
from gru_addition.config import Config
from gru_addition.dataset import generate_batch
from gru_addition.engines.compiled import loss_of
from gru_addition.export import export
from gru_addition.model import GRU, AdditionModel, tf
from gru_addition.train import Run, train
from gru_addition.variants import NoisyGRU, PenalisedModel, RoundedGRU, model_for, trained_model

BATCH, TIME, HIDDEN = 6, 9, 5


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


@pytest.fixture
def weights():
    return numpy_gru.random_weights(HIDDEN, np.random.RandomState(0))


@pytest.fixture
def drawn():
    """Operands, noise and sums."""
    random_state = np.random.RandomState(1)
    x = random_state.randint(0, 2, size=(BATCH, TIME, 2)).astype(float)
    noise = random_state.uniform(-1, 1, (BATCH, TIME, HIDDEN))
    return x, noise, random_state.randint(0, 2, size=(BATCH, TIME, 1)).astype(float)


def build(session, weights, cell=GRU, model=AdditionModel, **options):
    """A model with the given cell and weights."""
    model = model(HIDDEN, learning_rate=None, cell=cell, **options)
    feed = model.initial_values(weights)
    session.run(tf.global_variables_initializer(), feed)
    return model


def jacobian(weights, h, x_t):
    """The derivatives of a step at one state, by central differences."""
    rows = []
    for unit in np.eye(HIDDEN) * 1e-6:
        ahead, behind = (numpy_gru.step(weights, (h + s * unit)[None], x_t[None]) for s in (1, -1))
        rows.append((ahead - behind)[0] / 2e-6)
    return np.array(rows)


def test_the_tutorials_class_is_used_unless_asked_otherwise():
    kinds = {}
    for name, settings in {
        "tutorial": {}, "noise": {"state_noise": 0.1}, "penalty": {"jacobian_penalty": 0.1},
        "rounded when it is used": {"resolution": 4},
    }.items():  # fmt: skip
        with tf.Graph().as_default():
            model = model_for(Config(**settings))
            kinds[name] = type(model), type(model.gru)
    with tf.Graph().as_default():
        rounded, _ = trained_model(numpy_gru.perfect_weights(), resolution=4)
    with tf.Graph().as_default():
        exact, _ = trained_model(numpy_gru.perfect_weights())

    assert kinds == {
        "tutorial": (AdditionModel, GRU),
        "noise": (AdditionModel, NoisyGRU),
        "penalty": (PenalisedModel, NoisyGRU),
        "rounded when it is used": (AdditionModel, GRU),
    }
    assert (type(rounded.gru), type(exact.gru)) == (RoundedGRU, GRU)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (partial(RoundedGRU, 2, 3, resolution=0), "resolution must be a whole number of at leas"),
        (partial(NoisyGRU, 2, 3, state_noise=2), "state_noise must be a number from 0 to 1, not 2"),
        (
            partial(PenalisedModel, jacobian_penalty=-1),
            "jacobian_penalty must be a number from 0 to 1000, not -1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(variant, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        variant()


def test_noise_is_added_to_the_state_after_every_step(session, weights, drawn):
    x, noise, _ = drawn
    model = build(session, weights, partial(NoisyGRU, state_noise=0.3))

    h_t = session.run(model.gru.h_t, {model.gru.input_layer: np.concatenate([x, noise], axis=2)})

    expected = numpy_gru.hidden_states(weights, x, noise=0.3 * noise)
    np.testing.assert_allclose(h_t, expected, atol=1e-14)


def test_a_rounded_state_has_few_values(session, weights, drawn):
    x, _, _ = drawn
    model = build(session, weights, partial(RoundedGRU, resolution=3))

    h_t, output = session.run([model.gru.h_t, model.output], {model.gru.input_layer: x})

    np.testing.assert_array_equal(np.round(3 * h_t) / 3, h_t)
    np.testing.assert_allclose(h_t, numpy_gru.hidden_states(weights, x, resolution=3), atol=1e-14)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x, resolution=3), atol=1e-13)


@pytest.mark.quick
@pytest.mark.parametrize(
    "cell", [GRU, partial(NoisyGRU, state_noise=0.3), partial(RoundedGRU, resolution=3)]
)
def test_the_first_state_is_a_step_from_zeros(session, weights, drawn, cell):
    x, noise, _ = drawn
    gru = build(session, weights, cell).gru
    x_1 = tf.constant(np.concatenate([x, noise], axis=2)[:, 0, : gru.input_channels])

    first_state = gru.first_state(x_1)
    step = gru.forward_pass(gru.initial_state(BATCH), x_1)

    np.testing.assert_array_equal(*session.run([first_state, step]))


def test_the_sensitivity_is_the_squared_norm_of_the_jacobian(session, weights, monkeypatch):
    monkeypatch.setattr(variants, "SMALL_CHANGE", 1e-5)
    random_state = np.random.RandomState(2)
    h, x_t = random_state.uniform(-1, 1, HIDDEN), np.array([1.0, 0.0])
    examples = 40_000
    noise = random_state.uniform(-1, 1, (examples, HIDDEN))
    model = build(session, weights, NoisyGRU)

    inputs = np.concatenate([np.tile(x_t, (examples, 1)), noise], axis=1)
    sensitivity = session.run(model.gru.sensitivity(tf.constant(np.tile(h, (examples, 1))), inputs))

    expected = (jacobian(weights, h, x_t) ** 2).sum()
    np.testing.assert_allclose(sensitivity, expected, rtol=0.02)


@pytest.mark.quick
@pytest.mark.parametrize("on_placeholders", [True, False])
def test_the_loss_is_that_of_numpy_with_noise_and_penalty(session, weights, drawn, on_placeholders):
    x, noise, y = drawn
    state_noise, penalty, small = 0.2, 0.7, variants.SMALL_CHANGE
    cell = partial(NoisyGRU, state_noise=state_noise)
    model = build(session, weights, cell, PenalisedModel, jacobian_penalty=penalty)

    both = np.concatenate([x, noise], axis=2)
    feed = {model.gru.input_layer: both, model.expected_output: y}
    loss = model.loss if on_placeholders else loss_of(model, tf.constant(both), tf.constant(y))
    loss = session.run(loss, feed)

    h_t = numpy_gru.hidden_states(weights, x, noise=state_noise * noise)
    output = h_t @ weights["W_output"] + weights["b_output"]
    expected = 0.5 * ((output - y) ** 2).sum() / BATCH
    h_tm1 = np.concatenate([np.zeros((BATCH, 1, HIDDEN)), h_t[:, :-1]], axis=1)
    some = range(0, BATCH, 4)
    for i in some:
        moved = numpy_gru.step(weights, h_tm1[i] + small * noise[i], x[i])
        change = (moved - numpy_gru.step(weights, h_tm1[i], x[i])) / small
        expected += penalty * 3 * (change**2).sum() / len(some)
    np.testing.assert_allclose(loss, expected, rtol=1e-13)


@pytest.mark.parametrize(
    # `test_engines` shows that the engines agree on such a recipe.
    "engine",
    [pytest.param("compiled", marks=pytest.mark.torture), "session"],
)
def test_the_network_is_validated_without_noise_and_penalty(engine):
    config = Config(iterations=3, state_noise=0.5, jacobian_penalty=0.5, engine=engine)

    run = train(config)

    random_state = np.random.RandomState(config.seed)
    generate_batch(config.num_bits, config.batch_size, random_state)
    x, y = generate_batch(config.num_bits, config.batch_size, random_state)
    expected = numpy_gru.loss(run.weights, x, y)
    np.testing.assert_allclose(run.history.validation_losses[-1], expected, rtol=1e-12)


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


def test_a_finished_run_may_be_given_another_resolution(tmp_path):
    plain = train(Config(iterations=5, engine="session"), tmp_path)
    rounded = train(Config(iterations=5, engine="session", resolution=3), tmp_path, resume=True)

    assert rounded.config.resolution == 3
    np.testing.assert_array_equal(rounded.weights["Uz"], plain.weights["Uz"])
