"""TensorFlow's chatter does not reach the terminal; its errors do."""

import os
import subprocess
import sys

from common import ROOT, environment


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, env=environment() | variables, cwd=ROOT,
    )  # fmt: skip


SESSION = """
import os
from gru_addition.model import tf
with tf.Graph().as_default(), tf.Session() as session:
    session.run(tf.zeros(2))
print(os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
"""


def test_nothing_reaches_the_terminal_but_errors():
    result = run(
        SESSION + "os.write(2, b'here\\n')\n"
        "with tf.Graph().as_default(), tf.Session() as session:\n"
        "    anything = tf.placeholder(tf.float64)\n"
        "    session.run(tf.matmul(anything, anything), {anything: [[1, 2, 3]]})"
    )

    # The level is unchanged, and standard error is back.
    assert (result.returncode, result.stdout) == (1, "None\n")
    assert result.stderr.startswith("here\nTraceback (most recent call last)")
    assert "InvalidArgumentError" in result.stderr
    assert "Matrix size-incompatible" in result.stderr


def test_the_log_is_there_for_whoever_asks():
    """This is also what TensorFlow writes when nobody stops it."""
    result = run(SESSION, TF_CPP_MIN_LOG_LEVEL="0")

    assert (result.returncode, result.stdout) == (0, "0\n")
    assert result.stderr


def test_what_a_failing_import_wrote_is_shown(tmp_path):
    broken = tmp_path / "tensorflow" / "__init__.py"
    broken.parent.mkdir()
    broken.write_text("import os; os.write(2, b'missing library\\n'); raise ImportError('broken')")

    result = run("import gru_addition.model", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")

    assert result.returncode == 1
    assert "missing library" in result.stderr
    assert "ImportError: broken" in result.stderr


def test_the_package_alone_imports_no_tensorflow():
    result = run(
        "import sys, gru_addition, gru_addition.dataset, gru_addition.train\n"
        "assert 'tensorflow' not in sys.modules and 'matplotlib' not in sys.modules"
    )

    assert result.returncode == 0, result.stderr
