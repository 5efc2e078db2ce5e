"""Graphs and sessions of our own, unaffected by what the host process has switched on.

What a host process switches on can affect every graph built in it: checks of all numbers, dumps for
the debugger, a default device, a distribution strategy, functions that are run instead of traced.
TensorFlow keeps most of these switches per thread, so graphs are built in a thread of their own.
Functions are traced explicitly, and sessions have their own options.
"""

import os
import threading
from concurrent.futures import Future, TimeoutError
from functools import cache

import numpy as np

from gru_addition.engines.compiled import compile_with_xla
from gru_addition.support.quiet import quiet_body
from gru_addition.support.stopwatch import doing
from gru_addition.support.tensorflow1 import tf

# A working process answers in a few tenths of a second.
SECONDS_TO_ANSWER = 60

# The processes in which sessions are known to work: this one, and those forked from it so far.
_working = {os.getpid()}
# Only success is kept: XLA may work later even if it did not before.
_xla_works = False


def undisturbed(function, *arguments):
    """Call a function in a thread where nothing is switched on; return what it returns."""
    thread, outcome = _started(function, *arguments)
    try:
        return outcome.result()
    finally:
        thread.join()


def _started(function, *arguments):
    """A thread that calls a function, and the `Future` of its outcome."""
    outcome = Future()

    def call():
        try:
            outcome.set_result(function(*arguments))
        except BaseException as error:
            outcome.set_exception(error)

    # Python waits for an executor's threads at exit, and starts no new ones once exit has begun.
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread, outcome


@doing("building graphs")
def build_graph(build, *arguments):
    """Call `build(*arguments)` in a new graph; return the graph, finalized, and what it returned.

    Raises `RuntimeError` for a switch with which XLA can't compile loops and would end the process.
    """
    return undisturbed(_build_graph, build, *arguments)


def _build_graph(build, *arguments):
    with tf.Graph().as_default() as graph:
        if _outputs_all_intermediates():
            raise RuntimeError(
                "tf.compat.v1.experimental.output_all_intermediates must be None, not True"
            )
        # XLA reads and writes TensorFlow 2's kind of variables, which are not the default in a
        # process that has called `tf.disable_v2_behavior()`.
        tf.get_variable_scope().set_use_resource(True)
        built = build(*arguments)
    graph.finalize()
    return graph, built


def _outputs_all_intermediates():
    try:
        # TensorFlow has no public way to ask.
        from tensorflow.python.ops.control_flow_util_v2 import output_all_intermediates
    except ImportError:
        return False
    return output_all_intermediates()


@doing("opening sessions")
def open_session(graph, rewritten=False):
    """Return a session that runs on the CPU, whatever devices and options the host has.

    rewritten: whether TensorFlow may first rewrite the graph to compute the same faster. That takes
        a few tenths of a second, so it pays only if the graph runs thousands of times.

    On a GPU the last digits would differ, and with TensorFloat-32 earlier ones too. The host
    sets the number of threads.

    Raises `RuntimeError` in a process where every session would hang, because it was forked from
    one that had used TensorFlow; and in a thread that does not round to nearest.
    """
    half_a_digit = np.float64(2) ** -53
    if 1 + half_a_digit != 1 or 1 - half_a_digit / 4 != 1:
        raise RuntimeError(
            "floating-point numbers must be rounded to the nearest, not as some library has told "
            "this thread to (by fesetround, say)"
        )
    _check_process()
    _start_quietly()
    return tf.Session(graph=graph, config=_options(rewritten))


@cache
def _start_quietly():
    """Run a session for its log: TensorFlow 2.19 writes two lines when the first one runs."""
    with quiet_body():
        undisturbed(_add_one)


def _add_one():
    with tf.Graph().as_default(), tf.Session(config=_options()) as session:
        number = tf.placeholder(tf.int32, ())
        session.run(number + 1, {number: 1})


def _check_process():
    if os.getpid() in _working:
        return
    # There is no telling beforehand: the threads of the parent process are gone.
    _, outcome = _started(_try_xla)
    try:
        outcome.result(SECONDS_TO_ANSWER)
    except TimeoutError:
        raise RuntimeError(
            "TensorFlow hangs in this process, which was forked from one that had used it; start "
            "processes with multiprocessing's spawn or forkserver method instead"
        ) from None
    _working.add(os.getpid())


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


def compiled_where_possible(function, *tensors):
    """Call a function by `compile_with_xla`, or as it is if XLA is not available."""
    return compile_with_xla(function, *tensors) if xla_is_available() else function(*tensors)


@doing("looking for XLA")
def xla_is_available():
    """Whether XLA can compile and run a function here; raises the errors of `open_session`."""
    global _xla_works
    if not _xla_works:
        _check_process()
        with quiet_body():
            _xla_works = undisturbed(_try_xla)
    return _xla_works


def _try_xla():
    def build():
        # A constant would be computed without compiling anything.
        number = tf.placeholder(tf.int32, ())
        return number, compile_with_xla(lambda x: x + 1, number)

    graph, (number, one_more) = _build_graph(build)
    with tf.Session(graph=graph, config=_options()) as session:
        try:
            return bool(session.run(one_more, {number: 1}) == 2)
        except tf.errors.OpError:
            return False
