"""`python -m gru_addition.train`, as its user meets it."""

import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from common import run_from_scratch, run_module, unprivileged

from gru_addition.commands.train import main
from gru_addition.train import Config, Run

COMMAND = "python -m gru_addition.train"
# Nothing is compiled where the engine makes no difference.
SHORT = "--iterations=1", "--engine=session"
FLAGS = ["--" + setting.name.replace("_", "-") for setting in fields(Config)]


def test_without_arguments_it_does_what_the_tutorial_does(default_command):
    process, directory = default_command
    losses = np.load(directory / "runs" / "latest" / "model.ckpt-5000.history.npy")
    expected = [
        f"Iteration: {iteration}, train loss: {train:.4f}, test loss: {test:.4f}"
        for iteration, (train, test) in enumerate(losses)
    ][::50]
    progress, done, question, columns, answer = process.stdout.strip().split("\n\n")

    assert process.returncode == 0
    assert process.stderr == ""
    assert len(expected) == 100
    assert progress.splitlines() == expected
    assert re.fullmatch(r"5,000 iterations in \d+\.\d s, saved in runs/latest", done)
    assert question == "What is 1024 + 16, on 20 bits?"
    assert columns.splitlines() == [
        "        a  0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0  1024",
        "        b  0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0    16",
        "    carry  0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        "predicted  0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0  1040",
        "     true  0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0  1040",
    ]
    assert answer == "The network says 1040, which is right."


def test_every_setting_is_a_flag(tmp_path):
    arguments = {
        "num_bits": 7, "batch_size": 30, "hidden_size": 5, "iterations": 101, "learning_rate": 0.01,
        "cell": "lstm", "dtype": "float32", "seed": 12, "mini_batch_size": 10, "engine": "session",
        "iterations_per_run": 7, "checkpoint_every": 40, "keep": 2, "state_noise": 0.1,
        "jacobian_penalty": 0.01, "resolution": 3,
    }  # fmt: skip
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()]

    process = run_module("gru_addition.train", *flags, "--output-dir", "here", cwd=tmp_path)

    assert (process.returncode, process.stderr) == (0, "")
    assert re.findall(r"Iteration: (\d+)", process.stdout) == ["0", "50", "100"]
    config = json.loads((tmp_path / "here" / "model.ckpt-101.config.json").read_text())
    assert config == arguments | {"fresh_batches": False}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_wrong_answer_is_called_wrong(tmp_path):
    process = run_module("gru_addition.train", *SHORT, "--fresh-batches", "--profile", cwd=tmp_path)

    assert process.returncode == 0
    assert re.search(r"\n    wrong  [ ^]+\n", process.stdout)
    answer, profile = process.stdout.split("\nWhere the time went:\n\n")
    assert answer.endswith("which is wrong: it is 1040.\n")
    parts = re.findall(r"^ +(\d+\.\d\d) s  (.+)$", profile, re.MULTILINE)
    assert len(parts) == len(profile.splitlines())
    seconds = {activity: float(number) for number, activity in parts}
    assert sum(seconds.values()) == pytest.approx(2 * seconds["in all"], abs=0.1)
    assert seconds["building graphs"] > 0.01
    assert {"saving checkpoints", "drawing the losses", "asking"} < seconds.keys()


