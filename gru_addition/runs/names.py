"""Find the checkpoint that a name means, and its files, from any version of TensorFlow.

For a checkpoint NAME, `tf.train.Saver` writes

    NAME.index, NAME.data-00000-of-00001    since TensorFlow 0.12; with more data files if sharded
    NAME                                    before that, in V1 format
    NAME-00000-of-00001, ...                the same, sharded; it returns NAME-?????-of-00001

and beside them `NAME.meta`, the graph, and `checkpoint`, which names the last checkpoint.
"""

import ntpath
import os
import re
import tempfile
from contextlib import suppress
from difflib import get_close_matches
from typing import NamedTuple

from gru_addition.support.files import DamagedError, copy_file

INDEX, DATA = ".index", ".data-00000-of-00001"
# What `tf.train.latest_checkpoint` reads.
STATE = "checkpoint"
LARGEST_STATE = 10_000_000
DATA_FILE = re.compile(r"\.data-\d{5}-of-\d{5}")
SUFFIX = re.compile(rf"(\.index|\.meta|{DATA_FILE.pattern})\Z")
SHARD = re.compile(r"-(\d{5}|\?{5})(-of-\d{5})\Z")


class Files(NamedTuple):
    """The files of a checkpoint: their common stem, and the suffix of each.

    pattern: what follows the stem in the name that the saver returned.
    """

    stem: str
    suffixes: tuple = (INDEX, DATA)
    pattern: str = ""

    @property
    def name(self):
        """The name that the saver returned."""
        return self.stem + self.pattern


def find_checkpoint(path):
    """Return the `Files` of a checkpoint, or None if there is nothing like it.

    path: the name that the saver returned, or the name of one of the files; or, for the last
        checkpoint in a directory, the directory or its file `checkpoint`.

    Raises `FileNotFoundError` for a directory that has checkpoints but no file `checkpoint`, and
    for a name similar to that of a checkpoint; and `DamagedError` if `checkpoint` can't be read.
    """
    directory, name = os.path.split(path)
    if os.path.isdir(path):
        directory, name = path, ""
    names = _names_in(directory)
    if name in ("", STATE):
        candidates = _last_in(directory) if STATE in names else []
    elif name + INDEX in names:
        candidates = [name]
    else:
        candidates = [SUFFIX.sub("", name), name]
    for candidate in candidates:
        if found := _files(candidate, names):
            return found._replace(stem=os.path.join(directory, found.stem))
    stems = [SUFFIX.sub("", n) for n in names if n.endswith((INDEX, ".meta"))]
    if not stems and "saved_model.pb" in names:
        stems = [os.path.join("variables", "variables")]
    alike = get_close_matches(SUFFIX.sub("", name), stems, 1) if name else stems
    if alike:
        raise FileNotFoundError(
            f"{path} is not a checkpoint; {os.path.join(directory, alike[-1])} is one"
        )
    return None


def _files(name, names):
    """The files of the checkpoint `name` among `names`, or None."""
    if name + INDEX in names:
        data = [n for n in names if n.startswith(name) and DATA_FILE.fullmatch(n, len(name))]
        return Files(name, (INDEX, *(n.removeprefix(name) for n in data)))
    stem = SHARD.sub("", name)
    shards = [n for n in names if n.startswith(stem) and SHARD.fullmatch(n, len(stem))]
    if shards:
        pattern = "-?????" + SHARD.search(shards[0])[2]
        return Files(stem, tuple(n.removeprefix(stem) for n in shards), pattern)
    return Files(name, ("",)) if name in names else None


def _names_in(directory):
    """The names of the files in a directory, sorted; none if it can't be read."""
    with suppress(OSError, ValueError), os.scandir(directory or ".") as entries:
        return sorted(entry.name for entry in entries if not entry.is_dir())
    return []


def _last_in(directory):
    """The possible names of the last checkpoint, according to the directory's file `checkpoint`.

    The file may give the directory's path when the checkpoint was saved, perhaps on another
    machine, with backslashes.
    """
    from gru_addition.support.tensorflow1 import tf, without_log

    with tempfile.TemporaryDirectory() as copy, without_log():
        copy_file(os.path.join(directory, STATE), os.path.join(copy, STATE), LARGEST_STATE)
        try:
            state = tf.train.get_checkpoint_state(copy)
        except ValueError:
            state = None
    if state is None:
        raise DamagedError(f"{os.path.join(directory, STATE)} is damaged: it names no checkpoint")
    last = state.model_checkpoint_path
    return [os.path.basename(last), ntpath.basename(last)]
