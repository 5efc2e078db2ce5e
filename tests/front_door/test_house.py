"""The house is as it is drawn: what imports what, what is installed, and what the wheel holds."""

import re
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from common import ROOT, run_code, run_from_scratch

try:
    import tomllib
except ImportError:  # Python 3.10, for which pytest brings it along.
    import tomli as tomllib

PYPROJECT = (ROOT / "pyproject.toml").read_text()
COMMANDS = "train", "add", "export", "prove", "verify", "study"
# What only notebooks and proofs need.
EXTRAS = "IPython", "ipywidgets", "jupyter", "nbclient", "scipy", "flint"


def test_imports_only_go_down():
    """As `make lint` checks it."""
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(cache_dir=None))"
    )

    process = run_from_scratch("-c", code, cwd=ROOT)

    assert process.returncode == 0, process.stdout


def test_the_drawing_of_the_house_shows_the_floors_of_the_contract():
    (drawing,) = re.findall(
        r"```mermaid\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(), re.DOTALL
    )
    (contract,) = re.findall(r"^layers = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)
    floors = [sorted(floor.split(" | ")) for floor in re.findall(r'"([^"]+)"', contract)]

    names = dict(re.findall(r'(\w+)\["([^"]+)"\]', drawing))
    drawn = [sorted(re.findall(r"[a-z]+", name)) for name in names.values()]
    arrows = re.findall(r"(\w+) --> (\w+)", drawing)

    assert drawn == floors
    assert arrows == list(zip(list(names)[:-1], list(names)[1:], strict=True))


def test_no_module_of_the_hall_and_no_command_loads_tensorflow_or_ipython_before_it_must():
    modules = [f"gru_addition.{name}" for name in ("dataset", "config", "train", "add", "plotting")]
    modules += [f"gru_addition.{name}" for name in ("export", "prove", "verify", "study.__main__")]
    modules += [f"gru_addition.commands.{name}" for name in COMMANDS]

    loaded = run_from_scratch(
        "-c", f"import sys, {', '.join(modules)}; print(*sys.modules)"
    ).stdout.split()

    assert set(modules) <= set(loaded)
    assert not {"tensorflow", "IPython", "ipywidgets"} & set(loaded)


def test_requirements_and_extras_are_the_same_libraries():
    project = tomllib.loads(PYPROJECT)["project"]
    extras = project["optional-dependencies"]
    by_purpose = [*project["dependencies"], *extras["proof"], *extras["notebooks"]]
    lines = (ROOT / "requirements.txt").read_text().splitlines()

    listed = [line for line in lines if not line.startswith("#")]
    assert sorted(listed) == sorted(x for x in by_purpose if not x.startswith("gru_addition"))
    # Each with its reason above it.
    assert all(
        lines[i - 1].startswith("# ") for i, line in enumerate(lines) if not line.startswith("#")
    )


def test_the_workflow_tries_what_the_project_promises():
    """Each system with each Python, and with the newest and the oldest TensorFlow for it."""
    project = tomllib.loads(PYPROJECT)["project"]
    lowest, highest = re.findall(r"3\.(\d+)", project["requires-python"])
    oldest, below = re.findall(r"2\.(\d+)", project["dependencies"][0])
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    commands = [step.get("run", "") for step in workflow["jobs"]["tests"]["steps"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(int(lowest), int(highest))]
    assert matrix["tensorflow"] == [f"2.{int(below) - 1}", f"2.{oldest}"]
    # TensorFlow 2.16 has no wheel for Python 3.13; 2.20 is the first that has one.
    assert matrix["exclude"] == [{"python": "3.13", "tensorflow": "2.16"}]
    assert matrix["include"] == [
        {"system": system, "python": "3.13", "tensorflow": "2.20"} for system in matrix["system"]
    ]
    for command in "python -m gru_addition.train", "python -m pytest":
        assert command in commands
        assert f"\t$(BIN)/{command}\n" in makefile


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment of a process that has the wheel but not the libraries in `EXTRAS`."""
    place = tmp_path_factory.mktemp("wheel")
    for name in "gru_addition", "pyproject.toml", "README.md", "LICENSE":
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    build = "import setuptools.build_meta; print(setuptools.build_meta.build_wheel('.'))"
    printed = subprocess.check_output([sys.executable, "-c", build], cwd=place, text=True)
    with zipfile.ZipFile(place / printed.splitlines()[-1]) as wheel:
        wheel.extractall(place / "site")
    for name in EXTRAS:
        missing = f"raise ModuleNotFoundError({f'No module named {name}'!r}, name={name!r})"
        (place / "site" / f"{name}.py").write_text(missing)
    return {"PYTHONPATH": str(place / "site")}, place / "site"


def test_the_wheel_trains_without_what_only_notebooks_and_proofs_need(installed, tmp_path):
    variables, site = installed

    process = run_from_scratch(
        "-m", "gru_addition.train", "--iterations=1", "--engine=session",
        cwd=tmp_path, variables=variables,
    )  # fmt: skip
    where = "import gru_addition; print(gru_addition.__file__)"
    path = run_code(where, cwd=tmp_path, variables=variables)

    assert (process.returncode, process.stderr) == (0, "")
    assert (tmp_path / "runs" / "latest" / "losses.png").exists()
    assert path.startswith(str(site))


def test_a_proof_without_its_libraries_is_refused_in_one_line(installed, tmp_path):
    process = run_from_scratch("-m", "gru_addition.prove", cwd=tmp_path, variables=installed[0])

    assert process.returncode == 2
    assert process.stderr == (
        "python -m gru_addition.prove: scipy is not installed; it comes with "
        'pip install --editable ".[proof,notebooks]"\n'
    )


def test_every_module_of_ours_is_in_the_wheel(installed):
    ours, theirs = (
        {path.relative_to(place) for path in (place / "gru_addition").rglob("*.py")}
        for place in (ROOT, installed[1])
    )

    assert ours == theirs
