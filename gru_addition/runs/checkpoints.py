"""What a training run leaves on disk, and how it is read; `directory` writes it.

A directory with a run of 5,000 iterations holds

    manifest.json                 which files belong together: size and SHA-256 of each
    model.ckpt-5000.index         the variables, Adam's included, as `tf.train.Saver` writes them
    model.ckpt-5000.data-00000-of-00001
    model.ckpt-5000.config.json   the settings
    model.ckpt-5000.history.npy   the losses of all iterations so far
    model.ckpt-5000.batches.json  the state of the random streams
    checkpoint                    names the last one, for `tf.train.latest_checkpoint`
    losses.png                    the losses, drawn when a run ends

The manifest lists one or more checkpoints. What it does not list does not count. No file says where
another one is: names follow from the number of iterations.
"""

import io
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gru_addition.config import LARGEST_ORDER, MOST_ITERATIONS, Config, check_resumes
from gru_addition.runs import variables
from gru_addition.runs.data import digest
from gru_addition.runs.history import History
from gru_addition.runs.names import DATA, INDEX, Files, find_checkpoint
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError, check_file, read_file, read_json

MANIFEST, FIGURE = "manifest.json", "losses.png"
CONFIG, HISTORY, BATCHES = ".config.json", ".history.npy", ".batches.json"
SUFFIXES = CONFIG, HISTORY, BATCHES, INDEX, DATA
LOSSES = np.dtype([("train_losses", np.float64), ("validation_losses", np.float64)])
# Each number of an order takes nine bytes; the rest is more than a list of 1,000 checkpoints takes.
LARGEST_JSON = 9 * LARGEST_ORDER + 2_000_000


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after some iterations, except its variables.

    config: the settings.
    history: the losses so far.
    batches: the state of the `gru_addition.runs.batches.Batches`.
    data_sha256: the digest of the caller's own data, or None if the data were drawn.
    computed_by: what its last digits depend on: TensorFlow's version, the engine, XLA's flags.
    directory: where it is, once it has been saved.
    """

    config: Config
    history: History = field(repr=False)
    batches: dict = field(repr=False)
    data_sha256: str | None
    computed_by: str
    directory: Path | None = None

    @property
    def prefix(self):
        """The name by which `tf.train.Saver` knows it."""
        return str(self.directory / stem_of(len(self.history)))

    def check_continues(self, given, data):
        """Raise `ValueError` unless a run may resume from here.

        given: all or some of the settings, by name. data: the caller's own, or None.
        """
        check_resumes(given, self.config)
        if self.data_sha256 != digest(data):
            raise ValueError(
                "data must be what the saved run was trained on, drawn or passed to train(), "
                "not something else"
            )

    def take_up(self, history, batches):
        """Give a new `History` and new `Batches` the saved state.

        Raises `DamagedError` if the batches can't be restored.
        """
        history.extend(self.history.train_losses, self.history.validation_losses)
        try:
            batches.state = self.batches
        except ValueError as error:
            raise DamagedError(f"{self.prefix}{BATCHES} is damaged: {error}") from None


def load(directory, iteration=None):
    """Read and check a checkpoint in a directory, and return it without its variables.

    iteration: the checkpoint's number of iterations, by default the last one's.

    Raises `FileNotFoundError` if there is no run, `ValueError` if there is no such checkpoint, and
    `DamagedError`, which is also a `ValueError`, if its files have changed since they were written.
    """
    entries = {entry["iteration"]: entry for entry in read_manifest(directory)}
    *older, last = entries
    if iteration is not None and iteration not in entries:
        raise ValueError(
            f"resume must be the iteration of a checkpoint, {' or '.join(map(str, entries))}, "
            f"not {brief(iteration)}"
        )
    try:
        return _load(Path(directory), entries[last if iteration is None else iteration])
    except DamagedError as error:
        if iteration is not None or not older:
            raise
        raise DamagedError(f"{error}; --resume {older[-1]} uses an older one") from None


def load_with_weights(directory):
    """Return the last checkpoint in a directory, and its weights by the tutorial's names.

    May be called while the run is under way. Raises the same errors as `load`.
    """
    while True:
        manifest = read_manifest(directory)
        try:
            checkpoint = load(directory)
            return checkpoint, variables.read_weights(Files(checkpoint.prefix))
        except (DamagedError, FileNotFoundError):
            # A run under way may have removed the files since they were looked up.
            if read_manifest(directory) == manifest:
                raise


def load_network(path, resolution=None):
    """Return weights by the tutorial's names, and the state's resolution, or None if not rounded.

    path: a directory with a run; or a checkpoint of the tutorial's model, from any version of
        TensorFlow, by a name that `find_checkpoint` accepts. If it belongs to a run, the settings
        beside it give the resolution.
    resolution: int, returned instead of the run's.

    Raises the same errors as `load`.
    """
    files = None if _holds_a_run(path) else find_checkpoint(path)
    if files is None:
        checkpoint, weights = load_with_weights(path)
        saved = checkpoint.config.resolution
    else:
        saved = _resolution_beside(files.name)
        weights = variables.read_weights(files)
    return weights, saved if resolution is None else resolution


def _resolution_beside(prefix):
    """The resolution of the run that a checkpoint belongs to; None if it belongs to no run."""
    directory, stem = os.path.split(os.path.abspath(prefix))
    if _holds_a_run(directory):
        for entry in read_manifest(directory):
            if stem_of(entry["iteration"]) == stem:
                return load(directory, entry["iteration"]).config.resolution
    settings = f"{prefix}{CONFIG}"
    return _read_config(settings).resolution if os.path.lexists(settings) else None


def read_manifest(directory):
    """Return the entries of the checkpoints, the last one last; raise the same errors as `load`."""
    if not _holds_a_run(directory):
        name = repr(os.fspath(directory))[:300]
        raise FileNotFoundError(f"{name} holds no run; python -m gru_addition.train makes one")
    path = Path(directory, MANIFEST)
    manifest = read_json(path, LARGEST_JSON)
    entries = manifest.get("checkpoints") if isinstance(manifest, dict) else None
    if not isinstance(entries, list) or not entries or not all(map(_is_entry, entries)):
        raise DamagedError(f"{path} is damaged: it does not list the checkpoints of a run")
    iterations = [entry["iteration"] for entry in entries]
    if iterations != sorted(set(iterations)):
        raise DamagedError(f"{path} is damaged: its checkpoints are out of order")
    return entries


def _holds_a_run(directory):
    # Unlike the methods of a Path, these accept any string.
    return os.path.isdir(directory) and os.path.lexists(os.path.join(directory, MANIFEST))


def stem_of(iteration):
    """What the names of a checkpoint's files begin with."""
    return f"model.ckpt-{iteration}"


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and type(iteration := entry.get("iteration")) is int
        and 0 <= iteration <= MOST_ITERATIONS
        and isinstance(files := entry.get("files"), dict)
        and files.keys() == set(SUFFIXES)
    )


