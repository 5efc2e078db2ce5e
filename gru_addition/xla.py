"""XLA, TensorFlow's compiler: whether it works here, and what it needs from us."""

import os
from functools import cache
from importlib import metadata

from gru_addition.quiet import quiet_body

FLAGS = "XLA_FLAGS"


@cache
def is_available():
    """Whether XLA can compile and run a function on this machine."""
    from gru_addition.model import tf

    with tf.Graph().as_default(), tf.Session() as session, quiet_body():
        one_more = tf.function(lambda x: x + 1, jit_compile=True, autograph=False)
        # A constant would be computed without compiling anything.
        number = tf.placeholder(tf.int32, ())
        try:
            return session.run(one_more(number), {number: 1}) == 2
        except tf.errors.OpError:
            return False


def for_xla():
    """Return the scope in which the variables that XLA is to read and write must be made.

    They are TensorFlow 2's kind of variables, which a process that calls
    `tf.disable_v2_behavior()` would not get otherwise.
    """
    from gru_addition.model import tf

    return tf.variable_scope(tf.get_variable_scope(), use_resource=True)


def prepare_process():
    """Set XLA up for small models; to be called before TensorFlow is imported.

    Only the commands, which own their process, may call this. The user's own flags come last, and
    the last one counts.
    """
    os.environ[FLAGS] = " ".join([*small_model_flags(), os.environ.get(FLAGS, "")]).rstrip()


def small_model_flags():
    """XLA's flags with which a model of the tutorial's size trains half as fast again."""
    flags = [
        # A step is too small to be worth the threads over which it would be spread.
        "--xla_cpu_multi_thread_eigen=false",
        # At the default, 3, LLVM unrolls the loop over the units of the state, and then gathers
        # single numbers of different sums into vectors instead of loading them as they lie.
        "--xla_backend_optimization_level=2",
    ]
    # XLA ends a process that has a flag it does not know, and TensorFlow 2.16's does not know this.
    if tuple(map(int, metadata.version("tensorflow").split(".")[:2])) >= (2, 18):
        # All of an AVX-512 register, where there is one; by default it is half.
        flags.append("--xla_cpu_prefer_vector_width=512")
    return flags
