"""A status means what it says: no error has a verdict's status, and no process dies silently."""

import atexit
import gc
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from common import GOLDEN, ROOT, WITH_TESTS, environment, run_code, run_from_scratch, run_module

from gru_addition import commands
from gru_addition.add import Adder
from gru_addition.commands import add, verify
from gru_addition.support import quiet, unexpected, xla

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
            "train", ["--iterations=1"], {"XLA_FLAGS": "--bogus_flag"},
            "XLA_FLAGS must hold flags that TensorFlow accepts, not '--bogus_flag': Unknown",
        ),
        (
            "add", ["1", "2", SOURCE], {"TF_XLA_FLAGS": "--bogus_flag"},
            "TF_XLA_FLAGS must hold flags that TensorFlow accepts, not '--bogus_flag': Unknown",
        ),
    ],
)  # fmt: skip
def test_what_tensorflow_can_not_stand_gets_one_line(
    module, arguments, variables, message, tmp_path
):
    process = run_from_scratch(
        "-m", f"gru_addition.{module}", *arguments, cwd=tmp_path, variables=variables
    )

    assert_one_line(process, f"python -m gru_addition.{module}: {message}")
    assert list(tmp_path.iterdir()) == []


def module_that(code, name, directory):
    """Write a module that runs some code when imported; return the variables needed to find it."""
    (directory / f"{name}.py").write_text(code)
    return {"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}


@pytest.mark.parametrize(
    ("command", "name"),
    [("add", "gmpy2"), ("verify", "flint"), ("prove", "scipy"), ("train", "tqdm")],
)
def test_a_library_that_is_broken_gets_one_line(command, name, tmp_path):
    variables = module_that("raise OSError('libbroken.so is missing')", name, tmp_path)

    process = run_from_scratch("-m", f"gru_addition.{command}", "1", "2", variables=variables)

    assert_one_line(
        process, f"python -m gru_addition.{command}: unexpected OSError: libbroken.so is missing"
    )


TENSORFLOW_S_OWN_REPORT = """
raise ImportError('''Traceback (most recent call last):
  File "pywrap_tensorflow.py", line 73, in <module>
ImportError: DLL load failed while importing _pywrap: a module could not be found.


Failed to load the native TensorFlow runtime.
See https://www.tensorflow.org/install/errors for some common causes and solutions.''')
"""


def test_the_cause_is_told_of_an_import_that_fails(tmp_path):
    variables = module_that(TENSORFLOW_S_OWN_REPORT, "tensorflow", tmp_path)

    process = run_from_scratch("-m", "gru_addition.add", "1", "2", SOURCE, variables=variables)

    assert_one_line(
        process,
        f"{ADD}: unexpected ImportError: TensorFlow can't be imported: ImportError: DLL load "
        "failed while importing _pywrap: a module could not be found. (GRU",
    )


def test_only_libraries_are_said_to_come_with_the_package():
    for name, is_a_library in {"flint": True, "flint.types": True, "_bz2": False}.items():
        message = unexpected.in_one_line(ModuleNotFoundError("No such module", name=name))

        assert ("it comes with" in message) == is_a_library


def test_tensorflow_may_be_installed_under_another_name(monkeypatch):
    def none(name):
        raise metadata.PackageNotFoundError(name)

    all_flags = xla.small_model_flags()
    monkeypatch.setattr(metadata, "version", none)

    assert set(xla.small_model_flags()) < set(all_flags)


def test_the_commands_are_listed():
    process = run_from_scratch("-m", "gru_addition")
    of_module = run_from_scratch("-m", "gru_addition", "train", "--iterations=1")

    lines = process.stdout.splitlines()[2:]
    modules = sorted(path.stem for path in Path(commands.__file__).parent.glob("*.py"))
    names = [re.match(r"python -m gru_addition\.(\w+) +\w", line)[1] for line in lines]
    assert sorted([*names, "__init__", "networks"]) == modules
    assert (process.returncode, process.stderr) == (0, "")
    assert_one_line(
        of_module,
        "python -m gru_addition: it takes no arguments; use a command such as "
        "python -m gru_addition.train, not 'train --iterations=1'",
    )


def test_a_module_of_somebody_else_that_imports_the_package_keeps_its_traceback(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("import gru_addition")
    (tmp_path / "other" / "__main__.py").write_text("raise ValueError('theirs')")

    process = run_from_scratch(
        "-m", "other", variables={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, cwd=tmp_path
    )

    assert process.returncode == 1
    assert process.stderr.startswith("Traceback (most recent call last)")
    assert process.stderr.endswith("ValueError: theirs\n")


def test_who_imports_the_package_keeps_a_hook_of_their_own():
    code = (
        "import sys; sys.argv = ['x']; import gru_addition.train; print(sys.excepthook.__module__)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], env=environment(), text=True)

    assert printed == "sys\n"


@pytest.mark.quick
@pytest.mark.parametrize(("module", "is_ours"), [("gru_addition.add", True), ("other", False)])
def test_a_command_seldom_looks_for_unused_objects(module, is_ours, monkeypatch):
    registered, thresholds = [], []
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr(gc, "set_threshold", thresholds.append)
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", module])
    # Set first, so the test leaves nothing behind for later ones.
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("MPLBACKEND", "agg")

    unexpected.take_over()

    assert registered == ([gc.freeze] if is_ours else [])
    assert thresholds == ([unexpected.OBJECTS_BETWEEN_COLLECTIONS] if is_ours else [])


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


def test_what_tensorflow_can_stand_changes_nothing():
    variables = {"TF_DETERMINISTIC_OPS": "1", "KERAS_BACKEND": "jax", "MPLBACKEND": "module://gone"}
    process = run_from_scratch("-m", "gru_addition.add", "1", "2", SOURCE, variables=variables)

    assert (process.returncode, process.stdout, process.stderr) == (0, "3\n", "")


def test_a_reader_that_has_left_is_no_verdict():
    first = "reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)"
    process = run_module("gru_addition.add", "-", SOURCE, input="1 2\n", first=first)

    assert (process.returncode, process.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(("stream", "status"), [(1, 2), (2, 1)])
def test_output_that_can_not_be_written_does_not_change_what_the_status_means(stream, status):
    first = f"os.dup2(os.open('/dev/full', os.O_WRONLY), {stream})"
    process = run_module("gru_addition.add", "12", "13", SOURCE, first=first)

    # The network is wrong: that is status 1.
    assert process.returncode == status
    if stream == 1:
        assert process.stderr == f"{ADD}: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("words", ["no AVX here\n", ""])
@pytest.mark.parametrize("end", ["os.abort()", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_what_ends_the_process_in_a_quiet_import_has_the_last_word(end, words, tmp_path):
    """As TensorFlow does on a processor it was not built for."""
    code = f"import os; os.write(2, {words.encode()}); {end}"
    variables = module_that(code, "tensorflow", tmp_path)

    process = run_from_scratch("-m", "gru_addition.add", "1", "2", SOURCE, variables=variables)

    assert process.returncode != 0
    assert process.stderr == (words or quiet.DIED.decode())


def test_quiet_bodies_in_many_threads_leave_standard_error_where_it_was():
    code = """
import os, threading
from gru_addition.support.quiet import quiet_body, silence
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


def test_an_error_before_python_knows_the_command_is_told_too(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "gru_addition.add"])

    with pytest.raises(SystemExit) as exit_:
        unexpected._report(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert exit_.value.code == 130
    assert capsys.readouterr().err == "python -m gru_addition: interrupted\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("variables", [{}, {unexpected.TRACEBACK: "1"}])
def test_a_broken_library_is_no_verdict_even_if_nobody_can_be_told(variables, tmp_path):
    variables = variables | module_that("raise OSError('broken')", "gmpy2", tmp_path)
    command = [sys.executable, "-m", "gru_addition.add", "1", "2"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = subprocess.run(command, env=environment() | variables, stderr=full, check=False)

    assert process.returncode == 2


def test_a_library_that_ends_the_process_is_no_verdict(monkeypatch, capsys):
    def fail(*_):
        raise SystemExit(1)

    monkeypatch.setattr(Adder, "restore", fail)

    assert add.main(["1", "2"]) == 2
    assert capsys.readouterr().err.startswith(f"{ADD}: unexpected SystemExit: 1 ")


def test_memory_that_runs_out_is_no_verdict(monkeypatch, capsys, tmp_path):
    def fail(*_, **__):
        raise MemoryError

    np.savez(tmp_path / "certificate.npz", states=np.zeros(3))
    monkeypatch.setattr(np, "load", fail)

    assert verify.main([str(tmp_path / "certificate.npz")]) == 2
    assert "out of memory" in capsys.readouterr().err


def test_a_thread_that_outlives_the_main_thread_still_has_its_sum():
    code = """
import threading, time
import numpy_gru
from gru_addition.add import Adder
def work():
    time.sleep(0.5)
    print(Adder.from_weights(numpy_gru.perfect_weights()).add(3, 4))
threading.Thread(target=work).start()
"""
    assert run_code(code, variables=WITH_TESTS) == "7\n"
