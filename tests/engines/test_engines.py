"""Both engines compute the same, whatever the settings, and the compiled one is compiled."""

import itertools
import os
import sys
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy_gru
import pytest
from common import run_code

import gru_addition
from gru_addition.commands.train import main
from gru_addition.dataset import generate_batch
from gru_addition.engines import compiled as compiled_module
from gru_addition.engines import graphs
from gru_addition.engines.compiled import compiled_engine
from gru_addition.engines.program import Program
from gru_addition.model import AdditionModel, tf
from gru_addition.runs.directory import Unsaved
from gru_addition.support import xla
from gru_addition.train import Config, train, train_in

# More than one run of the compiled engine, and then a shorter one.
SHORT = Config(iterations=57, learning_rate=0.01)
OPTIONS = {
    "the tutorial's": {},
    "mini-batches": {"mini_batch_size": 20},
    "mini-batches across epochs": {"mini_batch_size": 30},
    "fresh batches": {"fresh_batches": True},
    "noise": {"state_noise": 0.1},
    "penalty": {"jacobian_penalty": 0.01, "num_bits": 9, "batch_size": 6},
    "noise, penalty and mini-batches": {
        "state_noise": 0.1,
        "jacobian_penalty": 0.02,
        "mini_batch_size": 30,
    },
    "longer": {"num_bits": 33, "batch_size": 7, "hidden_size": 5},
    "fewer iterations than a run": {
        "num_bits": 2,
        "batch_size": 1,
        "hidden_size": 1,
        "iterations": 20,
        "fresh_batches": True,
    },
}
# Rounding errors grow over many iterations.
LARGEST_DEVIATION = {"float64": 1e-13, "float32": 1e-5}


@cache
def losses(config):
    """Train; return the losses, of shape (iterations, 2)."""
    history = train(config).history
    return np.stack([history.train_losses, history.validation_losses], axis=1)


def deviation(some, others):
    return (np.abs(some - others) / np.abs(others)).max()


def cases():
    """All options in both types; what the others imply is left to `make torture`."""
    needed = {
        "float64": {
            "the tutorial's",
            "noise, penalty and mini-batches",
            "longer",
            "fewer iterations than a run",
        },
        "float32": {"the tutorial's"},
    }
    for dtype, name in itertools.product(needed, OPTIONS):
        marks = () if name in needed[dtype] else pytest.mark.torture
        yield pytest.param(OPTIONS[name], dtype, id=f"{name}-{dtype}", marks=marks)


@pytest.mark.parametrize(("options", "dtype"), list(cases()))
def test_the_engines_agree(options, dtype, figure):
    config = replace(SHORT, dtype=dtype, **options)

    compiled = losses(config)
    session = losses(replace(config, engine="session"))

    assert compiled.shape == session.shape == (config.iterations, 2)
    figure(f"engines, {options}, {dtype}: losses deviate by {deviation(compiled, session):.1e}")
    assert deviation(compiled, session) < LARGEST_DEVIATION[dtype]


@pytest.mark.parametrize("options", [{}, {"engine": "session", "state_noise": 0.1}])
def test_a_program_trains_other_seeds_and_more_iterations_as_if_it_was_new(options):
    config = replace(SHORT, **options)
    with closing(Program(config)) as program:
        same, other_seed, longer = (
            train_in(Unsaved(), replace(config, **change), program=program).history.train_losses
            for change in ({}, {"seed": 3}, {"iterations": 60})
        )

    np.testing.assert_array_equal(same, losses(config)[:, 0])
    np.testing.assert_array_equal(other_seed, losses(replace(config, seed=3))[:, 0])
    np.testing.assert_array_equal(longer[:57], losses(config)[:, 0])


