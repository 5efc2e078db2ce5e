"""Files that are whole or absent when written, and checked before they are believed.

A file is on disk before it takes its name, so a kill, a full disk or a power cut leaves what was
there before. Arrays are read from an uncompressed ZIP archive, which has a checksum of each, and
nothing is unpickled.
"""

import io
import math
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.lib.format import (
    read_array,
    read_array_header_1_0,
    read_array_header_2_0,
    read_magic,
)

from gru_addition.support.checks import brief

# A kill while writing may leave a directory that begins with this.
TEMPORARY = ".writing-"


class DamagedError(ValueError):
    """A file that has changed since it was written, or was never ours."""


def prepare_directory(directory, name="output_dir"):
    """Make a directory unless it is there, and return its full path.

    Raises `ValueError`, naming the argument, unless files can be written in it.
    """
    try:
        if not os.fspath(directory):
            raise ValueError("it has no name")
        path = Path(directory).absolute()
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{name} must be the name of a directory that can be written to, "
            f"not {brief(directory)}: {reason}"
        ) from None


def replace_file(path, content):
    """Write bytes to a file, in place of any that is there; raise `OSError` if that fails."""
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=path.parent) as new:
            with open(Path(new, "content"), "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)
        # Now its name must reach the disk too. Windows can't open a directory.
        with suppress(OSError):
            descriptor = os.open(path.parent, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    except OSError as error:
        raise OSError(f"{path} can't be saved: {error.strerror or error}") from None


def as_npz(arrays):
    """Return arrays, by name, as the content of an `.npz` file."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def read_arrays(path):
    """Return the arrays of an `.npz` file, by name.

    Raises `DamagedError` if it is not one of ours, and `OSError` if it can't be read. What it holds
    takes no more memory than the file is large, since nothing may be compressed or used twice.
    """
    content = Path(path).read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > len(content):
                raise ValueError("its arrays are compressed, or larger than the file")
            # The archive ends with a record that counts them; zipfile does not look.
            if int.from_bytes(content[-12:-10], "little") != len(members):
                raise ValueError("it does not hold as many arrays as it says")
            return {
                member.filename.removesuffix(".npy"): _array(archive.read(member))
                for member in members
            }
    # NumPy and zipfile raise many kinds.
    except Exception as error:
        raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None


def _array(content):
    """The array in an `.npy` file; `ValueError` unless it is as large as the file says."""
    file = io.BytesIO(content)
    version = read_magic(file)
    read_header = read_array_header_1_0 if version == (1, 0) else read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.itemsize == 0 or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"it does not hold {shape} numbers")
    file.seek(0)
    return read_array(file, allow_pickle=False)
