"""A status says what it means: no error has that of a verdict, and no death is without a word."""

import os
import subprocess
import sys

import pytest
from conftest import GOLDEN, ROOT, environment, run_module

from gru_addition import add, command_line, quiet, unexpected, xla
from gru_addition.add import Adder

ADD, TRAIN = "python -m gru_addition.add", "python -m gru_addition.train"
SOURCE = f"--from={GOLDEN / 'tf-1.3.0' / 'checkpoint' / 'seed-0-2500'}"


def assert_one_line(process, beginning):
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith(beginning)
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "arguments", "variables", "message"),
    [
        (
            "train", ["--iterations=1"], {"KERAS_BACKEND": "nonsense"},
            "unexpected ImportError: TensorFlow can't be imported: ValueError: Unable to import "
            "backend : nonsense (GRU_ADDITION_TRACEBACK=1 shows where it comes from)",
        ),
        (
            "add", ["1", "2", SOURCE], {"MPLBACKEND": "bogus"},
            "unexpected ImportError: TensorFlow can't be imported: ValueError: Key backend: 'bogus'"
        ),
        (
            "train", ["--iterations=1"], {"XLA_FLAGS": "--bogus_flag"},
            "XLA_FLAGS must hold flags that TensorFlow takes, not '--bogus_flag': Unknown flag",
        ),
        (
            "add", ["1", "2", SOURCE], {"TF_XLA_FLAGS": "--bogus_flag"},
            "TF_XLA_FLAGS must hold flags that TensorFlow takes, not '--bogus_flag': Unknown flag",
        ),
    ],
)  # fmt: skip
def test_what_tensorflow_can_not_stand_gets_one_line(
    module, arguments, variables, message, tmp_path
):
    process = run_module(f"gru_addition.{module}", *arguments, cwd=tmp_path, variables=variables)

    assert_one_line(process, f"python -m gru_addition.{module}: {message}")
    assert list(tmp_path.iterdir()) == []


def module_that(code, name, directory):
    """Write a module that runs some code when it is imported; return the variables to find it."""
    (directory / f"{name}.py").write_text(code)
    return {"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}


@pytest.mark.parametrize(
    ("command", "name"),
    [("add", "gmpy2"), ("verify", "flint"), ("prove", "scipy"), ("train", "tqdm")],
)
def test_a_library_that_is_broken_gets_one_line(command, name, tmp_path):
    variables = module_that("raise OSError('libbroken.so is missing')", name, tmp_path)

    process = run_module(f"gru_addition.{command}", "1", "2", variables=variables)

    assert_one_line(
        process, f"python -m gru_addition.{command}: unexpected OSError: libbroken.so is missing"
    )


def test_who_imports_the_package_keeps_a_hook_of_their_own():
    code = (
        "import sys; sys.argv = ['x']; import gru_addition.train; print(sys.excepthook.__module__)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], env=environment(), text=True)

    assert printed == "sys\n"


@pytest.mark.parametrize(
    "error", [RuntimeError("two\nlines"), AssertionError(), KeyError("x" * 999)]
)
def test_an_error_that_nobody_expects_is_no_verdict(error, monkeypatch, capfd):
    def fail(*_):
        raise error

    monkeypatch.setattr(Adder, "restore", fail)

    assert add.main(["1", "2"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"{ADD}: unexpected {type(error).__name__}")
    assert err.endswith(" (GRU_ADDITION_TRACEBACK=1 shows where it comes from)\n")
    assert err.count("\n") == 1
    assert len(err) < 400

    monkeypatch.setenv(unexpected.TRACEBACK, "1")
    assert add.main(["1", "2"]) == 2
    assert "Traceback (most recent call last)" in capfd.readouterr().err


@pytest.mark.parametrize("variables", [{"TF_DETERMINISTIC_OPS": "1"}, {"KERAS_BACKEND": "jax"}])
def test_what_tensorflow_can_stand_changes_nothing(variables):
    process = run_module("gru_addition.add", "1", "2", SOURCE, variables=variables)

    assert (process.returncode, process.stdout, process.stderr) == (0, "3\n", "")


def test_a_reader_that_has_left_is_no_verdict():
    process = subprocess.Popen(
        [sys.executable, "-m", "gru_addition.add", "-", SOURCE],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdout.close()
    _, err = process.communicate(b"1 2\n")

    assert (process.returncode, err) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(("stream", "status"), [("stdout", 2), ("stderr", 1)])
def test_output_that_can_not_be_written_does_not_change_what_the_status_means(stream, status):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "gru_addition.add", "12", "13", SOURCE],
            env=environment(), text=True, check=False, **streams | {stream: full},
        )  # fmt: skip

    # The network is wrong: that is status 1.
    assert process.returncode == status
    if stream == "stdout":
        assert process.stderr == f"{ADD}: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("words", ["no AVX here\n", ""])
@pytest.mark.parametrize("end", ["os.abort()", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_what_ends_the_process_in_a_quiet_import_has_the_last_word(end, words, tmp_path):
    """As TensorFlow ends it on a processor for which it was not built."""
    code = f"import os; os.write(2, {words.encode()}); {end}"
    variables = module_that(code, "tensorflow", tmp_path)

    process = run_module("gru_addition.add", "1", "2", SOURCE, variables=variables)

    assert process.returncode != 0
    assert process.stderr == (words or quiet.DIED.decode())


def test_quiet_bodies_in_many_threads_leave_standard_error_where_it_was():
    code = """
import os, threading
from gru_addition.quiet import quiet_body, silence
def work():
    for _ in range(3):
        with quiet_body():
            os.write(2, b"unwanted")
        with silence():
            os.write(2, b"unwanted")
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.write(2, b"here")
"""
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=False
    )

    assert (process.returncode, process.stderr) == (0, b"here")


@pytest.mark.parametrize("why", ["no more processes", "no Python"])
def test_without_a_process_to_keep_it_nothing_is_kept_back(why, monkeypatch, capfd):
    def fail(*_, **__):
        raise OSError(11, why)

    monkeypatch.setattr(quiet.subprocess, "Popen", fail if why == "no more processes" else None)
    monkeypatch.setattr(sys, "frozen", why == "no Python", raising=False)

    with quiet.quiet_body():
        os.write(2, b"here")

    assert capfd.readouterr().err == "here"


def test_flags_of_our_own_need_no_trial(monkeypatch):
    monkeypatch.setattr(xla.subprocess, "run", None)
    monkeypatch.setenv("XLA_FLAGS", " ".join(xla.small_model_flags()))

    xla.check_flags()
    command_line._check_environment()


def test_an_error_before_python_knows_the_command_is_told_too(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)

    with pytest.raises(SystemExit) as exit_:
        unexpected._tell(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert exit_.value.code == 130
    assert capsys.readouterr().err == "python -m gru_addition: interrupted\n"
