"""Bad input gets status 2 and one line that names what is wrong, and leaves nothing behind."""

import re
import shlex
from dataclasses import fields

import pytest

from gru_addition.cli import MOST_BITS
from gru_addition.config import Config

# What the message must match, after the name of the command. RIGHT is a run.
COMMAND_LINES = {
    "train --nonsense": "unrecognized arguments: '--nonsense'",
    "train --iter 5": "unrecognized arguments: '--iter' '5'",
    "train --iterations": "argument --iterations: expected one argument",
    "train 'a\nb'": r"unrecognized arguments: 'a\\nb'",
    "train --resume": "'runs/latest' holds no run; python -m gru_addition train makes one",
    "train --resume --overwrite --output-dir=RIGHT": "--resume and --overwrite must not be given",
    "train --resume --output-dir=RIGHT --num-bits=5": "--num-bits must be 2, as in the saved run",
    "train --mini-batch-size=5 --fresh-batches": "--mini-batch-size must not be given with --fresh",
    "add 1 -2": "B must be a whole number .* not '-2'",
    "add 1 1e5": "B must be .* in decimal, 0x... or 0b..., not '1e5'",
    "add 1_000 1": "A must be .* not '1_000'",
    "add \u0661 1": "A must be .* not '\u0661'",
    "add '' 1": "A must be .* not ''",
    "add 1": "A and B must be two numbers, or A must be - and B left out",
    "add": "the following arguments are required: A",
    "add 1 2 --num-bits=1": "--num-bits must be .* at least 2 .*, not 1",
    "add 1 2 --num-bits=99999999999": "--num-bits must be .* at most 1,000,001, not",
    "add 1 2 --resolution=0": "--resolution must be a whole number .* not 0",
    "add 1 2": "'runs/latest' holds no run .*; python -m gru_addition train makes a run",
    "add 1 2 --from=nowhere": "'nowhere' holds no run",
    "add 1 2 --from=" + "x" * 5000: "'xxx.* holds no run",
    "export '' --from=RIGHT": "directory must be new",
    "export RIGHT/run.npz/model --from=RIGHT": "the network can't be exported to .*",
    "prove --output-dir=RIGHT/run.npz --from=RIGHT": "--output-dir must be",
    "verify": "the following arguments are required: FILE",
    "verify none.npz --from=RIGHT": ".*none.npz",
    "verify RIGHT --from=RIGHT": "",
    "show --from=a --from=b --from=c --from=d": "--from may be given at most 3 times, not 4",
    "show --from=RIGHT --output=": "--output must be the name of a file, not ''",
    "show --from=RIGHT --output=RIGHT/run.npz/page": "--output must be the name of a directory",
}
# No setting may have one of these values.
COMMAND_LINES |= {
    f"train {flag}={value}": f"{flag} must be "
    for flag in ("--" + setting.name.replace("_", "-") for setting in fields(Config))
    for value in ("''", "nan", "-1", "9" * 5000)
    if flag != "--fresh-batches"
}


@pytest.mark.quick
@pytest.mark.parametrize("command", COMMAND_LINES, ids=lambda command: command[:50])
def test_a_wrong_command_line_is_told_in_one_line(command, networks, ask, tmp_path):
    words = [word.replace("RIGHT", str(networks / "right")) for word in shlex.split(command)]

    status, out, err = ask(*words)

    assert (status, out) == (2, "")
    assert re.match(f"python -m gru_addition {words[0]}: {COMMAND_LINES[command]}", err)
    assert err.count("\n") == 1
    assert len(err) < 300
    assert list(tmp_path.iterdir()) == []


@pytest.mark.quick
def test_an_unknown_command_is_told_with_the_known_ones(ask):
    names = "train, add, export, prove, verify, show, study"
    message = f"python -m gru_addition: the command must be one of {names}, not 'sub'\n"
    assert ask("sub") == (2, "", message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"1 2 3", "it must hold two numbers, A and B, not '1 2 3'"),
        (b"\xff\xfe 1", "A must be a whole number"),
        (b"1 \x00", "B must be a whole number"),
        (b"9" * 5_000_000, "it must hold two numbers"),
        (b"1 0b1" + b"0" * MOST_BITS, "B must be a whole number"),
        (b"1 " + b"9" * 301_030, "B must be a whole number"),
    ],
    ids=range(6),
)
def test_a_wrong_line_of_standard_input_is_told_in_one_line(line, message, networks, ask):
    status, out, err = ask("add", "-", f"--from={networks / 'right'}", stdin=b"3 4\n" + line)

    # What stands before it is answered first.
    assert (status, out) == (2, "7\n")
    assert err.startswith(f"python -m gru_addition add: line 2 of standard input: {message}")
    assert err.count("\n") == 1
    assert len(err) < 300


@pytest.mark.posix
@pytest.mark.parametrize("name", ["file", "file/below", "/proc/new", "", "a\0b", "x" * 999])
def test_a_directory_that_cannot_be_written_is_refused_before_training(name, ask, tmp_path):
    (tmp_path / "file").write_text("precious")

    status, out, err = ask("train", "--output-dir", name)

    assert (status, out) == (2, "")
    must = "--output-dir must be the name of a directory that can be written to"
    assert err.startswith(f"python -m gru_addition train: {must}")
    assert err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
