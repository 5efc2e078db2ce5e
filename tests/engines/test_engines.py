"""Both engines compute the same, whatever the settings, and the compiled one is compiled."""

from contextlib import closing
from dataclasses import replace
from functools import cache

import numpy as np
import numpy_gru
import pytest

from gru_addition.add import STEPS_WORTH_COMPILING, Adder
from gru_addition.dataset import generate_batch
from gru_addition.engines import compiled, graphs
from gru_addition.engines.program import Program
from gru_addition.support import tf
from gru_addition.train import Config, train

# More than one run of the compiled engine, and then a shorter one.
SHORT = Config(iterations=57, learning_rate=0.01)
FEW = {"num_bits": 2, "batch_size": 1, "hidden_size": 1, "iterations": 20, "fresh_batches": True}
CASES = [
    {}, {"dtype": "float32"}, FEW,
    {"state_noise": 0.1, "jacobian_penalty": 0.02, "mini_batch_size": 30},
]  # fmt: skip
# What those imply.
MORE = [
    {"mini_batch_size": 20}, {"fresh_batches": True}, {"state_noise": 0.1, "dtype": "float32"},
    {"jacobian_penalty": 0.01, "num_bits": 9, "batch_size": 6},
    {"jacobian_penalty": 0.01, "weight_decay": 2.0, "spectral_norm": 0.3},
    {"num_bits": 33, "batch_size": 7, "hidden_size": 5},
]  # fmt: skip
torture = pytest.mark.torture
# Rounding errors grow over many iterations.
LARGEST_DEVIATION = {"float64": 1e-13, "float32": 1e-5}


def losses_of(run):
    """The losses of a run, of shape (iterations, 2)."""
    return np.stack([run.history.train_losses, run.history.validation_losses], axis=1)


@cache
def losses(config):
    return losses_of(train(config))


def deviation(some, others):
    return (np.abs(some - others) / np.abs(others)).max()


@pytest.mark.parametrize(
    "options", [*CASES, *(pytest.param(options, marks=torture) for options in MORE)], ids=str
)
def test_the_engines_agree(options, figure):
    config = replace(SHORT, **options)

    in_graph = losses(config)
    one_by_one = losses(replace(config, engine="session"))

    assert in_graph.shape == one_by_one.shape == (config.iterations, 2)
    figure(f"engines, {options}: losses deviate by {deviation(in_graph, one_by_one):.1e}")
    assert deviation(in_graph, one_by_one) < LARGEST_DEVIATION[config.dtype]


def test_a_program_trains_other_seeds_and_more_iterations_as_if_it_was_new():
    config = replace(SHORT, engine="session", state_noise=0.1)
    with closing(Program(config)) as program:
        same, other_seed, longer = (
            losses_of(train(replace(config, **change), program=program))
            for change in ({}, {"seed": 3}, {"iterations": 60})
        )

    np.testing.assert_array_equal(same, losses(config))
    np.testing.assert_array_equal(other_seed, losses(replace(config, seed=3)))
    np.testing.assert_array_equal(longer[:57], losses(config))


@pytest.mark.parametrize(
    ("options", "iterations_per_run"),
    [(FEW, 7), pytest.param({"mini_batch_size": 30}, 1000, marks=torture)],
)
def test_runs_of_any_length_give_the_same_bytes(options, iterations_per_run):
    config = replace(SHORT, **options)

    in_fifties = losses(config)
    in_others = losses(replace(config, iterations_per_run=iterations_per_run))

    np.testing.assert_array_equal(in_others, in_fifties)


def test_the_validation_loss_of_every_iteration_is_that_of_its_weights():
    """The oracle is the NumPy model with the weights after exactly that many iterations."""
    random_state = np.random.RandomState(SHORT.seed)
    _, validation_set = (generate_batch(5, 100, random_state) for _ in range(2))

    with closing(Program(replace(SHORT, engine="session"))) as program:
        for iterations in 1, 2, 50, 51:
            weights = train(replace(SHORT, iterations=iterations), program=program).weights
            expected = numpy_gru.loss(weights, *validation_set)
            assert losses(SHORT)[iterations - 1, 1] == pytest.approx(expected, rel=1e-13)


def test_the_race_of_a_plain_loop_would_be_caught(monkeypatch, figure):
    """The same loop straight in the graph, where `tf.function` and XLA keep no order.

    Each iteration reads weights that others are writing, which shows from the first loss onwards.
    """
    config = replace(SHORT, iterations=50)
    monkeypatch.setattr(compiled, "compile_with_xla", lambda function, *tensors: function(*tensors))

    plain = losses_of(train(config))

    wrong = deviation(plain, losses(replace(config, engine="session")))
    figure(f"engines, a plain in-graph loop: losses deviate by {wrong:.1e}")
    assert wrong > 1000 * LARGEST_DEVIATION["float64"]


def test_what_is_not_left_to_xla_is_refused(monkeypatch):
    function = tf.function
    # Our own way to reach TensorFlow, which itself stays as it is.
    monkeypatch.setattr(tf, "function", lambda f, jit_compile, **others: function(f, **others))

    with pytest.raises(RuntimeError, match="did not leave a function to XLA to compile"):
        train(SHORT)


def test_without_xla_the_session_engine_takes_over_and_says_so(monkeypatch):
    monkeypatch.setattr(graphs, "xla_is_available", lambda: False)
    config = replace(SHORT, iterations=3)

    with pytest.warns(UserWarning, match=r"^XLA is not available, so the slower session engine"):
        without = losses_of(train(config))

    np.testing.assert_array_equal(without, losses(replace(config, engine="session")))
    weights = numpy_gru.random_weights(3, np.random.RandomState(0))
    x = np.random.RandomState(0).randint(0, 2, size=(2, STEPS_WORTH_COMPILING + 1, 2))
    output = Adder.from_weights(weights).predict(x)
    np.testing.assert_allclose(output, numpy_gru.output(weights, x), rtol=0, atol=1e-12)
