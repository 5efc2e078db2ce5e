"""TensorFlow's chatter does not reach the terminal; its errors do."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT, environment

SESSION = "tf.Session().run(tf.zeros(2))"


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, env=environment() | variables, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def usual():
    """What TensorFlow writes when nobody stops it."""
    imports = "import tensorflow.compat.v1 as tf\nwith tf.Graph().as_default(): "
    return run(imports + SESSION).stderr


def test_nothing_reaches_the_terminal(usual):
    result = run(f"from gru_addition.model import tf\nwith tf.Graph().as_default(): {SESSION}")

    assert usual
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("level", ["3", None])
def test_the_level_is_left_as_it_was_and_standard_error_is_back(level):
    variables = {} if level is None else {"TF_CPP_MIN_LOG_LEVEL": level}
    result = run(
        "import gru_addition.model, os; print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))\n"
        "os.write(2, b'here')",
        **variables,
    )

    assert (result.stdout, result.stderr) == (f"{level}\n", "here")


def test_the_log_is_there_for_whoever_asks():
    result = run("import gru_addition.model", TF_CPP_MIN_LOG_LEVEL="0")

    assert result.stderr


def test_an_error_of_tensorflow_reaches_the_terminal():
    result = run(
        "from gru_addition.model import tf\n"
        "with tf.Graph().as_default(), tf.Session() as session:\n"
        "    anything = tf.placeholder(tf.float64)\n"
        "    session.run(tf.matmul(anything, anything), {anything: [[1, 2, 3]]})"
    )

    assert result.returncode == 1
    assert "InvalidArgumentError" in result.stderr
    assert "Matrix size-incompatible" in result.stderr


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
