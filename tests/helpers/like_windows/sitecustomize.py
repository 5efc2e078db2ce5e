"""Remove what only POSIX has, and forbid what Windows forbids, in processes that find this file.

Python imports it at startup. File names, TensorFlow and the console stay as they are.
"""

import os
import shutil
import sys
from fcntl import F_GETFL, fcntl
from types import SimpleNamespace

import filelock  # noqa: F401

# filelock still locks files as on Linux.
whole_os = SimpleNamespace(**vars(os))
for name, module in list(sys.modules.items()):
    if name.startswith("filelock") and hasattr(module, "os"):
        module.os = whole_os
for name in "fcntl", "grp", "pty", "pwd", "termios", "tty":
    sys.modules[name] = None
for name in (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "fork", "forkpty", "geteuid", "killpg",
    "mkfifo", "sched_getaffinity", "setsid", "wait4",
):  # fmt: skip
    delattr(os, name)
# With them, shutil would open directories.
shutil._use_fd_functions = False
_open, _fsync, _path = os.open, os.fsync, os.path.realpath


def open_(path, flags, *arguments, **options):
    if os.path.isdir(path) and not flags & getattr(os, "O_TMPFILE", 0):
        raise PermissionError(13, "a directory can't be opened", path)
    return _open(path, flags, *arguments, **options)


def fsync(descriptor):
    if fcntl(descriptor, F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, "a file that is only read can't be synced")
    _fsync(descriptor)


def refuse_open_files(function):
    """Make a function of paths fail if this process, TensorFlow included, has a file open there."""

    def refuse_or_call(*paths, **options):
        for path in paths if options.get("dir_fd") is None else ():
            inside = _path(path)
            for descriptor in os.listdir("/proc/self/fd"):
                try:
                    opened = os.readlink(f"/proc/self/fd/{descriptor}")
                except OSError:  # It was closed.
                    continue
                if opened == inside or opened.startswith(inside + os.sep):
                    raise PermissionError(13, "a file is in use", path)
        return function(*paths, **options)

    return refuse_or_call


os.open, os.fsync = open_, fsync
for name in "replace", "rename", "unlink", "remove", "rmdir":
    setattr(os, name, refuse_open_files(getattr(os, name)))