def _load(directory, entry):
    iteration, noted = entry["iteration"], entry["files"]
    paths = {suffix: directory / (stem_of(iteration) + suffix) for suffix in SUFFIXES}
    config = _read_config(paths[CONFIG], noted[CONFIG])
    match read_json(paths[BATCHES], LARGEST_JSON, noted[BATCHES]):
        case {
            "batches": dict(batches),
            "data_sha256": str() | None as data_sha256,
            "computed_by": str(computed_by),
        }:
            pass
        case _:
            raise DamagedError(f"{paths[BATCHES]} is damaged: it does not hold what it should")
    content = read_file(paths[HISTORY], LOSSES.itemsize * iteration + 1000, noted[HISTORY])
    history = _as_history(paths[HISTORY], content, iteration, config.iterations)
    largest_data = variables.largest_data(config.hidden_size)
    check_file(paths[INDEX], noted[INDEX], variables.LARGEST_INDEX)
    check_file(paths[DATA], noted[DATA], largest_data)
    # Early versions named the engines after functions.
    computed_by = computed_by.replace("_engine,", " engine, revision 1,")
    return Checkpoint(config, history, batches, data_sha256, computed_by, directory)


def _read_config(path, noted=None):
    """Return the `Config` in a file, else raise `DamagedError`."""
    settings = read_json(path, LARGEST_JSON, noted)
    try:
        return Config(**settings)
    except (TypeError, ValueError) as error:
        raise DamagedError(f"{path} is damaged: {error}") from None


def _as_history(path, content, iteration, iterations):
    """Return the losses of the first `iteration` of `iterations`, else raise `DamagedError`."""
    history = History(iterations)
    try:
        losses = np.load(io.BytesIO(content), allow_pickle=False)
        if losses.dtype != LOSSES or losses.shape != (iteration,) or iteration > iterations:
            raise ValueError(f"it does not hold the losses of {iteration} iterations")
        history.extend(losses["train_losses"], losses["validation_losses"])
    except Exception as error:  # NumPy raises many kinds for what is not in its format.
        raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None
    return history
