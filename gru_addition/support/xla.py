"""The flags that set up XLA, TensorFlow's compiler, for small models."""

import os
import re
import subprocess
import sys
from importlib import metadata

from gru_addition.support.checks import brief

FLAGS, TENSORFLOWS_FLAGS = "XLA_FLAGS", "TF_XLA_FLAGS"
THREADS = "TF_NUM_INTRAOP_THREADS"
# A step with this many numbers in its states, or fewer, is done sooner by one thread than by two.
SMALL_STATES = 2000
COMPILE_SOMETHING = """
try:
    import tensorflow as tf
    tf.function(lambda x: x + 1, jit_compile=True)(tf.constant(1))
finally:
    print("alive", flush=True)
"""


def prepare_process():
    """Set XLA up for small models, before TensorFlow is imported; return whether it was not yet."""
    given = os.environ.get(FLAGS, "")
    missing = [flag for flag in small_model_flags() if flag not in given.split()]
    # The last one counts.
    os.environ[FLAGS] = " ".join([*missing, given]).rstrip()
    return bool(missing)


def prepare_for(config):
    """Give TensorFlow a single thread if compiled steps are small, unless a number is set already.

    This must come before its first session. The losses stay the same.
    """
    examples = config.mini_batch_size or config.batch_size
    if config.engine == "compiled" and examples * config.hidden_size <= SMALL_STATES:
        os.environ.setdefault(THREADS, "1")


def check_flags():
    """Raise `ValueError` for flags in the environment that would make TensorFlow end this process.

    It would do so without an error that could be caught, and with a status that may mean something
    else. So another process first tries any that are not ours. An error that can be caught is not
    about them, and is left to later code.
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
        # Severity, time and place come before the message.
        reason = re.sub(r"^.*\.cc:\d+\] ", "", last_line)
        names, shown = " and ".join(given), brief(" ".join(given.values()))
        raise ValueError(f"{names} must hold flags that TensorFlow accepts, not {shown}: {reason}")


def _tensorflow_version():
    """The first two numbers; zeros for a TensorFlow installed under another name."""
    try:
        return tuple(map(int, metadata.version("tensorflow").split(".")[:2]))
    except metadata.PackageNotFoundError:
        return 0, 0


def small_model_flags():
    """XLA flags that make a model of the tutorial's size train half as fast again."""
    flags = [
        # A step is too small to be worth spreading over threads.
        "--xla_cpu_multi_thread_eigen=false",
        # At the default, 3, LLVM unrolls the loop over the units of the state, and then gathers
        # single numbers of different sums into vectors instead of loading them as they lie.
        "--xla_backend_optimization_level=2",
    ]
    # XLA ends a process that has a flag it does not know, and TensorFlow 2.16's lacks this one.
    if _tensorflow_version() >= (2, 18):
        # Use all of an AVX-512 register, if there is one; by default it is half.
        flags.append("--xla_cpu_prefer_vector_width=512")
    return flags
