"""Whatever is on the command line, the answer is a status and, if it is 2, one line."""

import os
import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gru_addition.prove import prove
from gru_addition.support.files import as_npz
from gru_addition.train import Run

EXAMPLES = {
    "train": 100, "add": 150, "export": 40, "prove": 40, "verify": 40, "show": 40, "study": 40,
}  # fmt: skip
MORE = [pytest.param(name, 10 * EXAMPLES[name], marks=pytest.mark.torture) for name in EXAMPLES]

PATHS = st.sampled_from(
    ["sound", "damaged", "empty", "file", "file/below", "missing/new", "", ".", "proof.npz"]
)
ODD = st.sampled_from(
    ["", "-", "--", "-1", "0x10", "0b2", "1_0", "1e9", "nan", "-0", "+1", "\uff11", "\u221e", "%s",
     "%(default)s", "\udcff", "\r\n", "=", "@file", "9" * 5000, "0x" + "f" * 5000, "{}",
     "elman", "float32", "recipes", "tutorial"]
)  # fmt: skip
# What a shell can hand over, and no other directory.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), max_size=20)
VALUES = st.one_of(
    st.integers(-3, 300).map(str), st.floats().map(str), ODD, PATHS,
    TEXT.filter(lambda text: ".." not in text),
)  # fmt: skip
TINY = "--iterations=1", "--engine=session", "--num-bits=2", "--batch-size=1", "--hidden-size=3"
# What a command line begins with, and what it may end with. Half of the valid ones train, which
# takes a second; a study takes minutes, so none is valid.
FIRST = {"train": [*TINY, "--learning-rate=1e-9"]}
LAST = {
    "train": [[], ["--checkpoint-every=0"]],
    "add": [[], ["1", "2"], ["-"]],
    "verify": [[], ["proof.npz"]],
    "study": [["--seeds=0"], ["--recipe=none"]],
}


def command_lines(name, flags):
    flags = st.sampled_from([*flags, "--no-such-flag"])
    given = [st.builds("{}={}".format, flags, values) for values in (VALUES, PATHS)]
    arguments = st.lists(st.one_of(flags, VALUES, *given), max_size=6)
    last = st.sampled_from(LAST.get(name, [[]]))
    return st.builds(lambda *parts: [name, *sum(parts, FIRST.get(name, []))], arguments, last)


@pytest.fixture(scope="module")
def place(networks, tmp_path_factory):
    """A directory with runs, one of them damaged, a proof, and a file."""
    place = tmp_path_factory.mktemp("place")
    latest = shutil.copytree(networks / "right", place / "runs" / "latest")
    certificate = prove(Run.restore(latest).weights).certificate
    (place / "proof.npz").write_bytes(as_npz(certificate))
    for name in "sound", "damaged":
        shutil.copytree(networks / "tiny", place / name)
    os.truncate(place / "damaged" / "run.npz", 1000)
    (place / "empty").mkdir()
    (place / "file").write_text("precious")
    return place


@pytest.mark.parametrize(("name", "examples"), [*EXAMPLES.items(), *MORE])
def test_any_command_line_gets_a_status_and_damages_nothing(
    name, examples, place, ask, tmp_path, figure
):
    before, statuses = files_in(place), []
    status, text, _ = ask(name, "--help")
    assert status == 0
    # A challenge takes minutes.
    flags = {*re.findall(r"--[a-z-]+", text)} - {"--help", "--challenge"}

    @settings(max_examples=examples)
    @given(
        argv=command_lines(name, sorted(flags)),
        stdin=st.binary(max_size=50) | st.just(b"1 2\n3 4\n"),
    )
    def answered(argv, stdin):
        # An earlier command may have trained, moved or written something.
        if not statuses or files_in(tmp_path) != before:
            shutil.rmtree(tmp_path)
            shutil.copytree(place, tmp_path)
            os.chdir(tmp_path)
        status, _, err = ask(*argv, stdin=stdin)
        assert status in (0, 1, 2, 3)
        # The result of a proof or a check goes to standard output.
        is_error = status == 2 or (status == 1 and name == "add")
        assert err.count("\n") == (1 if is_error else 0), err
        assert err.startswith(f"python -m gru_addition {name}: " if is_error else "")
        if not {"--overwrite", "--resume"} & {*argv}:
            assert {*before.values()} <= {*files_in(tmp_path).values()}
        statuses.append(status)

    answered()

    counts = ", ".join(f"{statuses.count(status)} times {status}" for status in (0, 1, 2, 3))
    figure(f"fuzz, {name}: {len(statuses)} command lines, status {counts}")


def files_in(directory):
    """The contents of all files in a directory and those in it, by path, without the locks."""
    return {
        path.relative_to(directory): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