@pytest.mark.posix
def test_on_a_terminal_a_bar_shows_the_losses(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    terminal, end_of_process = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    name = os.ttyname(end_of_process)
    with ThreadPoolExecutor(1) as reader:
        shown = reader.submit(read_to_end, terminal)
        process = run_module(
            "gru_addition.train", "--iterations=60", "--engine=session", cwd=tmp_path,
            first=f"terminal = os.open({name!r}, os.O_RDWR | os.O_NOCTTY)\n"
            "os.dup2(terminal, 1)\n"
            "os.dup2(terminal, 2)",
        )  # fmt: skip
        os.close(end_of_process)
    output = shown.result().decode()

    assert process.returncode == 0
    assert re.search(r"\r.*\d+%\|.*\| \d+/60 .*it/s, train \d\.\d{4}, test \d\.\d{4}\]", output)
    assert "Iteration: 50, train loss: " in output
    assert "tensorflow" not in output.lower()


def read_to_end(terminal):
    output = b""
    while True:
        try:
            piece = os.read(terminal, 10_000)
        except OSError:  # Linux says so when the last process has left the terminal.
            return output
        if not piece:
            return output
        output += piece


@pytest.mark.quick
def test_help_explains_every_flag_with_its_default(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())

    assert exit_.value.code == 0
    for setting, flag in zip(fields(Config), FLAGS, strict=True):
        assert flag in text
        assert setting.metadata["description"] in text
        if setting.default not in (None, False):
            assert f"{setting.metadata['description']} (default: {setting.default})" in text
    assert "(default: runs/latest)" in text


WRONG_VALUES = {
    "--num-bits": ["0", "1", "-5", "2.5", "five", "", "10001", "9" * 5000, "inf"],
    "--batch-size": ["0", "-1", "0.5", "many", "1e3", "100001", "9" * 30],
    "--hidden-size": ["0", "-16", "16.0", "big", "4097", "9" * 30],
    "--iterations": ["0", "-1", "1.5", "all", "1e9", "100000001", "9" * 5000],
    "--learning-rate": ["0", "-0.1", "1.1", "fast", "1e400", "nan", "inf", "1e-60", ""],
    "--dtype": ["float16", "int32", "complex128", "", "Float64", "float64,"],
    "--seed": ["-1", "1.0", "today", "4294967296", "9" * 5000],
    "--mini-batch-size": ["0", "-1", "2.5", "small", "101", "9" * 30],
    "--engine": ["fast", "", "Session", "eager"],
    "--iterations-per-run": ["0", "-1", "2.5", "all", "10001", "9" * 30],
    "--checkpoint-every": ["0", "-1", "2.5", "often", "100000001"],
    "--keep": ["0", "-1", "1.5", "all", "1001"],
}


@pytest.mark.parametrize(
    ("flag", "value"), [(flag, value) for flag, values in WRONG_VALUES.items() for value in values]
)
def test_a_wrong_value_gets_one_line_that_names_the_flag(flag, value, capsys, tmp_path):
    status = main([f"{flag}={value}", "--output-dir", str(tmp_path / "never")])
    out, err = capsys.readouterr()

    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert len(err) < 250
    assert err.startswith(f"{COMMAND}: {flag} must be ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nonsense"], "unrecognized arguments: '--nonsense'"),
        (["5000"], "unrecognized arguments: '5000'"),
        (["--iter", "5"], "unrecognized arguments: '--iter' '5'"),
        (["--iterations"], "argument --iterations: expected one argument"),
        (["a\nb"], r"unrecognized arguments: 'a\nb'"),
        (["", ""], "unrecognized arguments: '' ''"),
        (
            ["--mini-batch-size=5", "--fresh-batches"],
            "--mini-batch-size must not be given with --fresh-batches",
        ),
        (
            ["--num-bits=9999", "--batch-size=99999"],
            "--num-bits x --batch-size x --hidden-size must be at most 20,000,000",
        ),
    ],
)
def test_other_mistakes_get_one_line_too(arguments, message, capsys):
    status = main(arguments)
    _, err = capsys.readouterr()

    assert status == 2
    assert err.startswith(f"{COMMAND}: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--iterations=0"], ["--learning-rate", "x"], ["--wrong"]])
def test_a_process_that_refuses_leaves_nothing_behind(arguments, tmp_path):
    process = run_from_scratch("-m", "gru_addition.train", *arguments, cwd=tmp_path)

    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    assert "Traceback" not in process.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.posix
