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

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, EXTRAS = PYPROJECT["project"], PYPROJECT["project"]["optional-dependencies"]
# The modules of the libraries that only notebooks and proofs need.
NOT_FOR_TRAINING = "IPython", "jupyter", "nbclient", "scipy", "flint"
# What checks the page's scripts.
NOT_SHIPPED = {"node_modules", "package.json", ".npmrc", "tsconfig.json", "eslint.config.js"}
IMPORT_ALL = """
import gc, importlib, os, pkgutil, signal, sys

def of_the_process():
    handlers = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    return dict(os.environ), sys.excepthook, gc.get_threshold(), gc.get_freeze_count(), handlers

before = of_the_process()
import gru_addition
for module in pkgutil.walk_packages(gru_addition.__path__, "gru_addition."):
    importlib.import_module(module.name)
print(of_the_process() == before, "tensorflow" in sys.modules)
print(*(name for name in sys.modules if name.startswith("gru_addition")))
"""


def test_imports_only_go_down():
    """As `make lint` checks it."""
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(cache_dir=None))"
    )

    process = run_from_scratch("-c", code, cwd=ROOT)

    assert process.returncode == 0, process.stdout


def test_the_drawing_of_the_house_shows_the_floors_of_the_contract():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)
    (contract,) = PYPROJECT["tool"]["importlinter"]["contracts"]

    floors = dict(re.findall(r'(\w+)\["([^"]+)"\]', drawing))
    drawn = [sorted(floor.split(", ")) for floor in floors.values()]
    arrows = re.findall(r"(\w+) --> (\w+)", drawing)

    assert drawn == [sorted(floor.split(" | ")) for floor in contract["layers"]]
    assert arrows == list(zip(list(floors)[:-1], list(floors)[1:], strict=True))


def test_whoever_opens_it_sees_few_things_at_a_time():
    entries = {path.stem for path in (ROOT / "gru_addition").iterdir()}

    assert len([name for name in entries if not name.startswith("__")]) <= 16
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_importing_any_module_changes_nothing_and_does_not_import_tensorflow():
    # The names of commands mean nothing to an import.
    printed = run_from_scratch("-c", IMPORT_ALL, "train", "add").stdout.split("\n")

    files = (ROOT / "gru_addition").rglob("*.py")
    ours = (path.relative_to(ROOT) for path in files if "node_modules" not in path.parts)
    modules = {".".join(path.with_suffix("").parts) for path in ours}
    assert printed[0] == "True False"
    assert set(printed[1].split()) == {name.removesuffix(".__init__") for name in modules}


def test_requirements_and_extras_are_the_same_libraries():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()

    by_purpose = [*PROJECT["dependencies"], *EXTRAS["proof"], *EXTRAS["notebooks"]]
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(
        library for library in by_purpose if not library.startswith("gru_addition")
    )


def test_the_workflow_tries_what_the_project_promises():
    """Each system with each Python, and with the newest and the oldest TensorFlow for it."""
    lowest, highest = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    oldest, below = re.findall(r"2\.(\d+)", PROJECT["dependencies"][0])
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    commands = [step.get("run", "") for step in workflow["jobs"]["tests"]["steps"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(int(lowest), int(highest))]
    assert matrix["tensorflow"] == [f"2.{int(below) - 1}", f"2.{oldest}"]
    for command in "python -m gru_addition.train", "python -m pytest":
        assert command in commands
        assert f"\t$(BIN)/{command}\n" in makefile


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where the wheel is unpacked; there, the libraries in `NOT_FOR_TRAINING` are missing."""
    place = tmp_path_factory.mktemp("wheel")
    for name in "gru_addition", "pyproject.toml", "README.md", "LICENSE":
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, place / name, ignore=shutil.ignore_patterns("node_modules")
            )
        else:
            shutil.copy(ROOT / name, place / name)
    build = "import setuptools.build_meta; print(setuptools.build_meta.build_wheel('.'))"
    printed = subprocess.check_output([sys.executable, "-c", build], cwd=place, text=True)
    with zipfile.ZipFile(place / printed.splitlines()[-1]) as wheel:
        wheel.extractall(place / "site")
    for name in NOT_FOR_TRAINING:
        missing = f"raise ModuleNotFoundError({f'No module named {name}'!r}, name={name!r})"
        (place / "site" / f"{name}.py").write_text(missing)
    return place / "site"


def test_the_wheel_trains_without_what_only_notebooks_and_proofs_need(installed, tmp_path):
    variables = {"PYTHONPATH": str(installed)}

    process = run_from_scratch(
        "-m", "gru_addition.train", "--iterations=1", "--engine=session",
        cwd=tmp_path, variables=variables,
    )  # fmt: skip
    where = "import gru_addition; print(gru_addition.__file__)"
    path = run_code(where, cwd=tmp_path, variables=variables)

    assert (process.returncode, process.stderr) == (0, "")
    assert (tmp_path / "runs" / "latest" / "losses.png").exists()
    assert path.startswith(str(installed))


def test_a_proof_without_its_libraries_is_refused_in_one_line(installed, tmp_path):
    process = run_from_scratch(
        "-m", "gru_addition", "prove", cwd=tmp_path, variables={"PYTHONPATH": str(installed)}
    )

    assert process.returncode == 2
    assert re.fullmatch(
        "python -m gru_addition prove: No module named '?(scipy|flint)'?; "
        r"the extra \[proof\] brings it\n",
        process.stderr,
    )


def test_every_file_of_ours_is_in_the_wheel(installed):
    ours, theirs = (
        {
            path.relative_to(place)
            for path in (place / "gru_addition").rglob("*.*")
            if path.suffix != ".pyc" and not NOT_SHIPPED & {*path.parts}
        }
        for place in (ROOT, installed)
    )

    assert ours == theirs
