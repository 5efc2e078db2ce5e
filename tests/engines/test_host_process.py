"""Whatever the process around us has switched on, the numbers are the same; and we change nothing.

What `prepare_process` sets, it sets when it is called, and the user's own settings outweigh it.
"""

import gc
import json
import os
import signal
import sys
from dataclasses import replace

import numpy as np
import numpy_gru
import pytest
from common import WITH_TESTS, run_code, run_from_scratch

import gru_addition
from gru_addition.engines import graphs
from gru_addition.support import process, tf
from gru_addition.train import Config, train

TINY = Config(num_bits=4, batch_size=6, hidden_size=3, iterations=7, learning_rate=0.01, seed=1)
WEIGHTS = numpy_gru.random_weights(3, np.random.RandomState(0))

SWITCHED = """
import json, sys
import numpy as np
import numpy_gru
import tensorflow as tf
from tensorflow.compat import v1
from gru_addition.add import Adder
from gru_addition.engines import graphs
from gru_addition.train import Config, train

if sys.argv[1] == "TensorFlow 2 off":
    v1.disable_v2_behavior()
else:
    tf.config.run_functions_eagerly(True)
    tf.debugging.enable_check_numerics()
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    tf.config.experimental.enable_op_determinism()
with tf.device("/device:GPU:7"):
    runs = [train(Config(**{**json.loads(sys.argv[2]), "engine": e})) for e in sys.argv[3:]]
    # Determinism refuses to run what is random without a seed.
    output = Adder.from_weights(
        numpy_gru.random_weights(3, np.random.RandomState(0))).predict(np.ones((1, 5, 2)))
print(json.dumps([bool(graphs.xla_is_available()), output.ravel().tolist(), *(
    [*run.history.train_losses, *run.history.validation_losses] for run in runs)]))
"""


@pytest.mark.parametrize("switches", ["many at once", "TensorFlow 2 off"])
def test_no_switch_of_the_process_moves_a_number(switches, figure):
    """The oracle of the losses is the session engine where nothing is switched on."""
    settings = json.dumps({name: getattr(TINY, name) for name in vars(TINY)})

    printed = run_code(SWITCHED, switches, settings, "compiled", "session", variables=WITH_TESTS)

    is_compiled, output, *losses = json.loads(printed)
    history = train(replace(TINY, engine="session")).history
    expected = [*history.train_losses, *history.validation_losses]
    figure(f"host process, {switches}: deviates by {np.abs(np.divide(losses, expected) - 1).max()}")
    assert is_compiled
    np.testing.assert_allclose(losses, [expected] * 2, rtol=1e-12, atol=0)
    np.testing.assert_allclose(output, numpy_gru.output(WEIGHTS, np.ones((1, 5, 2))).ravel())


def test_sessions_are_handed_no_gpu_and_no_option_of_others():
    config = graphs._options()

    assert config.device_count["GPU"] == 0
    assert config.graph_options.optimizer_options.global_jit_level == tf.OptimizerOptions.OFF
    assert not config.log_device_placement
    with graphs.open_session(tf.Graph()) as session:
        assert {device.device_type for device in session.list_devices()} == {"CPU"}


def test_training_and_adding_change_nothing_in_the_process(tmp_path):
    def settings():
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        return dict(os.environ), handlers, sys.excepthook, gc.get_threshold()

    before = settings()

    train(replace(TINY, engine="session"), tmp_path).adder.add(1, 2)

    assert settings() == before


PREPARE = """
import json, os, sys, gru_addition
for _ in "ab":
    gru_addition.prepare_process(**json.loads(sys.argv[1]))
print(json.dumps([os.environ["XLA_FLAGS"].split(), os.environ.get("TF_NUM_INTRAOP_THREADS")]))
"""


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "own", "own_flags", "threads"),
    [
        ({}, {}, [], "1"),
        ({"threads": 4}, {}, [], "4"),
        ({"threads": None}, {"XLA_FLAGS": "--xla_dump_to=x"}, ["--xla_dump_to=x"], None),
        ({}, {process.THREADS: "7"}, [], "7"),
        # A file of flags, which XLA reads only if its name comes first.
        ({}, {"XLA_FLAGS": "flags.txt"}, ["flags.txt"], "1"),
    ],
)
def test_prepare_process_sets_what_the_user_has_not(arguments, own, own_flags, threads):
    ended = run_from_scratch("-c", PREPARE, json.dumps(arguments), variables=own)

    # The last flag counts, so the user has the last word.
    flags = own_flags if own_flags == ["flags.txt"] else process.small_model_flags() + own_flags
    assert json.loads(ended.stdout) == [flags, threads]
    assert ended.stderr == ""


@pytest.mark.quick
def test_a_process_prepared_too_late_is_told(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "")

    with pytest.warns(UserWarning, match="came after TensorFlow was imported") as warned:
        gru_addition.prepare_process()
    # The flags are set by now, so there is nothing to be late for; pytest makes warnings errors.
    gru_addition.prepare_process()

    assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.quick
@pytest.mark.parametrize(("version", "is_known"), [("2.17.1", False), ("2.18.0", True)])
def test_no_flag_is_set_that_tensorflow_does_not_know(version, is_known, monkeypatch):
    """XLA ends a process that has such a flag."""
    monkeypatch.setattr(process.metadata, "version", {"tensorflow": version}.__getitem__)

    assert ("--xla_cpu_prefer_vector_width=512" in process.small_model_flags()) == is_known


@pytest.mark.quick
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "1"),
        ({"hidden_size": 64}, None),
        ({"batch_size": 1000, "mini_batch_size": 100}, "1"),
        ({"engine": "session"}, None),
    ],
)
def test_only_small_compiled_steps_get_a_single_thread(settings, expected, monkeypatch):
    monkeypatch.delenv(process.THREADS)
    process.set_threads(Config(**settings))

    assert os.environ.get(process.THREADS) == expected
