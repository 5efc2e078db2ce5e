"""Which checkpoint a name stands for, and which files it has, in any version of TensorFlow.

For a name that it returns, `tf.train.Saver` has written

    NAME.index, NAME.data-00000-of-00001    since TensorFlow 0.12; with more data files if sharded
    NAME                                    before that, in the format V1
    NAME-00000-of-00001, ...                if that was sharded; it returns NAME-?????-of-00001

and beside them `NAME.meta`, the graph, and `checkpoint`, which names the last checkpoint.
"""

import ntpath
import os
import re
import tempfile
from contextlib import suppress
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
    """The files of a checkpoint: a stem, and what follows it in the name of each.

    pattern: what follows it in the name that the saver returned.
    """

    stem: str
    suffixes: tuple = (INDEX, DATA)
    pattern: str = ""

    @property
    def name(self):
        """The name that the saver returned."""
        return self.stem + self.pattern


def find_checkpoint(path):
    """Return the `Files` of a checkpoint, or None if there is nothing like one.

    path: the name that the saver returned; or that of one of its files; or a directory with a file
        `checkpoint`, or the name of that file, for the last checkpoint there.

    Raises `FileNotFoundError` for another name in a directory that has checkpoints, and
    `DamagedError` if the file `checkpoint` can't be read.
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
    alike = [stem for stem in stems if stem.startswith(name)] or stems
    if alike:
        raise FileNotFoundError(
            f"{path} is not a checkpoint; {os.path.join(directory, alike[-1])} is one"
        )
    return None


def _files(name, names):
    """The files of the checkpoint with that name among these names, or None."""
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
    """The names that the last checkpoint may have, as the directory's `checkpoint` file says.

    The file may give the directory as it was called when the checkpoint was saved, perhaps on
    another machine, with backslashes.
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
