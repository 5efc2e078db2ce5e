"""TensorFlow's chatter does not reach the terminal, unless it is asked for; its errors do."""

from common import run_from_scratch

SESSION = """
import os
from gru_addition.engines.graphs import open_session
from gru_addition.support import tf
open_session(tf.Graph()).list_devices()
print(os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
"""


def test_nothing_reaches_the_terminal_but_errors_unless_the_log_is_asked_for():
    ended = run_from_scratch("-c", SESSION + "os.write(2, b'here\\n'); 1 / 0")

    # The level is unchanged, and standard error is back.
    assert (ended.returncode, ended.stdout) == (1, "None\n")
    assert ended.stderr.startswith("here\nTraceback (most recent call last)")
    assert "ZeroDivisionError" in ended.stderr
    # This is also what TensorFlow writes when nobody stops it.
    asked = run_from_scratch("-c", SESSION, variables={"TF_CPP_MIN_LOG_LEVEL": "0"})
    assert (asked.returncode, asked.stdout) == (0, "0\n")
    assert asked.stderr
