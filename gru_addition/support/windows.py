"""What is specific to Windows; `posix` has the same names, and `system` picks one.

Windows can't sync the names in a directory, so a power cut may undo the last save. The save before
it survives.
"""

import errno
import os
import re
import stat
import subprocess
import time

from filelock import FileLock, Timeout

START_METHOD = "spawn"
# `ProcessPoolExecutor` refuses more.
MOST_PROCESSES = 61
PATTERN_CHARACTERS = "["
OUT_OF_CTRL_C = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
LOCK = ".lock"
# How many seconds to wait for a file that another process, such as a virus scanner, is using.
PATIENCE = 5


def lock(directory):
    """Keep other processes from locking a directory; return a function that unlocks it.

    The lock is on a file in the directory. A kill may leave the file, but not the lock. Raises
    `BlockingIOError` if somebody else holds the lock, and `OSError` if there are no locks.
    """
    file_lock = FileLock(os.path.join(directory, LOCK))
    try:
        file_lock.acquire(timeout=0)
    except Timeout:
        raise BlockingIOError(errno.EAGAIN, "it is locked") from None
    return file_lock.release


def flush(descriptor):
    """Wait until a file is on disk."""
    os.fsync(descriptor)


def sync_file(path):
    """Wait until a file that somebody else wrote is on disk."""
    # Only a file opened for writing can be synced.
    with open(path, "r+b") as file:
        flush(file.fileno())


def sync_directory(path):
    """Do nothing."""


def replace(source, target):
    """Move a file or a directory, replacing any file at `target`, once neither is in use."""
    _patiently(os.replace, source, target)


def open_to_read(path):
    """Open a file and return its descriptor; don't follow a link."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    # Without O_BINARY, reading would change line ends.
    return _patiently(os.open, path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def quoted(word):
    """Quote a word for the command prompt or PowerShell."""
    word = subprocess.list2cmdline([word])
    return word if re.fullmatch(r'".*"|[\w.:\\/=-]+', word, re.DOTALL) else f'"{word}"'


def reader_has_left(error):
    """Whether an error means that nobody reads the output any more."""
    is_about_a_file = getattr(error, "filename", None) is not None
    return isinstance(error, BrokenPipeError) or (
        isinstance(error, OSError) and error.errno == errno.EINVAL and not is_about_a_file
    )


def _patiently(function, *arguments):
    """Call a function; if a file is in use, keep trying for a while."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return function(*arguments)
        except PermissionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
