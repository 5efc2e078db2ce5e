"""The flags with which XLA, TensorFlow's compiler, is set up for small models."""

import os
import re
import subprocess
import sys
from importlib import metadata

from gru_addition.support.checks import brief

FLAGS, TENSORFLOWS_FLAGS = "XLA_FLAGS", "TF_XLA_FLAGS"
COMPILE_SOMETHING = """
try:
    import tensorflow as tf
    tf.function(lambda x: x + 1, jit_compile=True)(tf.constant(1))
finally:
    print("alive", flush=True)
"""


def prepare_process():
    """Set XLA up for small models; to be called before TensorFlow is imported.

    Only the commands, which own their process, may call this. The user's own flags come last, and
    the last one counts.
    """
    os.environ[FLAGS] = " ".join([*small_model_flags(), os.environ.get(FLAGS, "")]).rstrip()


def check_flags():
    """Raise `ValueError` for flags in the environment for which TensorFlow would end this process.

    It does so without an error that could be caught, and with a status that may mean something
    else. So another process tries them first, if there are any but our own. An error that can be
    caught is not about them, and is left to whoever meets it.
    """
    theirs = [f for f in os.environ.get(FLAGS, "").split() if f not in small_model_flags()]
    given = {FLAGS: " ".join(theirs), TENSORFLOWS_FLAGS: os.environ.get(TENSORFLOWS_FLAGS, "")}
    given = {name: flags for name, flags in given.items() if flags}
    if not given:
        return
    trial = subprocess.run(
        [sys.executable, "-c", COMPILE_SOMETHING],
        env={"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if "alive" not in trial.stdout:
        *_, last_line = ["it says nothing", *trial.stderr.split("\n")[:-1]]
        # Severity, time and place stand before what is said.
        reason = re.sub(r"^.*\.cc:\d+\] ", "", last_line)
        names, shown = " and ".join(given), brief(" ".join(given.values()))
        raise ValueError(f"{names} must hold flags that TensorFlow accepts, not {shown}: {reason}")


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
