"""What the environment of a command is set to: used, or refused in one line."""

import json
import os
import re
import shutil

import pytest
from common import ROOT, run_from_scratch

from gru_addition.support.tf import check_threads

ADD = "add", "1", "2", "--from=run"


@pytest.fixture
def here(networks, tmp_path):
    shutil.copytree(networks / "right", tmp_path / "run")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("TF_NUM_INTRAOP_THREADS", ["-1", "1025", "100000", "1.5", "two"], ["", "0", "1024"]),
        ("TF_NUM_INTEROP_THREADS", ["-2", "1025", "100000", "1.5", "two"], ["", "-1", "1024"]),
    ],
)
def test_a_number_of_threads_that_would_end_tensorflow_is_refused(name, wrong, right, monkeypatch):
    for text in wrong:
        monkeypatch.setenv(name, text)
        with pytest.raises(OSError, match=f"{name}, a variable .* at most 1024, not '{text}'"):
            check_threads()
    for text in right:
        monkeypatch.setenv(name, text)
        check_threads()


@pytest.mark.parametrize(
    ("variables", "settings", "named"),
    [
        ({"TF_NUM_INTRAOP_THREADS": "-1"}, {}, "TF_NUM_INTRAOP_THREADS, a variable"),
        ({}, {"image_data_format": "th", "backend": "theano"}, r"or the file .*keras\.json\n$"),
    ],
)
def test_what_tensorflow_would_not_start_with_is_named(variables, settings, named, here):
    (here / "keras.json").write_text(json.dumps(settings))

    process = run_from_scratch(
        "-m", "gru_addition", *ADD, variables=variables | {"KERAS_HOME": str(here)}, cwd=here
    )

    assert (process.returncode, process.stdout) == (2, "")
    assert re.match("python -m gru_addition add: .*" + named, process.stderr)
    assert process.stderr.count("\n") == 1


def test_an_error_that_is_not_about_keras_is_shown_as_it_is(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ValueError('numpy.dtype size changed')")
    paths = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    process = run_from_scratch(
        "-c", "from gru_addition.support import tf; tf.Session", variables=paths
    )

    assert process.returncode == 1
    assert process.stderr.endswith("ValueError: numpy.dtype size changed\n")


STARTED_OTHERWISE = """
import io, sys
sys.stderr, sys.stdout = None, io.StringIO()
from gru_addition.cli import main
status = main("add", "--from=~/run")
sys.__stdout__.write(f"{status} {sys.stdout.getvalue()}")
"""


@pytest.mark.posix
def test_a_command_runs_without_docstrings_standard_error_or_a_screen(here):
    """And in a notebook, whose standard output is not a file."""
    variables = {"HOME": str(here), "MPLBACKEND": "nonsense"}

    process = run_from_scratch(
        "-OO", "-c", STARTED_OTHERWISE, "3", "4", variables=variables, cwd=here
    )

    assert (process.returncode, process.stdout, process.stderr) == (0, "0 7\n", "")


@pytest.mark.posix
def test_a_page_about_a_run_with_any_name_is_written_in_any_locale_without_a_home(here):
    name = b"\xc3\xa9 x"
    os.rename(here / "run", os.fsencode(here) + b"/" + name)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/dev/null"}
    ascii_only["MPLCONFIGDIR"] = ""

    process = run_from_scratch(
        "-m", "gru_addition", "show", b"--from=" + name, variables=ascii_only, cwd=here
    )

    assert (process.returncode, process.stderr) == (0, "")
    with open(os.fsencode(here) + b"/" + name + b"/page.html", encoding="utf-8") as page:
        assert '"name": "é x"' in page.read()
