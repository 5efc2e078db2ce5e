"""The package needs nothing that only POSIX has: it runs without, and mypy checks it for Windows.

`helpers/like_windows` removes what Windows lacks and forbids what Windows forbids.
"""

import errno
import os
import shutil
import stat
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from common import HELPERS, ROOT, environment, run_from_scratch

from gru_addition.config import Config
from gru_addition.study.recipes import RECIPES
from gru_addition.support import windows
from gru_addition.support.files import replace_file
from gru_addition.support.tensorflow1 import tf

LIKE_WINDOWS = {
    "PYTHONPATH": os.pathsep.join([str(HELPERS / "like_windows"), str(ROOT), str(HELPERS)]),
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "cp1252",
}

ALL_COMMANDS = """
from gru_addition.commands import add, export, prove, train, verify
from gru_addition.study import study
from gru_addition.study.executors import local_processes
from gru_addition.support import system, windows
import fake_run
if __name__ == "__main__":
    assert system.here is windows
    for module, arguments in [
        (train, "--iterations=150 --engine=session"),
        (train, "--resume --iterations=200"),
        (train, "--overwrite --iterations=1 --output-dir=snow\u2603"),
        (add, "1024 16 --from=proved"),
        (export, "saved"),
        (export, "saved --overwrite"),
        (prove, "--from=proved"),
        (verify, "proved/certificate.npz --from=proved"),
        (add, "1 2 --from=another"),
        (add, "1 2 --from=damaged"),
    ]:
        print(module.main(arguments.split()))
    with local_processes() as executor:
        settings = {"fake": {"iterations": 3}}
        print(len(study(settings, 2, "study", executor, run=fake_run.fake_run)) > 2)
"""


@pytest.mark.linux
def test_all_commands_work_without_what_only_posix_has(tmp_path, trained_in):
    shutil.copytree(
        trained_in(Config(**RECIPES["tutorial + Jacobian penalty"])), tmp_path / "proved"
    )
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.Variable(np.zeros((3, 3)), name="Uz").initializer)
        tf.train.Saver().save(session, str(tmp_path / "another"))
    for suffix in ".index", ".data-00000-of-00001":
        shutil.copy(f"{tmp_path / 'another'}{suffix}", f"{tmp_path / 'damaged'}{suffix}")
    (tmp_path / "damaged.index").write_bytes(bytes(100))
    (tmp_path / "script.py").write_text(ALL_COMMANDS, encoding="utf-8")

    process = run_from_scratch("script.py", cwd=tmp_path, variables=LIKE_WINDOWS)

    ends = [line for line in process.stdout.splitlines() if line in ("0", "1", "2", "True")]
    another, damaged = process.stderr.splitlines()
    assert ends == ["0"] * 8 + ["2"] * 2 + ["True"]
    assert "another is a checkpoint of another model: Wr must be" in another
    assert "damaged is damaged: " in damaged
    assert (tmp_path / "runs" / "latest" / "model.ckpt-200.index").exists()
    assert len(list((tmp_path / "study").glob("fake-*.json"))) == 2


HOLD = """
import sys
from gru_addition.support.files import locked
with locked(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.mark.linux
def test_a_lock_in_a_file_keeps_others_out_but_blocks_nobody_once_it_is_stale(tmp_path):
    command = [sys.executable, "-c", HOLD, tmp_path]
    options = {"env": environment() | LIKE_WINDOWS, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
    ) as holder:
        assert holder.stdout.readline() == "locked\n"
        refused = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, **options)
        holder.kill()
    after = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, **options)

    assert "output_dir must be a directory in which no other run is under way" in refused.stderr
    assert (tmp_path / windows.LOCK).exists()
    assert (after.returncode, after.stderr) == (0, "")


IN_A_LOCALE_WITHOUT_AN_ENCODING = """
import sys
from gru_addition.commands import add, export, train
assert sys.getfilesystemencoding() == "ascii"
name = sys.argv[1]
print(train.main(["--iterations=1", "--engine=session", f"--output-dir={name}/run"]))
print(train.main(["--resume", "--iterations=2", f"--output-dir={name}/run"]))
print(add.main(["0", "0", f"--from={name}/run/model.ckpt-2"]))
print(export.main([f"{name}/model", f"--from={name}/run"]))
"""


@pytest.mark.posix
def test_names_in_utf8_are_used_and_shown_whatever_the_locale(tmp_path):
    name = "café ☃"
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    process = run_from_scratch(
        "-c", IN_A_LOCALE_WITHOUT_AN_ENCODING, name, cwd=tmp_path, variables=variables
    )

    lines = process.stdout.splitlines()
    assert (process.stderr, lines.count("0")) == ("", 5)
    assert f"Resuming after 1 iterations, saved in {name}/run" in lines
    assert lines[-2] == f"The network of {name}/run is exported to {name}/model."
    assert (tmp_path / name / "model" / "saved_model.pb").exists()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_file_system_need_not_sync_directories_but_must_not_fail(number, tmp_path, monkeypatch):
    fsync = os.fsync

    def refuse_directories(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_directories)
    with nullcontext() if number != errno.EIO else pytest.raises(OSError, match="Input/output"):
        replace_file(tmp_path, "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_file_in_use_is_waited_for(tmp_path, monkeypatch):
    (tmp_path / "new").write_bytes(b"new")
    is_free, replace = threading.Event(), os.replace

    def replace_when_free(source, target):
        if not is_free.is_set():
            is_free.set()
            raise PermissionError(errno.EACCES, "the file is in use")
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_when_free)
    windows.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"new"

    monkeypatch.setattr(windows, "PATIENCE", 0.05)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with pytest.raises(PermissionError):
        windows.replace(tmp_path / "old", tmp_path / "new")


@pytest.mark.posix
def test_what_is_no_regular_file_is_not_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"a\r\n\x1ab")
    (tmp_path / "link").symlink_to(tmp_path / "file")

    with open(windows.open_to_read(tmp_path / "file"), "rb") as file:
        assert file.read() == b"a\r\n\x1ab"
    for other in tmp_path / "link", tmp_path:
        with pytest.raises(OSError, match="not a regular file"):
            windows.open_to_read(other)


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        (r"runs\latest", r"runs\latest"),
        (r"C:\my runs\a", r'"C:\my runs\a"'),
        ("a&b", '"a&b"'),
        ("", '""'),
    ],
)
def test_words_are_quoted_for_windows(word, quoted):
    assert windows.quoted(word) == quoted


def test_a_reader_that_has_left_is_known_by_its_error():
    assert windows.reader_has_left(BrokenPipeError())
    assert windows.reader_has_left(OSError(errno.EINVAL, "Invalid argument"))
    assert not windows.reader_has_left(OSError(errno.EINVAL, "Invalid argument", "a file"))
    assert not windows.reader_has_left(ValueError())


def test_one_module_only_uses_what_windows_lacks(tmp_path):
    """As `make lint` checks it."""
    (tmp_path / "posix_only.py").write_text(
        "import fcntl, os\nos.O_NOFOLLOW, os.fork(), fcntl.flock\n", encoding="utf-8"
    )
    mypy = ["-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", os.devnull]

    ours = run_from_scratch(*mypy, cwd=ROOT)
    other = run_from_scratch(*mypy, "posix_only.py", cwd=tmp_path)

    assert ours.returncode == 0, ours.stdout
    assert other.stdout.count("has no attribute") == 3


def test_names_of_files_fit_all_systems():
    names = [path.name for path in Path(ROOT, "gru_addition").rglob("*")]

    assert len(names) > 60
    assert not [name for name in names if set(name) & set('<>:"|?*\\') or name.endswith((".", " "))]
