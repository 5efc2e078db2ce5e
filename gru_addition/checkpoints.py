"""What a training run leaves on disk, and how it is picked up again.

A directory with a run of 5,000 iterations holds

    manifest.json                 which files belong together: size and SHA-256 of each
    model.ckpt-5000.index         the variables, Adam's included, as `tf.train.Saver` writes them
    model.ckpt-5000.data-00000-of-00001
    model.ckpt-5000.config.json   the settings
    model.ckpt-5000.history.npy   the losses of all iterations so far
    model.ckpt-5000.batches.json  where the random streams stand, and a digest of the data
    checkpoint                    names the last one, for `tf.train.latest_checkpoint`
    losses.png                    the losses, drawn when a run ends

A checkpoint becomes the last one at the moment in which a new `manifest.json` takes the place of
the old one, when everything else is on the disk. What the manifest does not list does not count,
and is removed when there is a next one. No file tells where another one is: names follow from the
number of iterations.
"""

import io
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gru_addition import variables
from gru_addition.checks import brief
from gru_addition.config import MOST_ITERATIONS, Config
from gru_addition.history import History
from gru_addition.storage import (
    DamagedError,
    as_json,
    check_file,
    fingerprint,
    locked,
    prepare_directory,
    read_file,
    read_json,
    sync,
    write_file,
)