@pytest.mark.parametrize(
    ("options", "iterations_per_run"),
    [
        ({"mini_batch_size": 30}, 7),
        pytest.param({"fresh_batches": True}, 1000, marks=pytest.mark.torture),
        pytest.param({}, 1, marks=pytest.mark.torture),
    ],
)
def test_runs_of_any_length_give_the_same_bytes(options, iterations_per_run):
    config = replace(SHORT, **options)

    in_fifties = losses(config)
    in_others = losses(replace(config, iterations_per_run=iterations_per_run))

    np.testing.assert_array_equal(in_others, in_fifties)


def test_the_validation_loss_of_every_iteration_is_that_of_its_weights():
    """The oracle is the NumPy model with the weights after exactly that many iterations."""
    run = train(replace(SHORT, iterations=6))
    random_state = np.random.RandomState(SHORT.seed)
    _, validation_set = (generate_batch(5, 100, random_state) for _ in range(2))

    for iterations in 1, 2, 5:
        weights = train(replace(SHORT, iterations=iterations, engine="session")).weights
        expected = numpy_gru.loss(weights, *validation_set)
        assert run.history.validation_losses[iterations - 1] == pytest.approx(expected, rel=1e-13)


def test_the_race_of_a_plain_loop_would_be_caught(monkeypatch, figure):
    """The same loop straight in the graph, where `tf.function` and XLA keep no order.

    Each iteration reads weights that others are writing, which shows from the first loss onwards.
    """
    config = replace(SHORT, iterations=50)
    monkeypatch.setattr(
        compiled_module, "compile_with_xla", lambda function, *tensors: function(*tensors)
    )
    plain = losses.__wrapped__(config)
    monkeypatch.undo()

    wrong = deviation(plain, losses(replace(config, engine="session")))
    figure(f"engines, a plain in-graph loop: losses deviate by {wrong:.1e}")
    assert wrong > 1000 * LARGEST_DEVIATION["float64"]


def test_every_op_that_writes_weights_in_the_loop_is_compiled():
    with tf.Graph().as_default() as graph:
        compiled_engine(AdditionModel(learning_rate=None), SHORT)
        (call,) = [op for op in graph.get_operations() if "PartitionedCall" in op.type]

    assert call.get_attr("_XlaMustCompile")
    assert {tensor.op.type for tensor in call.inputs} == {"Placeholder", "VarHandleOp"}
    assert not call.control_inputs


def test_without_xla_the_session_engine_takes_over_and_says_so(monkeypatch):
    monkeypatch.setattr(graphs, "xla_is_available", lambda: False)
    config = replace(SHORT, iterations=3)

    with pytest.warns(UserWarning, match=r"^XLA is not available, so the slower session engine"):
        without = losses.__wrapped__(config)

    np.testing.assert_array_equal(without, losses(replace(config, engine="session")))


def test_without_xla_the_command_says_so_in_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(graphs, "xla_is_available", lambda: False)

    status = main(["--iterations=1", f"--output-dir={tmp_path}"])

    assert status == 0
    assert capsys.readouterr().err == (
        "python -m gru_addition.train: XLA is not available, so the slower session engine is used; "
        "only the last digits differ\n"
    )


def test_xla_is_found_missing_where_it_cannot_compile_and_found_again_later(monkeypatch):
    """Here XLA is asked to compile what it can't: a call back into Python."""
    function = tf.function

    def calling_back(python_function, **options):
        return function(lambda x: tf.py_function(python_function, [x], x.dtype), **options)

    monkeypatch.setattr(graphs, "_xla_works", False)
    with monkeypatch.context() as patch:
        patch.setattr(tf, "function", calling_back)
        assert not graphs.xla_is_available()
    assert graphs.xla_is_available()


def test_what_is_not_left_to_xla_is_refused(monkeypatch):
    function = tf.function
    monkeypatch.setattr(tf, "function", lambda f, jit_compile, **options: function(f, **options))

    with pytest.raises(RuntimeError, match="did not leave a function to XLA to compile"):
        losses.__wrapped__(SHORT)


