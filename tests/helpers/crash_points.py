"""Save another checkpoint and stop at each of its file operations in turn.

    python crash_points.py DIRECTORY {kill,full} {next,older}

Python tells an audit hook about every file it is about to open, make, rename or remove. A child
process is killed at the first of these operations, or told that the disk is full; another child at
the second; and so on until one gets through. After each of them the last checkpoint must be whole,
the old one or the new one, and a resumed run must be able to save its next and to clear up.

With `next`, the run resumes from its last checkpoint, 2, and the new one is 3. With `older`, it
resumes from the one before, 1, and the new one is 2 again, with different content.

Prints the iterations found, in order, and how many times in a row.
"""

import errno
import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np

from gru_addition.config import Config
from gru_addition.runs import checkpoints, variables
from gru_addition.runs.checkpoints import SUFFIXES, Checkpoint
from gru_addition.runs.directory import open_run
from gru_addition.runs.history import History

CONFIG = Config(iterations=100, keep=2)
FILE_OPERATIONS = "open", "os.", "shutil.", "tempfile."


def save_files(saver, session, prefix):
    """Stand in for TensorFlow, which this process must not start, since it forks."""
    for suffix in variables.INDEX, variables.DATA:
        with open(f"{prefix}{suffix}", "wb") as file:
            file.write(os.urandom(100))


def save(run, iteration):
    history = History(CONFIG.iterations)
    history.extend(np.arange(iteration), np.arange(iteration) / 2)
    run.save(None, None, Checkpoint(CONFIG, history, {}, None, ""))


def save_and_stop_at(directory, operation, kind, resume):
    """In a child: save the next checkpoint, but stop at a file operation."""
    seen = itertools.count()

    def hook(event, arguments):
        if event.startswith(FILE_OPERATIONS) and next(seen) == operation:
            if kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_run(directory, resume) as run:
        sys.addaudithook(hook)
        try:
            save(run, len(run.resumed.history) + 1)
        except OSError as error:
            os._exit(2 if "No space left on device" in str(error) else 3)
    os._exit(0)


def iteration_after_stop(directory, operation, kind, resume):
    """Return the iteration of the last checkpoint, and whether the child got through."""
    with open_run(directory) as run:
        save(run, 1)
        save(run, 2)
    child = os.fork()
    if child == 0:
        try:
            save_and_stop_at(directory, operation, kind, resume)
        finally:
            os._exit(4)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL if kind == "kill" else 2), status

    found = len(checkpoints.load(directory).history)
    with open_run(directory, resume=True) as run:
        run.finish_save()
        assert latest(directory) == found
        save(run, 4)
    assert len(checkpoints.load(directory).history) == latest(directory) == 4
    expected = {f"model.ckpt-{kept}{suffix}" for kept in (found, 4) for suffix in SUFFIXES}
    left = {path.name for path in directory.iterdir()}
    assert left == expected | {"manifest.json", "checkpoint"}, left
    shutil.rmtree(directory)
    return found, status == 0


def latest(directory):
    """The iteration that TensorFlow considers the last."""
    first, *_ = (directory / "checkpoint").read_text().splitlines()
    return int(first.removeprefix('model_checkpoint_path: "model.ckpt-').removesuffix('"'))


def main():
    directory, kind, resume = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "next" or 1
    variables.save, variables.warn_of_pattern = save_files, lambda directory: None
    found = []
    for operation in itertools.count():
        iteration, is_through = iteration_after_stop(directory, operation, kind, resume)
        if is_through:
            break
        found.append(iteration)
    print(*(f"{key}:{len(list(group))}" for key, group in itertools.groupby(found)))


if __name__ == "__main__":
    main()
