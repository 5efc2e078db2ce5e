"""A file is replaced whole or not at all."""

import os

import pytest

from gru_addition.support.files import replace_file


def test_a_file_takes_the_place_of_another_and_leaves_nothing_beside_it(tmp_path):
    for content in b"old", b"new":
        replace_file(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.posix
def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    import resource

    (tmp_path / "file").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As if the disk was full after the first bytes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"file can't be saved: File too large"):
            replace_file(tmp_path / "file", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
