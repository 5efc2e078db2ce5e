"""Training does what its settings say; losses are checked against the NumPy model."""

import json
import os
from dataclasses import asdict, fields, replace

import numpy as np
import numpy_gru
import pytest
from common import ENGINES, assert_same_numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from gru_addition.add import Adder
from gru_addition.cells.weights import kind_named
from gru_addition.dataset import generate_batch
from gru_addition.plotting import LossPlot
from gru_addition.train import Config, Run, train

# Nothing is compiled if the engine makes no difference.
SHORT = Config(iterations=3, engine="session")
for_each_engine = pytest.mark.parametrize("engine", ENGINES)


def first_data(config=SHORT):
    """The data drawn for the settings, [x_train, y_train, x_test, y_test], and the state after."""
    random_state = np.random.RandomState(config.seed)
    data = [
        *generate_batch(config.num_bits, config.batch_size, random_state),
        *generate_batch(config.num_bits, config.batch_size, random_state),
    ]
    return data, random_state


@pytest.mark.quick
def test_defaults_are_the_tutorials():
    config = Config()

    assert config.num_bits == 5
    assert config.batch_size == 100
    assert config.hidden_size == 16
    assert config.iterations == 5000
    assert config.learning_rate == 0.001
    assert config.dtype == "float64"
    assert config.mini_batch_size is None
    assert not config.fresh_batches
    # The redraw interval of the tutorial's plot.
    assert config.iterations_per_run == 50


@pytest.mark.quick
@for_each_engine
def test_training_loss_is_read_before_the_step_and_validation_loss_after_it(engine):
    (x_train, y_train, x_test, y_test), _ = first_data()
    before = numpy_gru.random_weights(16, np.random.RandomState(0), scale=0.1)

    run = train(replace(SHORT, iterations=1, engine=engine), initial_weights=before)

    assert run.history.train_losses == pytest.approx(
        [numpy_gru.loss(before, x_train, y_train)], rel=1e-12
    )
    assert run.history.validation_losses == pytest.approx(
        [numpy_gru.loss(run.weights, x_test, y_test)], rel=1e-12
    )
    assert (run.weights["Uz"] != before["Uz"]).all()


@for_each_engine
def test_the_callers_data_are_used(engine):
    data = (
        generate_batch(7, 30, np.random.RandomState(5)),
        generate_batch(9, 20, np.random.RandomState(6)),
    )
    before = numpy_gru.random_weights(16, np.random.RandomState(0))

    config = replace(SHORT, engine=engine)
    run = train(config, data=(*data[0], *data[1]), initial_weights=before)

    assert run.history.train_losses[0] == pytest.approx(numpy_gru.loss(before, *data[0]))
    assert run.history.validation_losses[-1] == pytest.approx(numpy_gru.loss(run.weights, *data[1]))


class RecordingProgram:
    """Stands in for a `Program`: notes what it is fed, and computes nothing."""

    noise_channels = 0

    def __init__(self):
        self.trained_on, self.validated_on = [], []

    def initialise(self, seed, weights):
        pass

    def run_iterations(self, batches, validation_set):
        for batch in batches:
            self.trained_on.append(batch)
            self.validated_on.append(validation_set)
            yield [0.0], [0.0]

    def weights(self):
        return {}


def fed(config):
    """The batches that are trained on with these settings, and those that are validated on."""
    program = RecordingProgram()
    train(config, program=program)
    return program.trained_on, program.validated_on


def assert_batches_equal(fed_batches, expected):
    assert len(fed_batches) == len(expected)
    for (x, y), (expected_x, expected_y) in zip(fed_batches, expected, strict=True):
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


@pytest.mark.quick
def test_by_default_every_iteration_uses_all_examples():
    (x_train, y_train, x_test, y_test), _ = first_data()

    trained_on, validated_on = fed(SHORT)

    assert_batches_equal(trained_on, [(x_train, y_train)] * 3)
    assert_batches_equal(validated_on, [(x_test, y_test)] * 3)


