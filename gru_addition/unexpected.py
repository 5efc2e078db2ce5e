"""Errors that nobody expects, told by a command in one line, with a status that is no verdict.

It imports nothing but Python's own library, so that it can tell of whatever else can't be imported.
"""

import os
import sys
import traceback

TRACEBACK = "GRU_ADDITION_TRACEBACK"
ERROR, INTERRUPTED = 2, 130
LONGEST = 200


def in_one_line(error):
    """Describe an error; show its traceback to whoever has set `GRU_ADDITION_TRACEBACK`."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    what = what if len(what) <= LONGEST else what[:LONGEST] + "..."
    return f"unexpected {what} ({TRACEBACK}=1 shows where it comes from)"


def take_over():
    """Let what ends this process, a command, before the command can tell it be told here."""
    sys.excepthook = _tell


def _tell(_, error, __):
    # It has none until Python knows which command it is.
    spec = sys.modules["__main__"].__spec__
    name = "gru_addition" if spec is None else spec.name.removesuffix(".__main__")
    is_interrupted = isinstance(error, KeyboardInterrupt)
    message = "interrupted" if is_interrupted else in_one_line(error)
    print(f"python -m {name}: {message}", file=sys.stderr)
    raise SystemExit(INTERRUPTED if is_interrupted else ERROR)
