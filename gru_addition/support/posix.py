"""What is specific to Linux and macOS; `windows` has the same names, and `system` picks one."""

import errno
import fcntl
import os
import shlex
import sys

# How a study starts its processes. Except on Linux, forking is not safe once libraries have
# threads.
START_METHOD = "forkserver" if sys.platform == "linux" else "spawn"
MOST_PROCESSES = sys.maxsize
# What TensorFlow reads as a pattern in a file name.
PATTERN_CHARACTERS = "[\\"
# Keeps Ctrl-C from a process that is started with these options.
OUT_OF_CTRL_C = {"start_new_session": True}

quoted = shlex.quote


def lock(directory):
    """Keep other processes from locking a directory; return a function that unlocks it.

    The lock ends with the process that holds it and its forks, however they end, and leaves no
    file. Raises `BlockingIOError` if somebody else holds it, and `OSError` if there are no locks.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return lambda: os.close(descriptor)


def flush(descriptor):
    """Wait until a file is on disk."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        # On macOS, fsync leaves it in the disk's own memory.
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError:  # A file system without it, such as a network drive's.
            pass
    os.fsync(descriptor)


def sync_file(path):
    """Wait until a file that somebody else wrote is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path):
    """Wait until the names in a directory are on disk, if its file system can do that."""
    try:
        sync_file(path)
    except OSError as error:
        # Network drives and folders shared with another system raise these.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def replace(source, target):
    """Move a file or a directory, replacing any file at `target`."""
    os.replace(source, target)


def open_to_read(path):
    """Open a file and return its descriptor; neither follow a link nor wait for a pipe."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def reader_has_left(error):
    """Whether an error means that nobody reads the output any more."""
    return isinstance(error, BrokenPipeError)
