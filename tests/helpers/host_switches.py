"""Throw switches of a host process, and print what the project computes under each of them.

    python tests/helpers/host_switches.py NAME ...

prints a line of JSON for each name: the name and the numbers. Names joined by + are thrown
together. Those that can't be thrown back stay on for the names that follow.
"""

import json
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy_gru
from compile_once import give_equal_graphs_equal_names

from gru_addition.engines import graphs
from gru_addition.export import export
from gru_addition.prove import prove
from gru_addition.train import Config, train

TINY = Config(num_bits=4, batch_size=6, hidden_size=3, iterations=7, learning_rate=0.01, seed=1)
WEIGHTS = numpy_gru.perfect_weights()
TWO_THREADS = "two threads"


def numbers():
    """What the project computes: losses of both engines, sums, a verdict, and an export that loads.

    The export loads what it wrote, and compares its output.
    """
    with tempfile.TemporaryDirectory() as directory:
        export(WEIGHTS, Path(directory, "model"))
        runs = train(TINY), train(replace(TINY, engine="session"), Path(directory, "run"))
    losses = [[*r.history.train_losses, *r.history.validation_losses] for r in runs]
    outputs = runs[0].adder.predict(np.ones((1, 5, 2))).ravel().tolist()
    # A proof also asks the graph of add.
    verdict = prove(WEIGHTS, resolution=1).verdict
    is_compiled = graphs.xla_is_available()
    return {"numbers": [*losses, outputs], "verdict": verdict, "is compiled": is_compiled}


def in_two_threads():
    """The numbers, if two threads that run at once both get the same ones."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(numbers())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = results
    assert first == second
    return first


@contextmanager
def thrown(throw, throw_back=None):
    throw()
    yield
    if throw_back is not None:
        throw_back()


def switches():
    """Context managers, by name."""
    import tensorflow as tf
    from tensorflow.compat import v1

    jit, placed = tf.config.optimizer, tf.config.set_soft_device_placement
    dumps = tf.debugging.experimental
    log = tf.debugging.set_log_device_placement

    # Keras may be set up for a library that is not installed.
    def policy(name):
        tf.keras.mixed_precision.set_global_policy(name)

    def floatx(name):
        tf.keras.backend.set_floatx(name)

    graph = tf.Graph()
    dump_directory = tempfile.mkdtemp()
    eagerly = tf.config.run_functions_eagerly
    return {
        "nothing": lambda: thrown(lambda: None),
        "functions run eagerly": lambda: thrown(lambda: eagerly(True), lambda: eagerly(False)),
        "numerics are checked": lambda: thrown(
            tf.debugging.enable_check_numerics, tf.debugging.disable_check_numerics
        ),
        "debug info is dumped": lambda: thrown(
            lambda: dumps.enable_dump_debug_info(dump_directory, "FULL_HEALTH"),
            dumps.disable_dump_debug_info,
        ),
        "auto-clustering": lambda: thrown(
            lambda: jit.set_jit("autoclustering"), lambda: jit.set_jit("")
        ),
        "grappler's options": lambda: thrown(
            lambda: jit.set_experimental_options({"auto_mixed_precision": True}),
            lambda: jit.set_experimental_options({"auto_mixed_precision": False}),
        ),
        "mixed precision": lambda: thrown(
            lambda: policy("mixed_float16"), lambda: policy("float32")
        ),
        "mixed precision of graphs": lambda: thrown(
            lambda: v1.mixed_precision.enable_mixed_precision_graph_rewrite(
                v1.train.AdamOptimizer()
            ),
            v1.mixed_precision.disable_mixed_precision_graph_rewrite,
        ),
        "another floatx": lambda: thrown(lambda: floatx("float16"), lambda: floatx("float32")),
        "soft placement off": lambda: thrown(lambda: placed(False), lambda: placed(True)),
        "placements are logged": lambda: thrown(lambda: log(True), lambda: log(False)),
        "a default device": lambda: tf.device("/device:GPU:7"),
        "a strategy": lambda: tf.distribute.OneDeviceStrategy("/cpu:0").scope(),
        "mirrored": lambda: tf.distribute.MirroredStrategy(["/cpu:0"]).scope(),
        "an outer graph": graph.as_default,
        "an outer session": lambda: v1.Session(graph=graph),
        "a gradient tape": tf.GradientTape,
        "an outer name scope": lambda: tf.name_scope("outer"),
        "NumPy raises errors": lambda: np.errstate(all="raise"),
        "control flow v1": lambda: thrown(
            v1.disable_control_flow_v2, v1.enable_control_flow_v2
        ),
        "reference variables": lambda: thrown(
            v1.disable_resource_variables, v1.enable_resource_variables
        ),
        "determinism": lambda: thrown(tf.config.experimental.enable_op_determinism),
        "NumPy's behaviour": lambda: thrown(
            tf.experimental.numpy.experimental_enable_numpy_behavior
        ),
        "eager execution off": lambda: thrown(v1.disable_eager_execution),
        "TensorFlow 2 off": lambda: thrown(v1.disable_v2_behavior),
    }  # fmt: skip


def main():
    # What is compiled under one switch need not be compiled again under the next, if equal.
    give_equal_graphs_equal_names()
    for name in sys.argv[1:]:
        with ExitStack() as stack:
            for switch in name.split(" + "):
                if switch != TWO_THREADS:
                    stack.enter_context(switches()[switch]())
            found = in_two_threads() if TWO_THREADS in name else numbers()
        print(json.dumps([name, found]), flush=True)


if __name__ == "__main__":
    main()
