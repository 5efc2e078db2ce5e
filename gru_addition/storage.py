"""The files of a training run.

    config.json     the settings
    history.npz     train_losses and validation_losses, one float64 per iteration
    losses.png      the same, drawn
    weights.npz     the trained weights, by the tutorial's names

Each file takes the place of an older one only when it is complete.
"""

import json
import os
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gru_addition.checks import brief

DEFAULT_DIRECTORY = Path("runs/latest")


def prepare_directory(directory):
    """Make sure that files can be written in `directory`; make it if it does not exist.

    Raises `ValueError` if that is not possible.
    """
    try:
        if not os.fspath(directory):
            raise ValueError("it has no name")
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            "output_dir must be the name of a directory that can be written to, "
            f"not {brief(directory)}: {reason}"
        ) from None


def save_run(run, directory):
    """Write the files of a `Run` in `directory`, which exists."""
    from gru_addition.plotting import loss_figure

    directory = Path(directory)
    losses = {
        "train_losses": run.history.train_losses,
        "validation_losses": run.history.validation_losses,
    }
    with _replace(directory / "config.json") as file:
        file.write((json.dumps(asdict(run.config), indent=2) + "\n").encode())
    with _replace(directory / "history.npz") as file:
        np.savez(file, **losses)
    with _replace(directory / "losses.png") as file:
        loss_figure(**losses).savefig(file, format="png")
    with _replace(directory / "weights.npz") as file:
        np.savez(file, **run.weights)


def load_weights(directory):
    """Read the trained weights in `directory`: arrays by the tutorial's names.

    Raises `FileNotFoundError` if there are none and `ValueError` if the file is damaged.
    """
    path = Path(directory) / "weights.npz"
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; python -m gru_addition.train makes it"
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from None


@contextmanager
def _replace(path):
    """Open a new file that takes the place of `path` when the body has written it."""
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
