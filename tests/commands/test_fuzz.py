"""Whatever is on the command line, the answer is a status and, if it is 2, one line."""

import io
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from types import SimpleNamespace

import pytest
from common import contents, run_module
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from gru_addition import export as exporter
from gru_addition.add import Adder
from gru_addition.commands import add, export, prove, show, study, train, verify
from gru_addition.prove import Proof
from gru_addition.runs.checkpoints import load_network
from gru_addition.study import pictures as study_pictures
from gru_addition.study import report as study_report
from gru_addition.support.checks import brief
from gru_addition.train import Config
from gru_addition.train import train as train_tiny

TINY = Config(num_bits=3, batch_size=5, hidden_size=3, iterations=1, engine="session")
EXAMPLES = {
    "train": 400,
    "add": 400,
    "export": 100,
    "prove": 100,
    "verify": 100,
    "show": 100,
    "study": 100,
}
MORE = [pytest.param(name, 10 * EXAMPLES[name], marks=pytest.mark.torture) for name in EXAMPLES]
IN_A_PROCESS = {"train": 4, "add": 4, "export": 2, "prove": 1, "verify": 1, "show": 1, "study": 1}

MODULES = {
    "train": train,
    "add": add,
    "export": export,
    "prove": prove,
    "verify": verify,
    "show": show,
    "study": study,
}

PATHS = st.sampled_from(["sound", "damaged", "empty", "file", "file/below", "missing/new", "", "."])
ODD = st.sampled_from(
    ["", "-", "--", "-1", "0x10", "0b2", "1_0", "1e9", "nan", "-0", "+1", "\uff11", "\u221e", "%s",
     "%(default)s", "\x00", "\ud800", "\r\n", "=", "@file", "9" * 5000, "0x" + "f" * 5000, "{}",
     "tutorial", "study", "ablation"]
)  # fmt: skip
TEXT = st.text(max_size=20).filter(lambda text: "/" not in text and ".." not in text)
VALUES = st.one_of(st.integers(-3, 300).map(str), st.floats().map(str), ODD, TEXT, PATHS)
FLAGS = {
    "train": [
        *("--" + setting.name.replace("_", "-") for setting in fields(Config)),
        "--output-dir", "--resume", "--overwrite", "--help", "-h", "--no-such-flag",
    ],
    "add": ["--from", "--resolution", "--num-bits", "--show-bits", "--help", "--no-such-flag"],
    "export": ["--from", "--resolution", "--overwrite", "--help", "--no-such-flag"],
    "prove": ["--from", "--resolution", "--output-dir", "--challenge", "--help", "--no-such-flag"],
    "verify": ["--from", "--resolution", "--help", "--no-such-flag"],
    "show": ["--from", "--output", "--help", "--no-such-flag"],
    "study": ["--seeds", "--group", "--recipe", "--output-dir", "--dask", "--help", "--no-flag"],
}  # fmt: skip


