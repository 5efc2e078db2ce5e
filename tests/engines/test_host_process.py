"""Whatever the process around us has switched on, the numbers are the same."""

import json
import subprocess
import sys

import host_switches
import numpy as np
import pytest
from common import WITH_TESTS, environment, run_code

from gru_addition.add import Adder
from gru_addition.engines import graphs
from gru_addition.model import AdditionModel, tf

# Tried one after the other in one process.
TOGETHER = [
    "functions run eagerly + numerics are checked + debug info is dumped + mirrored + "
    "control flow v1 + reference variables",
    "grappler's options + auto-clustering + mixed precision + mixed precision of graphs + "
    "another floatx + soft placement off + placements are logged + a default device + "
    "a strategy + a gradient tape + an outer name scope + an outer graph + an outer session + "
    "NumPy raises errors",
    # The last two stay on.
    "two threads + determinism + NumPy's behaviour",
]
# Tried in a process of its own, which has an unusual environment as well.
TENSORFLOW_2_OFF = "TensorFlow 2 off + numerics are checked"
ALONE = [
    *(switch for names in [*TOGETHER, TENSORFLOW_2_OFF] for switch in names.split(" + ")),
    "eager execution off",
]
# Keras' backends need not be installed.
IN_THE_ENVIRONMENT = {
    "determinism": {"TF_DETERMINISTIC_OPS": "1"},
    "Keras with JAX": {"KERAS_BACKEND": "jax", "KERAS_FLOATX": "float16"},
    "Keras with PyTorch": {"KERAS_BACKEND": "torch"},
    "auto-clustering": {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"},
}
TOGETHER_IN_THE_ENVIRONMENT = "determinism", "Keras with JAX", "auto-clustering"


@pytest.fixture(scope="module")
def undisturbed():
    return host_switches.numbers()


@pytest.fixture
def assert_undisturbed(undisturbed, figure, compiled_once):
    """A function that checks the numbers under the named switches, with the given variables."""

    def check(names, **variables):
        flags = f"{variables.get('TF_XLA_FLAGS', '')} {compiled_once}"
        printed = subprocess.check_output(
            [sys.executable, host_switches.__file__, *names],
            env=environment() | variables | {"TF_XLA_FLAGS": flags}, text=True,
        )  # fmt: skip
        found = [json.loads(line) for line in printed.splitlines()]
        assert [name for name, _ in found] == names
        for name, computed in found:
            assert computed["verdict"] == undisturbed["verdict"] == "proved"
            assert computed["is compiled"]
            numbers, expected = (
                np.concatenate(each["numbers"]) for each in (computed, undisturbed)
            )
            what = ", ".join([name, *map("=".join, variables.items())])
            figure(f"host process, {what}: deviates by {abs(numbers / expected - 1).max():.1e}")
            np.testing.assert_allclose(numbers, expected, rtol=1e-12, atol=0, err_msg=name)

    return check


def test_no_switch_of_the_process_moves_a_number(assert_undisturbed):
    assert_undisturbed(TOGETHER)


@pytest.mark.torture
@pytest.mark.parametrize("name", ALONE)
def test_no_switch_by_itself_moves_a_number(name, assert_undisturbed):
    assert_undisturbed([name])


@pytest.mark.parametrize(
    ("names", "switch"),
    [
        (TOGETHER_IN_THE_ENVIRONMENT, TENSORFLOW_2_OFF),
        *(
            pytest.param([name], "nothing", marks=pytest.mark.torture)
            for name in IN_THE_ENVIRONMENT
        ),
    ],
)
def test_no_switch_in_the_environment_moves_a_number(names, switch, assert_undisturbed):
    variables = {}
    for name in names:
        variables |= IN_THE_ENVIRONMENT[name]
    assert_undisturbed([switch], **variables)


REFUSED = """
import ctypes, sys
import numpy_gru
from gru_addition.add import Adder
from gru_addition.train import Config, train
from tensorflow.compat.v1 import experimental
if sys.argv[1] == "intermediates":
    experimental.output_all_intermediates(True)
else:
    ctypes.CDLL(None).fesetround(0x800)
def build_adder():
    Adder.from_weights(numpy_gru.perfect_weights())
for work in (lambda: train(Config(iterations=2)), build_adder):
    try:
        work()
    except RuntimeError as error:
        print(error)
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason="the number is Linux' for x86-64")
@pytest.mark.parametrize(
    ("switch", "message"),
    [
        ("intermediates", "tf.compat.v1.experimental.output_all_intermediates must be None, not"),
        ("rounding upwards", "floating-point numbers must be rounded to the nearest, not as some"),
    ],
)
def test_a_switch_that_can_not_be_escaped_is_named_before_anything_is_trained(switch, message):
    """With the first, XLA ends the process; with the second, all numbers differ."""
    printed = run_code(REFUSED, switch, variables=WITH_TESTS)

    assert [line.startswith(message) for line in printed.splitlines()] == [True, True]


def test_a_graph_for_given_weights_holds_no_random_op_without_a_seed():
    """A host may demand seeds, and refuse to run what has none."""
    with tf.Graph().as_default() as graph:
        AdditionModel.for_weights(host_switches.WEIGHTS)
        tf.global_variables_initializer()

    seeds = [
        (op.get_attr("seed"), op.get_attr("seed2"))
        for op in graph.get_operations()
        if "Normal" in op.type or "Random" in op.type
    ]
    assert len(seeds) == len(host_switches.WEIGHTS)
    assert all(op_seed != 0 for _, op_seed in seeds)


def test_sessions_are_handed_no_gpu_and_no_option_of_others():
    config = graphs._options()

    assert config.device_count["GPU"] == 0
    assert config.graph_options.optimizer_options.global_jit_level == tf.OptimizerOptions.OFF
    assert not config.log_device_placement
    with graphs.open_session(tf.Graph()) as session:
        assert {device.device_type for device in session.list_devices()} == {"CPU"}


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore")
from gru_addition.engines import graphs
from gru_addition.train import Config, train
settings = Config(iterations=2, num_bits=2, batch_size=2, hidden_size=2)
graphs.SECONDS_TO_ANSWER = 5
if sys.argv[1] == "after a run":
    train(settings)
if sys.argv[1] == "after a session of its own":
    from gru_addition.model import tf
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.constant(1))
child = os.fork()
if child == 0:
    try:
        print(len(train(settings).history))
    except RuntimeError as error:
        print(error)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.posix
@pytest.mark.parametrize(
    ("when", "printed"),
    [
        ("before", "2"),
        ("after a run", "TensorFlow hangs in this process, which was forked"),
        ("after a session of its own", "TensorFlow hangs in this process, which was forked"),
    ],
)
def test_a_forked_process_trains_or_says_why_it_cannot(when, printed):
    output = run_code(FORK, when)

    assert output.startswith(printed)
    assert output.count("\n") == 1


def test_a_session_in_this_process_is_not_tried_first(monkeypatch):
    assert graphs.xla_is_available()
    monkeypatch.setattr(graphs, "_try_xla", None)

    assert Adder.from_weights(host_switches.WEIGHTS).add(3, 4) == 7


def test_the_threads_are_those_that_the_host_allows():
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(1)\n"
        "from gru_addition.engines import graphs\n"
        "print(graphs._options().intra_op_parallelism_threads)"
    )
    assert run_code(code) == "1\n"
