"""The Makefile's environment is that of the Python asked for, and belongs to its directory."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from common import ROOT

pytestmark = pytest.mark.posix
# A Python of another version: it says so, and what else it is told to do.
OTHER = """#!{python}
import collections, sys
version = collections.namedtuple("version", "major minor micro")
sys.version, sys.version_info = "{version} (other)", version(*map(int, "{version}".split(".")))
if sys.argv[1] == "-c":
    exec(sys.argv[2])
else:
    print(*sys.argv[1:])
"""


@pytest.fixture
def make(tmp_path):
    """A function that makes the environment in a directory with such a Python."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    # Otherwise a make around the tests would tell this one what to do.
    variables = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}

    def run(directory, version=None):
        python = sys.executable
        if version is not None:
            python = tmp_path / f"python{version}"
            python.write_text(OTHER.format(python=sys.executable, version=version))
            python.chmod(0o755)
        ended = subprocess.run(
            ["make", f"PYTHON={python}", ".venv/made"],
            cwd=directory, env=variables, capture_output=True, text=True,
        )  # fmt: skip
        return ended.returncode, ended.stdout, ended.stderr

    return run


@pytest.mark.parametrize("version", ["2.7.18", "3.9.18", "3.14.0"])
def test_a_python_that_is_not_supported_is_refused_before_anything_is_made(version, make, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)

    status, out, err = make(tmp_path, version)

    short = version.rpartition(".")[0]
    assert (status, out) == (2, "")
    assert err.startswith(f"Python must be 3.10 to 3.13, not {short}; to name one: make PYTHON=")
    assert not (tmp_path / ".venv").exists()
    # The bounds are those of the package.
    pyproject, makefile = ((ROOT / name).read_text() for name in ("pyproject.toml", "Makefile"))
    assert 'requires-python = ">=3.10,<3.14"' in pyproject
    assert "(3, 10) <= sys.version_info < (3, 14)" in makefile


def test_an_environment_that_is_not_the_one_asked_for_is_made_anew(make, tmp_path):
    place = tmp_path / "a b"
    place.mkdir()
    shutil.copy(ROOT / "Makefile", place)
    made = re.compile(r"Making \.venv for Python ([\d.]+)\n")

    this = make(place)
    assert (this[0], this[2]) == (0, "")
    assert made.fullmatch(this[1])[1] == "{}.{}.{}".format(*sys.version_info)
    # Nothing to do.
    (place / ".venv" / "mine").touch()
    assert make(place) == (0, "", "")
    assert (place / ".venv" / "mine").exists()
    # It was moved: what is installed refers to the old place.
    moved = place.rename(tmp_path / "c d")
    assert make(moved) == this
    assert not (moved / ".venv" / "mine").exists()
    # Another Python is asked for.
    out = "Making .venv for Python 3.12.99\n-m venv --clear .venv\n"
    assert make(moved, "3.12.99") == (0, out, "")


def test_what_is_run_is_found_wherever_the_environment_was_made():
    """Scripts in an environment name the place at which they were installed."""
    recipes = re.findall(r"^\t.*$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    programs = {
        word
        for recipe in recipes
        for word in re.findall(r"\S*bin\S*/(\w+)|\$\(BIN\)/(\w+)", recipe)
    }
    assert {name for pair in programs for name in pair if name} == {"python"}
