"""Which engine runs the iterations, and how a checkpoint says what computed it."""

import os
import warnings

from gru_addition.engines import compiled, graphs, session
from gru_addition.support import xla
from gru_addition.support.tensorflow1 import tf

ENGINES = {"compiled": compiled.compiled_engine, "session": session.session_engine}
REVISIONS = {"compiled": compiled.REVISION, "session": session.REVISION}


def choose_engine(name):
    """Return that name; if XLA is missing, warn and return the session engine's."""
    if name == "compiled" and not graphs.xla_is_available():
        warnings.warn(
            "XLA is not available, so the slower session engine is used; "
            "only the last digits differ",
            stacklevel=5,
        )
        name = "session"
    return name


def computed_by(name):
    """What an engine's last digits depend on, in words."""
    flags = os.environ.get(xla.FLAGS, "") if name == "compiled" else ""
    return (
        f"TensorFlow {tf.__version__}, {name} engine, revision {REVISIONS[name]}, "
        f"{xla.FLAGS}={flags!r}"
    )
