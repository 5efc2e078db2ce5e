"""A command's process, and how it reports an unexpected error.

It does so in one line, with a status that is not a verdict.

It imports only Python's standard library, so it can report anything else that can't be imported.
"""

import atexit
import gc
import os
import sys
import traceback

TRACEBACK = "GRU_ADDITION_TRACEBACK"
ERROR, INTERRUPTED = 2, 130
LONGEST = 200
# Objects made, less those freed, before Python looks for unused ones.
OBJECTS_BETWEEN_COLLECTIONS = 300_000
EXTRAS = 'pip install --editable ".[proof,notebooks]"'


def in_one_line(error):
    """Describe an error; show its traceback if `GRU_ADDITION_TRACEBACK` is set."""
    if is_shown():
        write("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    if isinstance(error, ModuleNotFoundError) and _is_a_library(f"{error.name}"):
        return f"{error.name} is not installed; it comes with {EXTRAS}"
    what = " ".join(f"{type(error).__name__}: {error}".split())
    what = what if len(what) <= LONGEST else what[:LONGEST] + "..."
    return f"unexpected {what} ({TRACEBACK}=1 shows where it comes from)"


def _is_a_library(name):
    name = name.partition(".")[0]
    return name != "gru_addition" and name not in sys.stdlib_module_names


def is_shown():
    return bool(os.environ.get(TRACEBACK))


def write(text):
    """Write to standard error, if there is one and it can be written to."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        # Python would end with a status of its own, since it could not write the rest either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def take_over():
    """Set up a process for a command, and report errors raised before the command itself can."""
    sys.excepthook = _report
    if _is_ours(sys.orig_argv):
        # A command draws to files. Started from a notebook, it inherits the notebook's backend,
        # which may not even be installed here.
        os.environ["MPLBACKEND"] = "agg"
        # Python looks for unused objects again and again, and as it ends. With half a million of
        # TensorFlow's, most of them in use, that takes half a second, and a second at the end.
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        atexit.register(gc.freeze)


def _is_ours(names):
    return any(name.startswith("gru_addition") for name in names)


def _report(kind, error, trace):
    # It has no name until Python knows which module it is to run.
    spec = sys.modules["__main__"].__spec__
    names = sys.orig_argv if spec is None else [spec.name]
    if not _is_ours(names):
        # Somebody else's module imports this package.
        sys.__excepthook__(kind, error, trace)
        return
    name = "gru_addition" if spec is None else spec.name.removesuffix(".__main__")
    is_interrupted = isinstance(error, KeyboardInterrupt)
    message = "interrupted" if is_interrupted else in_one_line(error)
    write(f"python -m {name}: {message}\n")
    raise SystemExit(INTERRUPTED if is_interrupted else ERROR)