BESIDE_A_SWITCH = """
from gru_addition.model import tf
tf.disable_v2_behavior()
from gru_addition.train import Config, train
run = train(Config(iterations=3))
print(*run.history.validation_losses.tolist(), run.adder.add(0, 0))
"""


@pytest.mark.torture
def test_it_compiles_after_disable_v2_behavior_as_well():
    """An engineer who keeps TensorFlow 1 code alive may have thrown the switch.

    `test_host_process` throws it together with others.
    """
    printed = run_code(BESIDE_A_SWITCH)

    *validation_losses, _ = map(float, printed.split())
    expected = train(Config(iterations=3, engine="session")).history.validation_losses
    assert validation_losses == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("own", [None, "--xla_dump_to=x"])
@pytest.mark.parametrize(
    ("version", "number"), [("2.16.1", 2), ("2.17.0", 2), ("2.18.0", 3), ("2.21.0", 3)]
)
def test_a_process_of_our_own_sets_flags_that_its_tensorflow_knows(
    own, version, number, monkeypatch
):
    monkeypatch.setattr(xla.metadata, "version", {"tensorflow": version}.__getitem__)
    # Set first, so the test leaves nothing behind for processes that later tests start.
    monkeypatch.setenv("XLA_FLAGS", own or "")
    if own is None:
        monkeypatch.delenv("XLA_FLAGS")
    monkeypatch.delitem(sys.modules, "tensorflow")

    gru_addition.prepare_process()
    gru_addition.prepare_process()

    flags = os.environ["XLA_FLAGS"].split()
    assert flags[0] == "--xla_cpu_multi_thread_eigen=false"
    assert ("--xla_cpu_prefer_vector_width=512" in flags) == (number == 3)
    # The last one counts, so the user has the last word.
    assert flags[number:] == ([] if own is None else [own])


@pytest.mark.quick
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "1"),
        ({"hidden_size": 64}, None),
        ({"batch_size": 1000}, None),
        ({"batch_size": 1000, "mini_batch_size": 100}, "1"),
        ({"engine": "session"}, None),
    ],
)
def test_only_small_compiled_steps_get_a_single_thread(settings, expected, monkeypatch):
    # Set first, so the test leaves nothing behind for later ones.
    monkeypatch.setenv(xla.THREADS, "")
    monkeypatch.delenv(xla.THREADS)
    xla.prepare_for(Config(**settings))
    assert os.environ.get(xla.THREADS) == expected

    monkeypatch.setenv(xla.THREADS, "7")
    xla.prepare_for(Config(**settings))
    assert os.environ[xla.THREADS] == "7"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("own", "arguments", "expected"),
    [(None, {}, "1"), (None, {"threads": 4}, "4"), (None, {"threads": None}, None), ("7", {}, "7")],
)
def test_a_process_of_our_own_gets_a_single_thread(own, arguments, expected, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", " ".join(xla.small_model_flags()))
    # Set first, so the test leaves nothing behind for later ones.
    monkeypatch.setenv(xla.THREADS, own or "")
    if own is None:
        monkeypatch.delenv(xla.THREADS)

    gru_addition.prepare_process(**arguments)
    with pytest.raises(ValueError, match="threads must be"):
        gru_addition.prepare_process(threads=0)

    assert os.environ.get(xla.THREADS) == expected


@pytest.mark.quick
def test_a_process_prepared_too_late_is_told(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "")

    with pytest.warns(UserWarning, match="came after TensorFlow was imported") as warned:
        gru_addition.prepare_process()
    # The flags are set by now, so there is nothing to be late for; pytest makes warnings errors.
    gru_addition.prepare_process()

    assert [Path(warning.filename) for warning in warned] == [Path(__file__)]


def test_the_library_changes_nothing_in_the_process(monkeypatch, tmp_path):
    environment_before = dict(os.environ)

    train(replace(SHORT, iterations=1), tmp_path).adder.add(1, 2)
    main(["--iterations=1", "--engine=session", f"--output-dir={tmp_path}"])

    assert dict(os.environ) == environment_before
