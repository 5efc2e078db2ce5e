"""Import TensorFlow without its start-up chatter.

TensorFlow logs a dozen lines about the machine while it is imported and when its first session
opens. An environment variable silences most of them, but two are written straight to file
descriptor 2 before TensorFlow has read it. Neither setting outlives the import, and errors raised
by TensorFlow itself are exceptions, which this does not touch. Whoever wants the log sets
`TF_CPP_MIN_LOG_LEVEL`, and gets all of it.
"""

import os
import sys
import tempfile
from contextlib import contextmanager

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet_import():
    """Keep the first import of TensorFlow in the body from writing to the terminal.

    If the import fails, what it wrote is shown after all.
    """
    if "tensorflow" in sys.modules or LOG_LEVEL in os.environ:
        yield
        return

    terminal = os.dup(2)
    os.environ[LOG_LEVEL] = "3"
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(terminal, log.read())
            raise
        finally:
            del os.environ[LOG_LEVEL]
            os.dup2(terminal, 2)
            os.close(terminal)
