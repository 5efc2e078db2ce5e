"""TensorFlow's chatter does not reach the terminal, unless it is asked for; its errors do."""

import os

from common import ROOT, run_from_scratch

SESSION = """
import os
from gru_addition.engines.graphs import open_session
from gru_addition.support import tf
open_session(tf.Graph()).list_devices()
print(os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
"""


def test_nothing_reaches_the_terminal_but_errors():
    ended = run_from_scratch("-c", SESSION + "os.write(2, b'here\\n'); 1 / 0")

    # The level is unchanged, and standard error is back.
    assert (ended.returncode, ended.stdout) == (1, "None\n")
    assert ended.stderr.startswith("here\nTraceback (most recent call last)")
    assert "ZeroDivisionError" in ended.stderr


def test_the_log_is_there_for_whoever_asks():
    """This is also what TensorFlow writes when nobody stops it."""
    ended = run_from_scratch("-c", SESSION, variables={"TF_CPP_MIN_LOG_LEVEL": "0"})

    assert (ended.returncode, ended.stdout) == (0, "0\n")
    assert ended.stderr


def test_what_a_failing_import_wrote_is_shown(tmp_path):
    broken = tmp_path / "tensorflow" / "__init__.py"
    broken.parent.mkdir()
    broken.write_text("import os; os.write(2, b'missing library\\n'); raise ImportError('broken')")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    ended = run_from_scratch("-c", "from gru_addition.support import tf; tf.Graph", variables=path)

    assert ended.returncode == 1
    assert "missing library" in ended.stderr
    assert "ImportError: broken" in ended.stderr
