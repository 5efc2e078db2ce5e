"""The directory that a run is trained in: for one run at a time, and whole at any moment.

It holds `run.npz`, which is replaced at once whenever the run is saved; and at the end of a run
also what `tf.train.Saver` writes, for TensorFlow 1, and a picture of the losses.
"""

import os
import shutil
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gru_addition.plotting import loss_figure
from gru_addition.runs.state import RUN, is_run, read_state, write_state
from gru_addition.support.checks import brief
from gru_addition.support.files import TEMPORARY, prepare_directory, replace_file
from gru_addition.support.pictures import as_png

CHECKPOINT, FIGURE, LOCK = "model.ckpt", "losses.png", ".lock"
# What a run leaves at its end. It shows the run before while another replaces that one.
AT_THE_END = FIGURE, "checkpoint", f"{CHECKPOINT}.index", f"{CHECKPOINT}.data-00000-of-00001"


class RunDirectory:
    """Where a run is saved; made by `open_run`.

    resumed: the `State` to resume from, or None for a new run.
    """

    def __init__(self, path, resumed):
        self._path, self.resumed = path, resumed

    def save(self, state):
        """Save a `State`; raise `OSError` if that fails."""
        if state.losses.size == 0:
            for name in AT_THE_END:
                (self._path / name).unlink(missing_ok=True)
        write_state(self._path, state)

    def finish(self, program, history):
        """Save what others can use: a checkpoint, and a picture; warn if that fails."""
        try:
            program.save(str(self._path / CHECKPOINT))
            picture = as_png(loss_figure, history.train_losses, history.validation_losses)
            if picture is not None:
                replace_file(self._path / FIGURE, picture)
        except Exception as error:  # TensorFlow raises many kinds.
            reason = brief(" ".join(str(error).split()))
            warnings.warn(f"not all was saved ({reason}), but {RUN} is", stacklevel=2)


@contextmanager
def open_run(output_dir, resume=False, overwrite=False):
    """Open a directory to train in, as a `RunDirectory`, and keep other runs out meanwhile.

    Raises `ValueError` if it can't be written to, is in use, or holds a run and neither `resume`
    nor `overwrite` is given; with `resume` also the errors of `read_state`.
    """
    if resume and overwrite:
        raise ValueError("resume and overwrite must not be given together")
    if resume:
        # Otherwise the directory would be made for nothing.
        read_state(output_dir)
    path = prepare_directory(output_dir)
    with alone(path):
        for leftover in path.glob(f"{TEMPORARY}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if is_run(path) and not resume and not overwrite:
            raise ValueError(
                "output_dir must be a directory without a run, unless resume or overwrite is "
                f"given, not {brief(str(output_dir))}"
            )
        yield RunDirectory(path, read_state(path) if resume else None)


@contextmanager
def alone(directory):
    """Keep others out of a directory; raise `ValueError` if one of them is using it.

    The lock is the operating system's, and ends with the process that holds it, however that ends.
    """
    lock = FileLock(Path(directory, LOCK), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            "output_dir must be a directory in which no other run is under way, "
            f"not {brief(str(directory))}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def move_aside(directory):
    """Move the run in a directory, if any, beside it, under the time at which it was finished.

    Returns its new directory, or None. Raises `ValueError` if it is under way.
    """
    directory = Path(directory)
    if not is_run(directory):
        return None
    with alone(directory):
        finished = time.localtime((directory / RUN).stat().st_mtime)
        target = directory.parent / time.strftime("%Y-%m-%dT%H.%M.%S", finished)
        while is_run(target):
            target = target.with_name(f"{target.name}-2")
        target.mkdir(exist_ok=True)
        # File by file, since a directory with an open lock can't be moved on Windows; the run
        # itself last, so whatever ends this midway can be finished by the next call.
        names = sorted(os.listdir(directory), key=lambda name: name == RUN)
        for name in names:
            if name != LOCK:
                os.replace(directory / name, target / name)
    return target
