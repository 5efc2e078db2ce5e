"""What a process is set up with before it imports TensorFlow: XLA's flags, threads, and quiet.

XLA is TensorFlow's compiler. It reads its flags once, from the environment.
"""

import logging
import os
import re
import tempfile
import threading
from contextlib import contextmanager
from importlib import metadata

from gru_addition.support.checks import brief

FLAGS, THREADS, LOG_LEVEL = "XLA_FLAGS", "TF_NUM_INTRAOP_THREADS", "TF_CPP_MIN_LOG_LEVEL"
# A step with this many numbers in its states, or fewer, is done sooner by one thread than by two.
SMALL_STATES = 2000
# TensorFlow would start them all, whatever memory that takes.
MOST_THREADS = 1024
# All threads share file descriptor 2, so only one at a time may point it elsewhere.
_turn = threading.RLock()


def small_model_flags():
    """XLA flags that make a model of the tutorial's size train half as fast again."""
    flags = [
        # A step is too small to be worth spreading over threads.
        "--xla_cpu_multi_thread_eigen=false",
        # At the default, 3, LLVM unrolls the loop over the units of the state, and then gathers
        # single numbers of different sums into vectors instead of loading them as they lie.
        "--xla_backend_optimization_level=2",
    ]
    try:
        version = tuple(map(int, metadata.version("tensorflow").split(".")[:2]))
    except metadata.PackageNotFoundError:  # It is installed under another name.
        version = 0, 0
    # XLA ends a process that has a flag it does not know, and TensorFlow 2.16's lacks this one.
    if version >= (2, 18):
        # Use all of an AVX-512 register, if there is one; by default it is half.
        flags.append("--xla_cpu_prefer_vector_width=512")
    return flags


def set_flags():
    """Set XLA up for small models; return whether that was still to be done.

    The user's own flags come after ours, and the last one counts.
    """
    given = os.environ.get(FLAGS, "")
    if given and not given.lstrip().startswith("-"):
        # It is the name of a file of flags, which XLA reads only if nothing stands before it.
        return False
    missing = [flag for flag in small_model_flags() if flag not in given.split()]
    os.environ[FLAGS] = " ".join([*missing, given]).rstrip()
    return bool(missing)


def set_threads(config):
    """Give TensorFlow one thread if that is best for these settings, unless a number is set.

    This must come before its first session. The losses stay the same.
    """
    examples = config.mini_batch_size or config.batch_size
    if config.engine == "compiled" and examples * config.hidden_size <= SMALL_STATES:
        os.environ.setdefault(THREADS, "1")


def check_threads():
    """Raise `OSError` if the environment asks for threads that would end TensorFlow, or memory."""
    # With -1 the caller's thread does it all.
    for name, least in {THREADS: 0, "TF_NUM_INTEROP_THREADS": -1}.items():
        text = os.environ.get(name) or "0"
        if not re.fullmatch("-?[0-9]{1,4}", text) or not least <= int(text) <= MOST_THREADS:
            raise OSError(
                f"{name}, a variable of the environment, must be a whole number of at least "
                f"{least} and at most {MOST_THREADS}, not {brief(text)}"
            )


@contextmanager
def quiet():
    """Hold back what the body writes to file descriptor 2; show it if the body fails.

    TensorFlow logs a dozen lines about the machine when it is imported and first runs, some before
    it has read its log level. If the user has set that level or a flag of XLA's, nothing is held
    back: a flag that TensorFlow does not know ends the process, and then its last words matter.
    """
    own = {*os.environ.get(FLAGS, "").split()} - {*small_model_flags()}
    if own or LOG_LEVEL in os.environ or os.environ.get("TF_XLA_FLAGS"):
        yield
        return
    with _turn, tempfile.TemporaryFile() as held:
        terminal = os.dup(2)
        os.dup2(held.fileno(), 2)
        # TensorFlow reads this once, so it stays quiet.
        os.environ[LOG_LEVEL] = "3"
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            del os.environ[LOG_LEVEL]
            os.dup2(terminal, 2)
            os.close(terminal)


@contextmanager
def without_log():
    """Keep TensorFlow's Python code from logging, for example about deprecated interfaces."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