@pytest.mark.quick
def test_mini_batches_go_through_the_training_set_in_a_new_order_each_epoch():
    (x_train, y_train, x_test, y_test), random_state = first_data()
    first, second = random_state.permutation(100), random_state.permutation(100)
    expected = [*np.split(first, 4), *np.split(second, 4)[:2]]

    trained_on, validated_on = fed(replace(SHORT, iterations=6, mini_batch_size=25))

    assert_batches_equal(trained_on, [(x_train[chosen], y_train[chosen]) for chosen in expected])
    assert_batches_equal(validated_on, [(x_test, y_test)] * 6)


def test_fresh_batches_are_new_at_every_iteration():
    (_, _, x_test, y_test), random_state = first_data()
    expected = [generate_batch(5, 100, random_state) for _ in range(3)]

    trained_on, validated_on = fed(replace(SHORT, fresh_batches=True))

    assert_batches_equal(trained_on, expected)
    assert_batches_equal(validated_on, [(x_test, y_test)] * 3)
    assert not np.array_equal(expected[0][0], expected[1][0])


@pytest.mark.parametrize("option", [{"mini_batch_size": 20}, {"fresh_batches": True}])
def test_mini_and_fresh_batches_learn(option):
    small = {"num_bits": 3, "batch_size": 40, "hidden_size": 8, "iterations": 200}
    config = Config(**small, learning_rate=0.01, engine="session", **option)
    history = train(config).history

    assert history.validation_losses[-1] < 0.25 < 0.5 < history.validation_losses[0]


def test_float32_follows_float64_and_is_float32(tmp_path):
    config = replace(SHORT, iterations=50)
    # A seed draws different numbers in each type, so the initial weights are given.
    weights = numpy_gru.random_weights(16, np.random.RandomState(0), scale=0.1)
    single = train(replace(config, dtype="float32"), tmp_path, initial_weights=weights)
    double = train(config, initial_weights=weights)

    assert {weight.dtype.name for weight in single.weights.values()} == {"float32"}
    assert single.history.train_losses.dtype == np.float64
    as_single = single.history.train_losses.astype(np.float32)
    np.testing.assert_array_equal(single.history.train_losses, as_single)
    np.testing.assert_allclose(
        single.history.validation_losses, double.history.validation_losses, rtol=1e-6
    )
    assert (single.history.train_losses != double.history.train_losses).all()
    assert Adder.restore(tmp_path).predict(np.ones((1, 3, 2))).dtype == np.float32


@pytest.mark.parametrize(
    ("engine", "expected"), [("session", [*range(1, 61)]), ("compiled", [50, 60])]
)
def test_progress_is_reported_with_the_history_so_far(engine, expected):
    lengths = []

    def on_progress(history):
        lengths.append(len(history))
        assert len(history.train_losses) == len(history.validation_losses) == len(history)
        assert history.is_complete == (len(history) == history.iterations == 60)

    config = replace(SHORT, iterations=60, engine=engine)
    train(config, on_progress=on_progress)

    assert lengths == expected


def test_the_callback_runs_in_todays_eager_tensorflow():
    import tensorflow as tf2

    seen = []
    train(SHORT, on_progress=lambda history: seen.append(tf2.constant(len(history)).numpy()))

    assert seen == [1, 2, 3]


def test_the_same_seed_gives_the_same_bytes():
    config = replace(SHORT, iterations=20, mini_batch_size=30)

    assert_same_numbers(train(config), train(config))


def test_the_directory_stays_the_same_if_the_callback_changes_to_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    train(SHORT, "run", on_progress=lambda history: os.chdir(tmp_path / "elsewhere"))

    assert len(Run.restore(tmp_path / "run").history) == 3


