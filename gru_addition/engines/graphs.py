"""Graphs and sessions of our own, unaffected by what the host process has switched on.

What a host process switches on can affect every graph built in it: checks of all numbers, dumps for
the debugger, a default device, a distribution strategy, functions that are run instead of traced.
TensorFlow keeps most of these switches per thread, so graphs are built in a thread of their own.
Functions are traced explicitly, and sessions have their own options.
"""

import threading
from concurrent.futures import Future
from functools import cache

from gru_addition.engines.compiled import compile_with_xla
from gru_addition.support import tf
from gru_addition.support.process import quiet


def undisturbed(function, *arguments):
    """Call a function in a thread where nothing is switched on; return what it returns."""
    outcome = Future()

    def call():
        try:
            outcome.set_result(function(*arguments))
        except BaseException as error:
            outcome.set_exception(error)

    # Python waits for an executor's threads at exit, and starts no new ones once exit has begun.
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        return outcome.result()
    finally:
        thread.join()


def build_graph(build, *arguments):
    """Call `build(*arguments)` in a new graph; return that, finalized, and what it returned."""

    def in_graph():
        with tf.Graph().as_default() as graph:
            # XLA reads and writes TensorFlow 2's kind of variables, which are not the default in a
            # process that has called `tf.disable_v2_behavior()`.
            tf.get_variable_scope().set_use_resource(True)
            return graph, build(*arguments)

    graph, built = undisturbed(in_graph)
    graph.finalize()
    return graph, built


def open_session(graph, rewritten=False):
    """Return a session that runs on the CPU, whatever devices and options the host has.

    rewritten: whether TensorFlow may first rewrite the graph to compute the same faster. That takes
        a few tenths of a second, so it pays only if the graph runs thousands of times.

    On a GPU the last digits would differ, and with TensorFloat-32 earlier ones too. The host sets
    the number of threads.
    """
    _start_quietly()
    return tf.Session(graph=graph, config=_options(rewritten))


@cache
def _start_quietly():
    """Run a session for its log: TensorFlow 2.19 writes two lines when the first one runs."""
    with quiet():
        _run(lambda number: number + 1)


def _options(rewritten=False):
    threads = tf.config.threading
    options = tf.ConfigProto(
        allow_soft_placement=True,
        device_count={"GPU": 0},
        intra_op_parallelism_threads=threads.get_intra_op_parallelism_threads(),
        inter_op_parallelism_threads=threads.get_inter_op_parallelism_threads(),
    )
    options.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.OFF
    rewrites = options.graph_options.rewrite_options
    rewrites.auto_mixed_precision = rewrites.OFF
    if not rewritten:
        rewrites.disable_meta_optimizer = True
        options.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    return options


@cache
def xla_is_available():
    """Whether XLA can compile and run a function here."""
    with quiet():
        try:
            return _run(lambda number: compile_with_xla(lambda x: x + 1, number)) == 2
        except tf.errors.OpError:
            return False


def _run(function):
    """What a function of a number computes for 1, in a graph and a session of its own."""

    def build():
        # A constant would be computed without running anything.
        number = tf.placeholder(tf.int32, ())
        return number, function(number)

    graph, (number, result) = build_graph(build)
    with tf.Session(graph=graph, config=_options()) as session:
        return session.run(result, {number: 1})
