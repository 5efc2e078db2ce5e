"""`python -m gru_addition train`, as its user meets it."""

import os
import re
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from common import assert_same_numbers, contents, run_module

from gru_addition.add import show_sum
from gru_addition.train import Config, Run

COMMAND = "python -m gru_addition train"
# Nothing is compiled where the engine makes no difference.
SHORT = "--iterations=1", "--engine=session"


def test_without_arguments_it_does_what_the_tutorial_does(default_command):
    process, directory = default_command
    history = Run.restore(directory / "runs" / "latest").history
    losses = zip(history.train_losses, history.validation_losses, strict=True)
    expected = [
        f"Iteration: {iteration}, train loss: {train:.4f}, test loss: {test:.4f}"
        for iteration, (train, test) in enumerate(losses)
    ][::50]
    progress, done, question, columns, answer = process.stdout.strip().split("\n\n")

    assert (process.returncode, process.stderr) == (0, "")
    assert len(expected) == 100
    assert progress.splitlines() == expected
    assert re.fullmatch(r"5,000 iterations in \d+\.\d s, saved in runs/latest", done)
    assert question == "What is 1024 + 16, on 20 bits?"
    assert columns == show_sum(1024, 16, 1040, num_bits=20)
    assert answer == "The network says 1040, which is right."


def test_a_second_run_moves_the_first_aside_whole_and_says_so(networks, ask, tmp_path):
    latest = shutil.copytree(networks / "tiny", tmp_path / "runs" / "latest")
    before = contents(latest)
    finished = time.localtime((latest / "run.npz").stat().st_mtime)
    moved = Path("runs", time.strftime("%Y-%m-%dT%H.%M.%S", finished))

    status, out, err = ask("train", *SHORT, "--fresh-batches")

    assert (status, err) == (0, "")
    assert out.startswith(f"The earlier run is now in {moved}\n\nIteration: 0, train loss: ")
    assert contents(tmp_path / moved) == before
    assert Run.restore(latest).config == Config(iterations=1, engine="session", fresh_batches=True)
    # After one iteration, the network knows nothing.
    assert re.search(r"\n    wrong  [ ^]+\n", out)
    assert out.endswith("which is wrong: it is 1040.\n")


def test_a_run_in_a_named_directory_is_replaced_or_resumed_only_on_purpose(networks, ask, tmp_path):
    here = shutil.copytree(networks / "tiny", tmp_path / "here")
    before = contents(here)

    assert ask("train", "--output-dir=here") == (
        2,
        "",
        f"{COMMAND}: --output-dir must be a directory without a run, unless --resume or "
        "--overwrite is given, not 'here', which holds run.npz\n",
    )
    assert contents(here) == before
    status, out, err = ask("train", "--output-dir=here", "--resume", "--iterations=3")
    assert (status, err) == (0, "")
    assert out.startswith("Resuming after 1 iterations, saved in here\n\n2 iterations in ")
    assert len(Run.restore(here).history) == 3
    assert ask("train", "--output-dir=here", "--overwrite", *SHORT)[0] == 0
    assert len(Run.restore(here).history) == 1


def test_every_setting_is_a_flag_and_reaches_the_saved_run(ask, tmp_path):
    settings = {
        "num_bits": 7, "batch_size": 30, "hidden_size": 5, "iterations": 101, "learning_rate": 0.01,
        "cell": "lstm", "dtype": "float32", "seed": 12, "mini_batch_size": 10, "engine": "session",
        "iterations_per_run": 7, "checkpoint_every": 40, "state_noise": 0.1,
        "jacobian_penalty": 0.01, "weight_decay": 0.2, "spectral_norm": 1.5, "resolution": 3,
    }  # fmt: skip
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]

    status, out, err = ask("train", *flags, "--output-dir", "here")

    assert (status, err) == (0, "")
    assert re.findall(r"Iteration: (\d+)", out) == ["0", "50", "100"]
    # The last one must not be given together with mini-batches.
    assert asdict(Run.restore(tmp_path / "here").config) == settings | {"fresh_batches": False}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.posix
def test_on_a_terminal_a_bar_shows_the_losses(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    terminal, end_of_process = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    process = run_module(
        "gru_addition.train", "--iterations=60", "--engine=session", cwd=tmp_path,
        first=f"terminal = os.open({os.ttyname(end_of_process)!r}, os.O_RDWR | os.O_NOCTTY)\n"
        "os.dup2(terminal, 1)\n"
        "os.dup2(terminal, 2)",
    )  # fmt: skip
    os.set_blocking(terminal, False)
    read = b""
    with suppress(BlockingIOError):
        while True:  # It comes in pieces of at most 4,095 bytes, however characters are cut.
            read += os.read(terminal, 10_000)
    output = read.decode()
    os.close(end_of_process)

    assert process.returncode == 0
    assert re.search(r"\r.*\d+%\|.*\| \d+/60 .*it/s, train \d\.\d{4}, test \d\.\d{4}\]", output)
    assert "Iteration: 50, train loss: " in output
    assert "tensorflow" not in output.lower()


@pytest.mark.quick
def test_help_explains_every_flag_with_its_default(ask):
    status, out, err = ask("train", "--help")
    text = " ".join(out.split())

    assert (status, err) == (0, "")
    for setting in fields(Config):
        assert "--" + setting.name.replace("_", "-") in text
        has_default = setting.default is not None and setting.default is not False
        default = f" (default: {setting.default})" if has_default else ""
        assert setting.metadata["description"] + default in text
    assert "(default: runs/latest;" in text


@pytest.mark.posix
def test_a_full_disk_is_told_in_one_line_and_leaves_what_was_saved(networks, tmp_path):
    """A limit on file size stands in for a full disk; the weights alone are larger."""
    here = shutil.copytree(networks / "tiny", tmp_path / "here")
    before = contents(here)

    process = run_module(
        "gru_addition.train", "--resume", "--iterations=3", "--output-dir=here", cwd=tmp_path,
        first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))",
    )  # fmt: skip

    assert process.returncode == 2
    assert re.fullmatch(rf"{COMMAND}: .*here/run\.npz can't be saved: .*\n", process.stderr)
    assert contents(here) == before


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
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_after_a_signal_a_resumed_run_ends_as_if_never_interrupted(
    number, status, ask, trained, tmp_path
):
    config = Config(iterations=500, num_bits=2, batch_size=5, engine="session")
    process = run_module(
        "gru_addition.train", "--iterations=500", "--num-bits=2", "--batch-size=5",
        "--engine=session", cwd=tmp_path, first=SIGNAL_LATER.format(number=int(number)),
    )  # fmt: skip

    done = len(Run.restore(tmp_path / "runs" / "latest").history)
    assert process.returncode == status
    assert process.stderr == (
        f"{COMMAND}: interrupted; {done:,} iterations are saved; to resume: "
        f"{COMMAND} --resume --output-dir=runs/latest\n"
    )
    last_report = int(re.findall(r"Iteration: (\d+)", process.stdout)[-1])
    assert last_report < done <= last_report + 50 < 500
    assert (tmp_path / "runs" / "latest" / "losses.png").exists()
    status, out, err = ask("train", "--resume")
    assert (status, err) == (0, "")
    assert out.startswith(f"Resuming after {done:,} iterations, saved in runs/latest\n")
    assert_same_numbers(Run.restore(tmp_path / "runs" / "latest"), trained(config))