def test_losses_that_are_no_longer_finite_end_the_run():
    data, _ = first_data()
    data[1] = data[1] + 1e200

    with pytest.raises(FloatingPointError, match=r"no longer finite at iteration 0"):
        train(SHORT, data=data)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda data: data[:3], "data"),
        (lambda data: 5, "data"),
        (lambda data: "words", "data"),
        (lambda data: ([[0], [0, 1]], *data[1:]), "x_train"),
        (lambda data: (data[0] * 1j, *data[1:]), "x_train"),
        (lambda data: [data[0][0], *data[1:]], "x_train"),
        (lambda data: [*data[:3], data[2]], "y_test"),
        (lambda data: [data[0], data[1][:9], *data[2:]], "y_train"),
        (lambda data: [data[0] * np.nan, *data[1:]], "x_train"),
        (lambda data: [data[0][:0], data[1][:0], *data[2:]], "x_train"),
    ],
)
def test_unfit_data_are_named(change, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        train(SHORT, data=change(first_data()[0]))


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("config", "fast", TypeError),
        ("on_progress", 5, TypeError),
        # Its methods are the functions.
        ("on_progress", LossPlot, TypeError),
        ("output_dir", "", ValueError),
        ("output_dir", 5, ValueError),
        ("output_dir", "a\0b", ValueError),
    ],
)
def test_other_unfit_arguments_are_named(name, value, error):
    with pytest.raises(error, match=f"^{name} must be"):
        train(**{"config": SHORT, name: value})


def test_data_and_settings_must_fit_together():
    data, _ = first_data()

    with pytest.raises(ValueError, match=r"^data must"):
        train(replace(SHORT, fresh_batches=True), data=data)
    small = [array[:10] for array in data]
    with pytest.raises(ValueError, match=r"^mini_batch_size must"):
        train(replace(SHORT, mini_batch_size=20), data=small)


ALLOWED = {setting.name: setting.metadata["allowed"] for setting in fields(Config)}
WHOLE_NUMBERS = [setting.name for setting in fields(Config) if setting.type in (int, int | None)]


@given(name=st.sampled_from(WHOLE_NUMBERS), value=st.integers() | st.sampled_from([10**9, 10**30]))
def test_whole_numbers_outside_their_range_are_refused_by_name(name, value):
    smallest, largest = ALLOWED[name]
    if smallest <= value <= largest:
        return
    with pytest.raises(ValueError, match=f"^{name} must be"):
        Config(**{name: value})


@given(
    # The name of a cell is checked where cells are known.
    name=st.sampled_from([setting.name for setting in fields(Config) if setting.name != "cell"]),
    value=st.none() | st.binary() | st.lists(st.integers()) | st.complex_numbers(),
)
def test_values_of_another_type_are_refused_by_name(name, value):
    if value is None and getattr(Config(), name) is None:
        return
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be "):
        Config(**{name: value})


@pytest.mark.parametrize("name", ["dtype", "engine", "cell"])
def test_other_words_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name} must be .*not 'other'"):
        kind_named(Config(**{name: "other"}).cell)


@pytest.mark.parametrize("value", [0, -0.001, 1.5, 1e300, float("inf"), float("nan"), 1e-50, True])
def test_learning_rates_outside_their_range_are_refused(value):
    with pytest.raises((TypeError, ValueError), match=r"^learning_rate must"):
        Config(learning_rate=value)


@pytest.mark.quick
@pytest.mark.parametrize("options", [{"mini_batch_size": 101}, {"fresh_batches": True}])
def test_settings_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError, match=r"^mini_batch_size must"):
        Config(**{"mini_batch_size": 5} | options)


def test_by_default_long_runs_are_saved_a_hundred_times():
    for iterations, expected in [(5000, 1000), (100_000, 1000), (1_000_000, 10_000)]:
        assert Config(iterations=iterations).checkpoint_interval == expected
    assert Config(iterations=1_000_000, checkpoint_every=5).checkpoint_interval == 5


@settings(max_examples=50)
@given(
    num_bits=st.integers(2, 100),
    mini_batch_size=st.none() | st.integers(1, 100),
    seed=st.integers(0, 2**32 - 1),
    learning_rate=st.floats(1e-9, 1),
)
def test_settings_survive_json(num_bits, mini_batch_size, seed, learning_rate):
    config = Config(
        num_bits=num_bits, mini_batch_size=mini_batch_size, seed=seed, learning_rate=learning_rate
    )

    assert Config(**json.loads(json.dumps(asdict(config)))) == config
