"""Files that are whole or absent when written, and never trusted when read.

A file is on disk before anything refers to it, so a kill, a full disk or a power cut leaves what
was there before. A file is read only if it has the size and SHA-256 noted when it was written, is a
regular file in the directory itself, and is no larger than it could be.
"""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import warnings
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from gru_addition.support import system
from gru_addition.support.checks import brief

BYTES_AT_A_TIME = 2**20


class DamagedError(OSError, ValueError):
    """A file has changed since it was written, or was never ours."""


@contextmanager
def prepared_directory(directory):
    """Make `directory` if needed, check that files can be written in it, and yield its full path.

    Raises `ValueError` if that is not possible. If the body fails, what was made is removed, unless
    it holds something.
    """
    with ExitStack() as stack:
        try:
            if not os.fspath(directory):
                raise ValueError("it has no name")
            name_for_tensorflow(directory)
            path = Path(directory).absolute()
            name_for_tensorflow(path)
            stack.enter_context(directories_made(path))
            with tempfile.TemporaryFile(dir=path):
                pass
        except (OSError, TypeError, ValueError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(
                "output_dir must be the name of a directory that can be written to, "
                f"not {brief(directory)}: {reason}"
            ) from None
        yield path


def name_for_tensorflow(path):
    """Return a name for TensorFlow, which encodes it in UTF-8, whatever the system's encoding is.

    Raises `ValueError` for a name that TensorFlow misreads or can't read.
    """
    try:
        name = os.fsencode(path).decode()
    except UnicodeError:
        raise ValueError("TensorFlow reads only names in UTF-8") from None
    if "://" in name:
        raise ValueError("TensorFlow takes it for an address")
    return name


@contextmanager
def directories_made(path):
    """Make a directory and its parents; if the body fails, remove those made that are empty."""
    made = []
    try:
        for missing in reversed([p for p in (path, *path.parents) if not p.exists()]):
            # If another process makes it in the meantime, it is not ours to remove.
            with suppress(FileExistsError):
                missing.mkdir()
                made.append(missing)
            system.sync_directory(missing.parent)
        yield
    except BaseException:
        with suppress(OSError):
            for empty in reversed(made):
                empty.rmdir()
        raise


@contextmanager
def locked(directory):
    """Keep other processes from writing in a directory; raise `ValueError` if one is using it.

    The lock is the operating system's, and ends with the process that holds it, however that ends.
    If the file system has no locks, a warning says so.
    """
    unlock = None
    try:
        unlock = system.lock(directory)
    except BlockingIOError:
        raise ValueError(
            "output_dir must be a directory in which no other run is under way, "
            f"not {brief(str(directory))}"
        ) from None
    except OSError as error:
        reason = f"it can't be locked ({error.strerror})"
        warnings.warn(f"make sure that no other run uses {directory}: {reason}", stacklevel=4)
    try:
        yield
    finally:
        if unlock is not None:
            unlock()


def write_file(path, content):
    """Write bytes to a new file, which is on disk when this returns."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        system.flush(file.fileno())


def replace_file(directory, name, content):
    """Write bytes to a file in a directory, replacing any already there; else raise `OSError`."""
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=directory) as new:
            write_file(Path(new, name), content)
            system.replace(Path(new, name), Path(directory, name))
            system.sync_directory(directory)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"{name} can't be saved in {directory}: {reason}") from None


def fingerprint(path, largest=None):
    """Return the size and the SHA-256 of a regular file, as noted for `check_file`."""
    digest = hashlib.sha256()
    with closing(_open(path, largest)) as file:
        while content := file.read(BYTES_AT_A_TIME):
            digest.update(content)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


def check_file(path, noted, largest):
    """Raise `DamagedError` unless a file has the `fingerprint` noted for it."""
    if fingerprint(path, largest) != noted:
        raise DamagedError(f"{path} is damaged: it is not as it was written")


def read_file(path, largest, noted=None):
    """Return the content of a regular file of at most that many bytes, else raise `DamagedError`.

    noted: the `fingerprint` that it must have, if any.
    """
    with closing(_open(path, largest)) as file:
        content = file.read(largest)
    found = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if noted is not None and found != noted:
        raise DamagedError(f"{path} is damaged: it is not as it was written")
    return content


def read_json(path, largest, noted=None):
    """Return what a JSON file holds; otherwise like `read_file`."""
    content = read_file(path, largest, noted)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged: it is not JSON ({brief(str(error))})") from None


def copy_file(source, target, largest):
    """Copy a regular file of at most that many bytes, else raise `DamagedError`."""
    with closing(_open(source, largest)) as file, open(target, "xb") as copy:
        shutil.copyfileobj(file, copy, BYTES_AT_A_TIME)


def as_json(value, indent=2):
    """Return a value as the content of a JSON file."""
    return (json.dumps(value, indent=indent) + "\n").encode()


def _open(path, largest):
    try:
        descriptor = system.open_to_read(path)
    except FileNotFoundError:
        raise DamagedError(f"{path} is missing") from None
    except OSError as error:
        raise DamagedError(f"{path} can't be read: {error.strerror}") from None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and (largest is None or status.st_size <= largest):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise DamagedError(f"{path} is damaged: it has more than {largest:,} bytes")
    raise DamagedError(f"{path} is damaged: it is not a regular file")
