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
from gru_addition.runs.state import RUN, is_run, read_state
from gru_addition.support.checks import brief
from gru_addition.support.files import TEMPORARY, prepare_directory, replace_file
from gru_addition.support.pictures import as_png

CHECKPOINT, FIGURE, LOCK = "model.ckpt", "losses.png", ".lock"
# What a run leaves at its end. A new run removes it, so it never stands beside another's `run.npz`.
AT_THE_END = FIGURE, "checkpoint", f"{CHECKPOINT}.index", f"{CHECKPOINT}.data-00000-of-00001"


@contextmanager
def open_run(output_dir, resume=False, overwrite=False):
    """Open a directory to train in, and keep other runs out meanwhile.

    Yields its full path, and the `State` to resume from, or None for a new run.

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
        # A checkpoint may be another program's.
        taken = [name for name in (RUN, *AT_THE_END) if (path / name).exists()]
        if taken and not resume and not overwrite:
            raise ValueError(
                "output_dir must be a directory without a run, unless resume or overwrite is "
                f"given, not {brief(str(output_dir))}, which holds {taken[0]}"
            )
        if not resume:
            for name in AT_THE_END:
                (path / name).unlink(missing_ok=True)
        yield path, read_state(path) if resume else None


@contextmanager
def alone(directory):
    """Keep others out of a directory; raise `ValueError` if one of them is using it.

    The lock is the operating system's, and ends with the process that holds it, however that ends.
    """
    try:
        lock = FileLock(Path(directory, LOCK)).acquire(timeout=0)
    except Timeout:
        raise ValueError(
            "output_dir must be a directory in which no other run is under way, "
            f"not {brief(str(directory))}"
        ) from None
    with lock:
        yield


def finish(directory, program, history):
    """Save what others can use of a run: a checkpoint, and a picture; warn if that fails."""
    try:
        program.save(str(directory / CHECKPOINT))
        picture = as_png(loss_figure, history.train_losses, history.validation_losses)
        if picture is not None:
            replace_file(directory / FIGURE, picture)
    except Exception as error:  # TensorFlow raises many kinds.
        reason = brief(" ".join(str(error).split()))
        warnings.warn(f"not all was saved ({reason}), but {RUN} is", stacklevel=2)


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
                shutil.move(directory / name, target / name)
    return target