MANIFEST, FIGURE, SAVING = "manifest.json", "losses.png", "saving-"
CONFIG, HISTORY, BATCHES = ".config.json", ".history.npy", ".batches.json"
SUFFIXES = CONFIG, HISTORY, BATCHES, variables.INDEX, variables.DATA
OUR_NAMES = re.compile(r"model\.ckpt-(\d+)(" + "|".join(map(re.escape, SUFFIXES)) + r")\Z")
LOSSES = np.dtype([("train_losses", np.float64), ("validation_losses", np.float64)])
# The longest list in one is that of an epoch's order, of at most 100,000 numbers.
LARGEST_JSON = 4_000_000


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files have been read and checked.

    directory: where it is.
    config: the settings.
    history: the losses of the iterations that had been done.
    data_sha256: the digest of the caller's own data, or None if they were drawn.
    batches: the state of the `gru_addition.batches.Batches` that came from them.
    """

    directory: Path
    config: Config
    history: History = field(repr=False)
    data_sha256: str | None
    batches: dict = field(repr=False)

    @property
    def prefix(self):
        """The name by which `tf.train.Saver` knows it."""
        return str(self.directory / _stem(len(self.history)))

    def set_batches(self, batches):
        """Let new `Batches` go on where they stood; raise `DamagedError` if that is nowhere."""
        try:
            batches.state = self.batches
        except ValueError as error:
            raise DamagedError(f"{self.prefix}{BATCHES} is damaged: {error}") from None


class RunDirectory:
    """The directory of a run that is being trained; made by `open_run`.

    path: its full path.
    resumed: the `Checkpoint` to go on from, or None for a new run.
    """

    def __init__(self, path, resumed, kept):
        self.path, self.resumed = path, resumed
        self._kept = kept

    @property
    def iteration(self):
        """How many iterations the last checkpoint has done, or None if there is none yet."""
        return self._kept[-1]["iteration"] if self._kept else None

    def save(self, saver, session, config, history, data_sha256, batches):
        """Save a checkpoint of the present state; raise `OSError` if that fails.

        saver: a `tf.train.Saver` of the variables in `session`.
        config, history, data_sha256, batches: as in a `Checkpoint`.
        """
        stem = _stem(len(history))
        losses = np.empty(len(history), LOSSES)
        losses["train_losses"] = history.train_losses
        losses["validation_losses"] = history.validation_losses
        contents = {
            CONFIG: as_json(asdict(config)),
            HISTORY: _npy(losses),
            BATCHES: as_json({"data_sha256": data_sha256, "batches": batches}),
        }
        with self._new_files() as new:
            variables.save(saver, session, new / stem)
            for suffix, content in contents.items():
                write_file(new / (stem + suffix), content)
            noted = {suffix: fingerprint(new / (stem + suffix)) for suffix in SUFFIXES}
            earlier = [entry for entry in self._kept if entry["iteration"] < len(history)]
            kept = [*earlier, {"iteration": len(history), "files": noted}][-config.keep :]
            write_file(new / MANIFEST, as_json({"checkpoints": kept}))
            write_file(new / "checkpoint", _checkpoint_state(kept))
            for suffix in SUFFIXES:
                os.replace(new / (stem + suffix), self.path / (stem + suffix))
            sync(self.path)
            os.replace(new / MANIFEST, self.path / MANIFEST)
            os.replace(new / "checkpoint", self.path / "checkpoint")
            sync(self.path)
            self._kept = kept
            self._remove_leftovers(keeping=new)
        if len(history) == 0:
            # It shows the run that this one replaces.
            (self.path / FIGURE).unlink(missing_ok=True)

    def save_figure(self, history):
        """Draw the losses; raise `OSError` if that fails."""
        from gru_addition.plotting import loss_figure

        png = io.BytesIO()
        loss_figure(history.train_losses, history.validation_losses).savefig(png, format="png")
        with self._new_files() as new:
            write_file(new / FIGURE, png.getvalue())
            os.replace(new / FIGURE, self.path / FIGURE)

    @contextmanager
    def _new_files(self):
        """A directory in which files can be made, to be moved from there into their places."""
        try:
            with tempfile.TemporaryDirectory(prefix=SAVING, dir=self.path) as new:
                yield Path(new)
        except OSError as error:
            raise OSError(
                f"the run can't be saved in {self.path}: {error.strerror or error}"
            ) from None

    def _remove_leftovers(self, keeping):
        """Remove older checkpoints, those that never became complete, and what a kill left."""
        listed = {entry["iteration"] for entry in self._kept}
        for path in self.path.iterdir():
            ours = OUR_NAMES.match(path.name)
            if ours and int(ours[1]) not in listed:
                path.unlink()
            elif path.name.startswith(SAVING) and path != keeping and not path.is_symlink():
                shutil.rmtree(path)


@contextmanager
def open_run(output_dir, resume=False, overwrite=False):
    """Open a directory to train in, as a `RunDirectory`, and keep others from doing so meanwhile.

    resume: whether to go on with the run there; or the iteration of one of its checkpoints, to go
        on from that instead of the last, of which it leaves nothing.

    Raises `ValueError` if it can't be written to, is in use, or holds a run and neither `resume`
    nor `overwrite` is given; with `resume` also the errors of `load`.
    """
    is_resumed = resume is not False
    if is_resumed and overwrite:
        raise ValueError("resume must not be given with overwrite, not both")
    if is_resumed:
        # Else the directory would be made, only to hold nothing.
        _read_manifest(output_dir)
    path = prepare_directory(output_dir)
    with locked(path):
        if not is_resumed and not overwrite and _holds_a_run(path):
            raise ValueError(
                "output_dir must be a directory without a run, unless resume or overwrite is "
                f"given, not {brief(str(output_dir))}"
            )
        if not is_resumed:
            yield RunDirectory(path, None, [])
            return
        resumed = load(path, None if resume is True else resume)
        kept = [e for e in _read_manifest(path) if e["iteration"] <= len(resumed.history)]
        yield RunDirectory(path, resumed, kept)


def load(directory, iteration=None):
    """Read and check a checkpoint in a directory, all but its variables, and return it.

    iteration: how many iterations had been done, by default as many as for the last one.

    Raises `FileNotFoundError` if there is no run, `ValueError` if there is no such checkpoint, and
    `DamagedError`, which is a `ValueError` too, if its files are not as they were written.
    """
    entries = {entry["iteration"]: entry for entry in _read_manifest(directory)}
    last = max(entries)
    if iteration is not None and iteration not in entries:
        raise ValueError(
            f"resume must be the iteration of a checkpoint, {' or '.join(map(str, entries))}, "
            f"not {brief(iteration)}"
        )
    try:
        return _load(Path(directory), entries[last if iteration is None else iteration])
    except DamagedError as error:
        older = ", ".join(str(other) for other in entries if other != last)
        if iteration is not None or not older:
            raise
        raise DamagedError(f"{error}; there are older checkpoints, of iteration {older}") from None


def _load(directory, entry):
    iteration, noted = entry["iteration"], entry["files"]

    def checked(suffix, largest):
        path = directory / (_stem(iteration) + suffix)
        check_file(path, noted[suffix], largest)
        return path

    path = checked(CONFIG, LARGEST_JSON)
    try:
        config = Config(**read_json(path, LARGEST_JSON))
    except (TypeError, ValueError) as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
    path = checked(BATCHES, LARGEST_JSON)
    match read_json(path, LARGEST_JSON):
        case {"data_sha256": data_sha256, "batches": dict(batches)}:
            pass
        case _:
            raise DamagedError(f"{path} is damaged: it does not hold what it should")
    path = checked(HISTORY, _largest_history(iteration))
    history = _read_history(path, iteration, config.iterations)
    checked(variables.INDEX, variables.LARGEST_INDEX)
    checked(variables.DATA, variables.largest_data(config.hidden_size))
    return Checkpoint(directory, config, history, data_sha256, batches)


def load_with_weights(directory):
    """Return the last checkpoint in a directory, and its weights by the tutorial's names.

    May be called while the run goes on. Raises the errors of `load`.
    """
    while True:
        manifest = _read_manifest(directory)
        try:
            checkpoint = load(directory)
            return checkpoint, variables.read_weights(checkpoint.prefix)
        except (DamagedError, FileNotFoundError):
            # A run that goes on may have removed the files since they were looked up.
            if _read_manifest(directory) == manifest:
                raise


def load_weights(path):
    """Return weights by the tutorial's names.

    path: a directory with a run; or the name of a checkpoint of the tutorial's model, as
        `tf.train.Saver.save` returned it, in TensorFlow 1 or 2. Raises the errors of `load`.
    """
    if os.path.exists(f"{path}{variables.INDEX}"):
        return variables.read_weights(path)
    return load_with_weights(path)[1]


def _holds_a_run(directory):
    """Whether there is a checkpoint in a directory, of ours or of another program."""
    names = [path.name for path in directory.iterdir()]
    # A run that was killed before its first checkpoint may have left files of iteration 0.
    return any(
        name in (MANIFEST, "checkpoint") or re.match(r"model\.ckpt-[1-9]", name) for name in names
    )


def _read_manifest(directory):
    """Return what is listed, the last checkpoint last; raise the errors of `load`."""
    path = Path(directory, MANIFEST)
    # Unlike the methods of a Path, these take any string for an answer.
    if not os.path.isdir(directory) or not os.path.lexists(path):
        name = repr(os.fspath(directory))[:300]
        raise FileNotFoundError(f"{name} holds no run; python -m gru_addition.train makes one")
    manifest = read_json(path, LARGEST_JSON)
    entries = manifest.get("checkpoints") if isinstance(manifest, dict) else None
    if not isinstance(entries, list) or not entries or not all(map(_is_entry, entries)):
        raise DamagedError(f"{path} is damaged: it does not list the checkpoints of a run")
    return entries


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and type(iteration := entry.get("iteration")) is int
        and 0 <= iteration <= MOST_ITERATIONS
        and isinstance(files := entry.get("files"), dict)
        and files.keys() == set(SUFFIXES)
    )


def _stem(iteration):
    return f"model.ckpt-{iteration}"


def _checkpoint_state(kept):
    """What TensorFlow notes beside its checkpoints: the last one, and all."""
    stems = [_stem(entry["iteration"]) for entry in kept]
    lines = [f'model_checkpoint_path: "{stems[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{stem}"' for stem in stems]
    return "\n".join([*lines, ""]).encode()


def _npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _largest_history(iteration):
    return LOSSES.itemsize * iteration + 1000


def _read_history(path, iteration, iterations):
    """Return the losses of the first `iteration` of `iterations`, else raise `DamagedError`."""
    content = read_file(path, _largest_history(iteration))
    history = History(iterations)
    try:
        losses = np.load(io.BytesIO(content), allow_pickle=False)
        if losses.dtype != LOSSES or losses.shape != (iteration,) or iteration > iterations:
            raise ValueError(f"it does not hold the losses of {iteration} iterations")
        history.extend(losses["train_losses"], losses["validation_losses"])
    except Exception as error:  # NumPy raises many kinds for what is not of its format.
        raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None
    return history
