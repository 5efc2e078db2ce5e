"""Training does what its settings say; losses are checked against the NumPy model."""

import copy
import os
import pickle
from dataclasses import fields, replace

import numpy as np
import numpy_gru
import pytest
from common import ENGINES
from hypothesis import assume, given
from hypothesis import strategies as st

from gru_addition.add import Adder
from gru_addition.cells.weights import kind_named
from gru_addition.dataset import generate_batch
from gru_addition.train import Config, Run, train

# Nothing is compiled if the engine makes no difference.
SHORT = Config(iterations=3, engine="session")
for_each_engine = pytest.mark.parametrize("engine", ENGINES)


def drawn_data():
    """The data that are drawn for SHORT: [x_train, y_train, x_test, y_test]."""
    random_state = np.random.RandomState(SHORT.seed)
    return [array for _ in range(2) for array in generate_batch(5, 100, random_state)]


@pytest.mark.quick
@for_each_engine
def test_training_loss_is_read_before_the_step_and_validation_loss_after_it(engine):
    x_train, y_train, x_test, y_test = drawn_data()
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


def test_a_run_is_copied_and_compared_by_its_numbers():
    run = train(SHORT)
    answer = run.adder.add(13, 12)

    for copied in copy.deepcopy(run), pickle.loads(pickle.dumps(run)):
        assert copied == run
        assert copied.adder.add(13, 12) == answer
    other = copy.deepcopy(run)
    other.weights["bz"][0] += 1
    longer = train(replace(SHORT, iterations=4))
    assert run not in (other, longer, replace(run, history=longer.history), None)


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


def test_the_directory_stays_the_same_if_the_callback_changes_to_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    train(SHORT, "run", on_progress=lambda history: os.chdir(tmp_path / "elsewhere"))

    assert len(Run.restore(tmp_path / "run").history) == 3


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda data: [data[0] * np.nan, *data[1:]], "x_train"),
        (lambda data: [data[0], data[1][:9], *data[2:]], "y_train"),
        (lambda data: [*data[:3], data[2]], "y_test"),
    ],
)
def test_unfit_data_are_named(change, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        train(SHORT, data=change(drawn_data()))


@pytest.mark.parametrize(
    ("name", "value", "error"), [("config", "fast", TypeError), ("output_dir", "", ValueError)]
)
def test_other_unfit_arguments_are_named(name, value, error):
    with pytest.raises(error, match=f"^{name} must be"):
        train(**{"config": SHORT, name: value})


def test_data_are_refused_where_new_sums_are_drawn():
    with pytest.raises(ValueError, match=r"^data must"):
        train(replace(SHORT, fresh_batches=True), data=drawn_data())


ALLOWED = {setting.name: setting.metadata["allowed"] for setting in fields(Config)}
WHOLE_NUMBERS = [setting.name for setting in fields(Config) if setting.type in (int, int | None)]


@given(name=st.sampled_from(WHOLE_NUMBERS), value=st.integers() | st.sampled_from([10**9, 10**30]))
def test_whole_numbers_outside_their_range_are_refused_by_name(name, value):
    smallest, largest = ALLOWED[name]
    assume(not smallest <= value <= largest)

    with pytest.raises(ValueError, match=f"^{name} must be"):
        Config(**{name: value})


@given(
    # The name of a cell is checked where cells are known.
    name=st.sampled_from([setting.name for setting in fields(Config) if setting.name != "cell"]),
    value=st.binary() | st.lists(st.integers()) | st.complex_numbers() | st.just(float("nan")),
)
def test_values_of_another_type_are_refused_by_name(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be "):
        Config(**{name: value})


@pytest.mark.parametrize("name", ["dtype", "engine", "cell"])
def test_other_words_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name} must be .*not 'other'"):
        kind_named(Config(**{name: "other"}).cell)


@pytest.mark.quick
@pytest.mark.parametrize("options", [{"mini_batch_size": 101}, {"fresh_batches": True}])
def test_settings_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError, match=r"^mini_batch_size must"):
        Config(**{"mini_batch_size": 5} | options)


def test_by_default_long_runs_are_saved_a_hundred_times():
    for iterations, expected in [(5000, 1000), (100_000, 1000), (1_000_000, 10_000)]:
        assert Config(iterations=iterations).checkpoint_interval == expected
    assert Config(iterations=1_000_000, checkpoint_every=5).checkpoint_interval == 5
