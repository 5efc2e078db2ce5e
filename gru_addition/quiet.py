"""Import TensorFlow without its start-up chatter.

TensorFlow logs a dozen lines about the machine while it is imported and when its first session
opens. An environment variable silences most of them, but two lines are written straight to file
descriptor 2 before TensorFlow has read it. TensorFlow reads the variable once: what it logs, errors
included, stays hidden as long as the process lives. The errors that it raises are exceptions, which
this does not touch. Whoever sets `TF_CPP_MIN_LOG_LEVEL` to another level than 3 gets that level.
"""

import os
import sys
import tempfile
from contextlib import contextmanager

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
NOTHING = "3"


@contextmanager
def quiet_import():
    """Keep the first import of TensorFlow, in the body, from writing to the terminal.

    If the import fails, what it wrote is shown after all.
    """
    level = os.environ.get(LOG_LEVEL)
    if "tensorflow" in sys.modules:
        yield
        return
    with quiet_body():
        if level is None:
            os.environ[LOG_LEVEL] = NOTHING
        try:
            yield
        finally:
            if level is None:
                del os.environ[LOG_LEVEL]


@contextmanager
def quiet_body():
    """Keep whatever runs in the body from writing to file descriptor 2, unless it fails.

    TensorFlow 2.16 logs its first compilation by XLA whatever the level. Nothing is kept from whom
    the level says wants it.
    """
    if os.environ.get(LOG_LEVEL) not in (None, NOTHING):
        yield
        return

    if not _is_open(2):
        # Else the next file that is opened would get this number, and TensorFlow's log with it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception:
            log.seek(0)
            os.write(terminal, log.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _is_open(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
