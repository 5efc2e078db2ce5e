"""The directory that a run is trained in: for one run at a time, and whole at any moment.

A checkpoint becomes the last one when a new `manifest.json` replaces the old one. By then
everything else is on disk, under names that the old manifest does not list. Files no longer listed
are removed afterwards.
"""

import io
import os
import re
import shutil
import tempfile
import warnings
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gru_addition.runs import variables
from gru_addition.runs.checkpoints import (
    BATCHES,
    CONFIG,
    FIGURE,
    HISTORY,
    LOSSES,
    MANIFEST,
    SUFFIXES,
    load,
    read_manifest,
    stem_of,
)
from gru_addition.runs.names import STATE
from gru_addition.support import system
from gru_addition.support.checks import brief, whole_number
from gru_addition.support.files import (
    as_json,
    fingerprint,
    locked,
    prepared_directory,
    write_file,
)
from gru_addition.support.signals import put_off
from gru_addition.support.stopwatch import doing

TEMPORARY = ".saving-"
OUR_FILE = re.compile(r"model\.ckpt-(0|[1-9][0-9]*)(" + "|".join(map(re.escape, SUFFIXES)) + r")\Z")
OUR_TEMPORARY = re.compile(re.escape(TEMPORARY) + r"[a-z0-9_]{8}\Z")


class Unsaved:
    """Takes the place of a `RunDirectory` for a run that is not saved."""

    resumed = None

    def save(self, saver, session, checkpoint):
        """Save nothing."""

    def save_figure(self, history):
        """Save nothing."""

    def signals_put_off(self):
        """Put nothing off: there is nothing to lose."""
        return nullcontext([])


class RunDirectory:
    """Where a run is saved; made by `open_run`.

    path: its full path.
    given: the name by which it was opened.
    resumed: the `Checkpoint` to resume from, or None for a new run.
    """

    def __init__(self, path, given, resumed, listed):
        self.path, self.given, self.resumed = path, given, resumed
        self._listed = listed
        self._identity = _identity(path)

    @property
    def iteration(self):
        """How many iterations are saved, or None if this run has no checkpoint yet."""
        return self._listed[-1]["iteration"] if self._listed else None

    @doing("saving checkpoints")
    def save(self, saver, session, checkpoint):
        """Save a `Checkpoint`, with the variables in `session`; raise `OSError` if that fails.

        saver: a `tf.train.Saver` of the variables.
        """
        done, is_first = len(checkpoint.history), not self._listed
        earlier = [entry for entry in self._listed if entry["iteration"] < done]
        with self._new_files("the run") as new:
            variables.save(saver, session, new / stem_of(done))
            for suffix, content in _contents(checkpoint).items():
                write_file(new / (stem_of(done) + suffix), content)
            if len(earlier) < len(self._listed):
                # The run resumed from an older checkpoint. Later ones must not be listed while
                # their files are replaced one by one.
                self._list(earlier, new)
            files = {}
            for suffix in SUFFIXES:
                name = stem_of(done) + suffix
                files[suffix] = fingerprint(new / name)
                system.replace(new / name, self.path / name)
            entry = {"iteration": done, "files": files}
            self._list([*earlier, entry][-checkpoint.config.keep :], new)
        self._clear_up()
        if is_first:
            variables.warn_of_pattern(self.given)

    @doing("drawing the losses")
    def save_figure(self, history):
        """Draw the losses; warn if they can't be drawn or saved."""
        from gru_addition.plotting import loss_figure
        from gru_addition.support.pictures import as_png

        picture = as_png(loss_figure, history.train_losses, history.validation_losses)
        if picture is None:
            return
        try:
            with self._new_files("the figure") as new:
                self._put(FIGURE, picture, new)
        except OSError as error:
            warnings.warn(f"{error}; the run itself is saved", stacklevel=2)

    def restore(self, saver, session, computed_by):
        """Set the variables in `session` to those of the run that is resumed.

        computed_by: what computes the rest of the run; a warning says if something else computed it
            so far.

        Raises `DamagedError` if the variables can't be read.
        """
        before = self.resumed.computed_by
        if before != computed_by:
            warnings.warn(
                f"the run was computed by {before}, and resumes with {computed_by}; the last "
                "digits of its losses may differ from those of an uninterrupted run",
                stacklevel=4,
            )
        variables.restore(saver, session, self.resumed.prefix)
        self.finish_save()

    def signals_put_off(self):
        """Put Ctrl-C and SIGTERM off until the run is saved; see `put_off`."""
        return put_off()

    def finish_save(self):
        """Finish the last save, in case it was stopped in its last moments."""
        with self._new_files("the run") as new:
            self._list(self._listed, new)
        self._clear_up()

    def _clear_up(self):
        """Remove what is not listed: older checkpoints, incomplete ones, and what a kill left."""
        listed = {entry["iteration"] for entry in self._listed}
        for path in self.path.iterdir():
            file = OUR_FILE.match(path.name)
            # Whatever can't be removed does no harm.
            with suppress(OSError):
                if file and int(file[1]) not in listed:
                    path.unlink()
                elif OUR_TEMPORARY.match(path.name) and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name == FIGURE and self.iteration == 0:
                    # It shows the run that this one replaces.
                    path.unlink()

    def _list(self, entries, new):
        """Make these checkpoints, and no others, the ones that count."""
        system.sync_directory(self.path)
        self._put(MANIFEST, as_json({"checkpoints": entries}), new)
        self._listed = entries
        self._put(STATE, _state([stem_of(entry["iteration"]) for entry in entries]), new)
        system.sync_directory(self.path)

    def _put(self, name, content, new):
        """Put a file in place atomically."""
        write_file(new / name, content)
        system.replace(new / name, self.path / name)

    @contextmanager
    def _new_files(self, what):
        """Yield a temporary directory to write files in before they are moved into place."""
        try:
            # Another run may be using a directory that has taken its name.
            if _identity(self.path) != self._identity:
                raise OSError("the directory was moved or replaced")
            with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.path) as new:
                yield Path(new)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"{what} can't be saved in {self.path}: {reason}") from None


