"""Import TensorFlow without its start-up chatter.

TensorFlow logs a dozen lines about the machine while it is imported and when its first session
opens. An environment variable silences most of them, but two lines are written straight to file
descriptor 2 before TensorFlow has read it. TensorFlow reads the variable only once, so what it
logs, errors included, stays hidden for the life of the process. The errors it raises are
exceptions, which this does not touch. If you set `TF_CPP_MIN_LOG_LEVEL` to a level other than 3,
you get that level.
"""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

from gru_addition.support import system, unexpected

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
NOTHING = "3"

# A process that keeps what it is sent, up to one of these lines. If none comes, the sender died.
FORGET, SHOW = b"\0forget\n", b"\0show\n"
DIED = b"the process ended while TensorFlow was starting, without a word\n"
KEEPER = f"""
import os
kept = b""
while {FORGET!r} not in kept and {SHOW!r} not in kept and (more := os.read(0, 65536)):
    kept += more
if {FORGET!r} not in kept:
    os.write(2, kept.replace({SHOW!r}, b"") or {DIED!r})
"""
# All threads share file descriptor 2, so only one at a time may point it elsewhere.
_turn = threading.RLock()
_errors_are_shown = True


@contextmanager
def quiet_import():
    """Keep the first import of TensorFlow, in the body, from writing to the terminal.

    If the import fails, what it wrote is shown after all. Raises `ImportError` whatever goes wrong.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    level = os.environ.get(LOG_LEVEL)
    with quiet_body():
        if level is None:
            os.environ[LOG_LEVEL] = NOTHING
        try:
            yield
        except Exception as error:
            raise ImportError(f"TensorFlow can't be imported: {_cause_of(error)}") from error
        finally:
            if level is None:
                del os.environ[LOG_LEVEL]


def _cause_of(error):
    """The original error, if the message quotes its traceback, as TensorFlow's does."""
    lines = f"{type(error).__name__}: {error}".strip().splitlines()
    causes = [line for line in lines if re.match(r"\w+(Error|Exception|Warning): .", line)]
    return causes[-1] if causes else lines[0]


@contextmanager
def quiet_body():
    """Keep whatever runs in the body from writing to file descriptor 2, unless it fails.

    TensorFlow 2.16 logs its first compilation by XLA whatever the level. What was held back is
    shown if the body raises an error, and even if it ends the process. If the level asks for the
    log, nothing is held back.
    """
    if _log_is_wanted():
        yield
        return
    with _turn:
        _make_sure_it_is_open()
        keeper = _started_keeper()
        if keeper is None:
            yield
            return
        with keeper, _standard_error(keeper.stdin.fileno()):
            last_word = FORGET
            try:
                yield
            except Exception:
                last_word = SHOW if _errors_are_shown else FORGET
                raise
            finally:
                with suppress(BrokenPipeError):  # Somebody has killed it.
                    os.write(2, last_word)


def _started_keeper():
    name = os.path.basename(sys.executable or "").lower()
    if getattr(sys, "frozen", False) or not name.startswith(("python", "pypy")):
        # An application with Python embedded in it would start itself again.
        return None
    try:
        # Ctrl-C, the environment and the current directory must not affect it.
        return subprocess.Popen(
            [sys.executable, "-ISc", KEEPER], stdin=subprocess.PIPE, **system.OUT_OF_CTRL_C
        )
    except OSError:
        return None


@contextmanager
def silence():
    """Discard for good what processes started in the body write to file descriptor 2."""
    if _log_is_wanted():
        yield
        return
    with _turn:
        _make_sure_it_is_open()
        with open(os.devnull, "w", encoding="utf-8") as nothing, _standard_error(nothing.fileno()):
            yield


@contextmanager
def without_kept_output():
    """In the body, show what was held back before an error only with the error's traceback."""
    global _errors_are_shown
    before, _errors_are_shown = _errors_are_shown, unexpected.is_shown()
    try:
        yield
    finally:
        _errors_are_shown = before


@contextmanager
def _standard_error(descriptor):
    """Point file descriptor 2 to where another one points."""
    terminal = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _log_is_wanted():
    return os.environ.get(LOG_LEVEL) not in (None, NOTHING)


def _make_sure_it_is_open():
    try:
        os.fstat(2)
    except OSError:
        # Otherwise the next file opened would get this number, and TensorFlow's log with it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