def arguments_of(name):
    flags = st.sampled_from(FLAGS[name])
    return st.lists(flags | VALUES | st.builds("{}={}".format, flags, VALUES), max_size=6)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory to call the commands in, with runs, one of them damaged, and a file."""
    place = tmp_path_factory.mktemp("place")
    train_tiny(TINY, place / "sound")
    shutil.copytree(place / "sound", place / "damaged")
    shutil.copytree(place / "sound", place / "runs" / "latest")
    os.truncate(place / "damaged" / "model.ckpt-1.history.npy", 100)
    (place / "empty").mkdir()
    (place / "file").write_text("precious")
    return place


@pytest.fixture(scope="module")
def adder(place):
    return Adder.restore(place / "sound")


@pytest.fixture
def without_work(monkeypatch, adder, place):
    """The commands, except that they train nothing, export nothing, and build no new network."""

    def restored(path, resolution):
        load_network(path)
        return adder

    monkeypatch.setattr(train, "_train_with_reports", lambda *_: SimpleNamespace(adder=None))
    monkeypatch.setattr(train, "_ask", lambda adder: None)
    monkeypatch.setattr(Adder, "restore", restored)
    monkeypatch.setattr(exporter, "_write", lambda _, __, directory: directory.mkdir())
    monkeypatch.setattr(exporter, "_check_loads", lambda *_: None)
    monkeypatch.setattr(prove, "prove", lambda weights, resolution: Proof("undecided"))
    monkeypatch.setattr(study, "local_processes", lambda: ThreadPoolExecutor(1))
    monkeypatch.setattr(study, "dask_cluster", refuse_cluster)
    monkeypatch.setattr(study, "study", lambda *_: [])
    monkeypatch.setattr(study_report, "summary", lambda rows, with_iterations: "")
    monkeypatch.setattr(study_pictures, "study_figure", lambda rows: Figure())
    monkeypatch.setattr(study_pictures, "selections_figure", lambda rows: Figure())
    monkeypatch.chdir(place)


@contextmanager
def refuse_cluster(address):
    raise ValueError(f"dask must be another address, not {brief(address)}")
    yield


def assert_answered(name, arguments, status, err):
    assert status in (0, 1, 2, 3)
    assert "Traceback" not in err
    # The result of a proof or a check goes to standard output.
    is_error = status == 2 or (status == 1 and name not in ("prove", "verify"))
    assert err.count("\n") == (1 if is_error else 0)
    if is_error:
        assert err.startswith(f"python -m gru_addition.{name}: ")
    if status == 2:
        message = err.removeprefix(f"python -m gru_addition.{name}: ").removesuffix("\n")
        assert is_named(message, arguments), message


def is_named(message, arguments):
    """Whether a message quotes part of a command line, names a flag in it, or what is missing.

    As the test captures it, standard error can't show half a character.
    """
    shown = [word.encode(errors="replace").decode() for word in arguments]
    words = {part for word in [*arguments, *shown] for part in (word, *word.split("=", 1))}
    quoted = {brief(word)[:50] for word in words} | {f"{word}/model" for word in words}
    quoted |= {f"{word} is damaged" for word in words}
    flags = {word for word in words if word.startswith("--") and len(word) > 3}
    # Bad numbers are quoted as numbers; standard input and the default directory are not arguments.
    numbers = {f"not {word}" for word in words if word}
    always = {
        "are required: A",
        "are required: FILE",
        "standard input",
        "A and B",
        "'runs/latest'",
        "runs/saved_model",
    }
    return any(named in message for named in quoted | flags | numbers | always)


@pytest.mark.parametrize(("name", "examples"), [*EXAMPLES.items(), *MORE])
def test_in_process(name, examples, without_work, place, capfd, figure):
    main = MODULES[name].main
    before = contents(place / "sound")
    statuses = []

    @settings(max_examples=examples)
    @given(arguments=arguments_of(name), stdin=st.binary(max_size=50) | st.just(b"1 2\n3 4\n"))
    def answered(arguments, stdin):
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        try:
            status = main(arguments)
        except SystemExit as exit_:  # --help prints help, and that is the end.
            status = exit_.code
        finally:
            sys.stdin = sys.__stdin__
        assert_answered(name, arguments, status, capfd.readouterr().err)
        statuses.append(status)
        for path in place.iterdir():
            if path.name not in ("sound", "damaged", "runs", "empty", "file"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for made in "saved_model", "study":
            shutil.rmtree(place / "runs" / made, ignore_errors=True)
        for made in [
            *place.glob("**/proof.png"),
            *place.glob("**/study.png"),
            *place.glob("**/page.html"),
        ]:
            made.unlink()

    answered()

    counts = ", ".join(f"{statuses.count(status)} times {status}" for status in (0, 1, 2, 3))
    figure(f"fuzz, {name}: {len(statuses)} command lines in this process, status {counts}")
    assert contents(place / "sound") == before
    assert (place / "file").read_text() == "precious"
    assert list((place / "empty").iterdir()) == []


@pytest.mark.parametrize("name", FLAGS)
def test_in_a_process_of_its_own(name, place, tmp_path):
    def is_possible(arguments):
        return not any("\x00" in word or "\ud800" in word for word in arguments)

    @settings(max_examples=IN_A_PROCESS[name])
    @given(arguments=arguments_of(name).filter(is_possible))
    def answered(arguments):
        directory = shutil.copytree(place, tmp_path / "place")
        # Valid commands should not take long.
        short = {
            "train": ["--iterations=1", "--engine=session"],
            "study": ["--seeds=0"],
        }.get(name, [])
        process = run_module(f"gru_addition.{name}", *arguments, *short, cwd=directory, input="1 2")
        assert_answered(name, [*arguments, *short], process.returncode, process.stderr)
        shutil.rmtree(directory)

    answered()
