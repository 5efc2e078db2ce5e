"""The files of a training run.

    config.json     the settings
    history.npz     train_losses and validation_losses, one float64 per iteration
    losses.png      the same, drawn
    weights.npz     the trained weights, by the tutorial's names

They take the places of older ones only when all of them have been written.
"""

import io
import json
import os
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gru_addition.checks import brief

DEFAULT_DIRECTORY = Path("runs/latest")
FILES = "config.json", "history.npz", "losses.png", "weights.npz"


def prepare_directory(directory):
    """Make sure that a run can be saved in `directory`, make it if needed; return its full path.

    Raises `ValueError` if that is not possible.
    """
    try:
        if not os.fspath(directory):
            raise ValueError("it has no name")
        path = Path(directory).absolute()
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
        for name in FILES:
            if (path / name).is_dir():
                raise ValueError(f"{name} in it is a directory")
    except (OSError, TypeError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            "output_dir must be the name of a directory that can be written to, "
            f"not {brief(directory)}: {reason}"
        ) from None
    return path


def save_run(run, directory):
    """Write the files of a `Run` in `directory`, which exists; raise `OSError` if that fails."""
    from gru_addition.plotting import loss_figure

    losses = {
        "train_losses": run.history.train_losses,
        "validation_losses": run.history.validation_losses,
    }
    settings = json.dumps(asdict(run.config), indent=2) + "\n"
    contents = {
        "config.json": settings.encode(),
        "history.npz": _in_memory(np.savez, **losses),
        "losses.png": _in_memory(loss_figure(**losses).savefig, format="png"),
        "weights.npz": _in_memory(np.savez, **run.weights),
    }
    try:
        with tempfile.TemporaryDirectory(prefix="saving-", dir=directory) as new:
            for name in FILES:
                (Path(new) / name).write_bytes(contents[name])
            for name in FILES:
                os.replace(Path(new) / name, Path(directory) / name)
    except OSError as error:
        raise OSError(f"the run can't be saved in {directory}: {error.strerror or error}") from None


def _in_memory(save, **arguments):
    """Return what `save(file, **arguments)` writes."""
    file = io.BytesIO()
    save(file, **arguments)
    return file.getvalue()


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
    except (ValueError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
