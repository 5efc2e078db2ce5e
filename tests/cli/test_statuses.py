"""A status means what it says: no error has a verdict's status, and none goes without a word."""

import os
import re

import pytest
from common import GOLDEN, ROOT, run_from_scratch

from gru_addition.cli import COMMANDS

ADD = "-m", "gru_addition", "add", "1", "2"
SOURCE = f"--from={GOLDEN / 'tf-1.3.0' / 'checkpoint' / 'seed-0-2500'}"


@pytest.fixture
def run_with(tmp_path):
    """A function that runs Python where a module of that name is this code."""

    def run(name, code, *arguments, variables=None):
        (tmp_path / f"{name}.py").write_text(code)
        paths = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        return run_from_scratch(*arguments, variables=paths | (variables or {}), cwd=tmp_path)

    return run


def test_an_unexpected_error_shows_its_traceback_and_is_no_verdict(run_with):
    process = run_with("gmpy2", "raise RuntimeError('broken')", *ADD, SOURCE)

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("Traceback (most recent call last):\n")
    assert process.stderr.endswith("RuntimeError: broken\n")


def test_what_is_missing_is_named_with_the_extra_only_if_that_brings_it(run_with):
    process = run_with("tensorflow", "", *ADD, SOURCE)

    missing = "No module named 'tensorflow.compat'; 'tensorflow' is not a package"
    assert process.stderr == f"python -m gru_addition add: {missing}\n"
    assert process.returncode == 2


def test_what_a_failing_import_of_tensorflow_wrote_is_shown(run_with):
    code = "import os; os.write(2, b'no AVX here\\n'); raise ImportError('broken')"

    process = run_with("tensorflow", code, *ADD, SOURCE)

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("no AVX here\n")
    assert "\nTraceback (most recent call last):\n" in process.stderr
    assert process.stderr.endswith("ImportError: broken\n")


@pytest.mark.parametrize(
    "variables",
    [
        {"TF_CPP_MIN_LOG_LEVEL": "0"},
        {"XLA_FLAGS": "--bogus_flag"},
        {"TF_XLA_FLAGS": "--bogus_flag"},
    ],
)
def test_with_settings_of_the_users_own_nothing_is_held_back(variables, run_with):
    """As when TensorFlow ends a process because of a flag that it does not know."""
    code = "import os; os.write(2, b'unknown flag\\n'); os._exit(1)"

    process = run_with("tensorflow", code, *ADD, SOURCE, variables=variables)

    assert process.stderr == "unknown flag\n"


def test_the_commands_are_listed(tmp_path):
    process = run_from_scratch("-m", "gru_addition", cwd=tmp_path)

    assert (process.returncode, process.stderr) == (0, "")
    lines = process.stdout.splitlines()[2:]
    names = [re.match(r"python -m gru_addition (\w+) +\w", line)[1] for line in lines]
    assert names == list(COMMANDS)


@pytest.mark.parametrize("name", ["add", "verify"])
def test_a_module_that_is_no_program_says_what_to_use(name):
    process = run_from_scratch("-m", f"gru_addition.{name}", "1", "2")

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == f"use python -m gru_addition {name}\n"