@contextmanager
def open_run(output_dir, resume=False, overwrite=False):
    """Open a directory to train in, as a `RunDirectory`, and keep other runs out meanwhile.

    output_dir: the directory, or None for a run that is `Unsaved`.
    resume: whether to resume the run there; or the iteration of one of its checkpoints, to resume
        from that instead of the last one. The next save removes those from its iteration on.

    Raises `ValueError` if it can't be written to, is in use, or holds a run and neither `resume`
    nor `overwrite` is given; with `resume` also the errors of `gru_addition.runs.checkpoints.load`.
    """
    if output_dir is None:
        if resume is not False or overwrite:
            raise ValueError("output_dir must be given with resume or overwrite, not None")
        yield Unsaved()
        return
    if not isinstance(resume, bool):
        resume = whole_number("resume", resume, minimum=0)
    is_resumed = resume is not False
    if is_resumed and overwrite:
        raise ValueError("resume and overwrite must not be given together")
    if is_resumed:
        # Otherwise the directory would be made for nothing.
        read_manifest(output_dir)
    with prepared_directory(output_dir) as path, locked(path):
        resumed, listed = None, []
        if is_resumed:
            resumed = load(path, None if resume is True else resume)
            listed = read_manifest(path)
        elif not overwrite and _holds_a_run(path):
            raise ValueError(
                "output_dir must be a directory without a run, unless resume or overwrite is "
                f"given, not {brief(str(output_dir))}"
            )
        yield RunDirectory(path, output_dir, resumed, listed)


def _holds_a_run(directory):
    """Whether a directory holds a checkpoint or a figure, ours or another program's."""
    names = {path.name for path in directory.iterdir()}
    checkpoints = {name for name in names if re.match(r"model\.ckpt-[0-9]", name)}
    # A run of ours leaves these if killed before its first checkpoint, the settings first.
    leftovers = {stem_of(0) + suffix for suffix in SUFFIXES}
    if stem_of(0) + CONFIG in names:
        checkpoints -= leftovers
    return bool(checkpoints or names & {MANIFEST, STATE, FIGURE})


def _identity(path):
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _contents(checkpoint):
    """The files of a checkpoint that TensorFlow does not write, by suffix."""
    losses = np.empty(len(checkpoint.history), LOSSES)
    losses["train_losses"] = checkpoint.history.train_losses
    losses["validation_losses"] = checkpoint.history.validation_losses
    history = io.BytesIO()
    np.save(history, losses, allow_pickle=False)
    batches = {
        name: getattr(checkpoint, name) for name in ("batches", "data_sha256", "computed_by")
    }
    return {
        CONFIG: as_json(asdict(checkpoint.config)),
        HISTORY: history.getvalue(),
        BATCHES: as_json(batches, indent=None),
    }


def _state(stems):
    """What TensorFlow records beside its checkpoints: the last one, and all of them."""
    lines = [f'model_checkpoint_path: "{stems[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{stem}"' for stem in stems]
    return "\n".join([*lines, ""]).encode()