@pytest.mark.quick
def test_a_directory_that_cannot_be_written_is_refused_before_training(capsys, tmp_path):
    a_file = tmp_path / "file"
    a_file.write_text("precious")
    read_only = tmp_path / "read-only"
    read_only.mkdir(mode=0o555)

    for directory in (
        a_file,
        a_file / "below",
        read_only,
        read_only / "new",
        "",
        "a\0b",
        "x" * 999,
        "x/" * 1900,
    ):
        with unprivileged(read_only):
            status = main(["--output-dir", str(directory)])
        out, err = capsys.readouterr()

        assert (status, out) == (2, "")
        assert err.startswith(
            f"{COMMAND}: --output-dir must be the name of a directory that can be written to"
        )
        assert err.count("\n") == 1
    assert a_file.read_text() == "precious"
    assert list(read_only.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"file", "read-only"}


@pytest.mark.posix
def test_a_full_disk_is_told_in_one_line(tmp_path):
    """A limit on file size stands in for a full disk; the weights alone are larger."""
    process = run_module(
        "gru_addition.train", *SHORT, "--output-dir=here", cwd=tmp_path,
        first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))",
    )  # fmt: skip

    assert process.returncode == 2
    assert re.fullmatch(rf"{COMMAND}: the run can't be saved in .*here: .*\n", process.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.posix
@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_is_nobodys_business(stream, tmp_path):
    arguments = *SHORT, "--output-dir=here"
    if stream == 1:
        # Python itself has no `sys.stdout` then.
        first = "import sys; sys.stdout = None; os.close(1)"
        process = run_module("gru_addition.train", *arguments, cwd=tmp_path, first=first)
    else:
        # TensorFlow's import is silenced by closing and reopening this stream.
        process = run_from_scratch(
            "-m", "gru_addition.train", *arguments, cwd=tmp_path, preexec_fn=lambda: os.close(2)
        )

    assert process.returncode == 0
    assert process.stderr == ""
    assert (tmp_path / "here" / "model.ckpt-1.index").exists()


# Sends the process a signal when it has printed a line, and ends it if the signal does not.
SIGNAL_LATER = """
import os, threading, time
def send():
    while os.fstat(1).st_size == 0:
        time.sleep(0.01)
    os.kill(os.getpid(), {number})
    time.sleep(60)
    os._exit(1)
threading.Thread(target=send, daemon=True).start()
"""


@pytest.mark.posix
@pytest.mark.parametrize(
    ("number", "status", "engine"),
    [(signal.SIGINT, 130, "compiled"), (signal.SIGTERM, 143, "session")],
)
def test_a_signal_saves_the_run_and_says_how_to_go_on(tmp_path, number, status, engine):
    process = run_module(
        "gru_addition.train", "--iterations=100000", f"--engine={engine}", cwd=tmp_path,
        first=SIGNAL_LATER.format(number=int(number)),
    )  # fmt: skip

    assert process.returncode == status
    match = re.fullmatch(
        rf"{COMMAND}: interrupted; ([\d,]+) iterations are saved; to resume: (.*)\n",
        process.stderr,
    )
    assert match[2] == f"{COMMAND} --resume --output-dir=runs/latest"
    done = int(match[1].replace(",", ""))
    assert len(Run.restore(tmp_path / "runs" / "latest").history) == done
    last_report = int(re.findall(r"Iteration: (\d+)", process.stdout)[-1])
    assert last_report < done <= last_report + 50
    assert (tmp_path / "runs" / "latest" / "losses.png").exists()


@pytest.mark.posix
def test_a_reader_that_leaves_ends_the_run_without_a_traceback(tmp_path):
    process = run_module(
        "gru_addition.train", "--iterations=100000", "--engine=session", cwd=tmp_path,
        first="from subprocess import DEVNULL, PIPE, Popen\n"
        "reader = Popen(['head', '-n', '1'], stdin=PIPE, stdout=DEVNULL)\n"
        "os.dup2(reader.stdin.fileno(), 1)",
    )  # fmt: skip

    assert (process.returncode, process.stderr) == (141, "")
    assert len(Run.restore(tmp_path / "runs" / "latest").history) < 1000
