"""All that a run needs to resume, in one file, `run.npz`.

| array | what it holds |
|---|---|
| `config` | the settings, as JSON |
| `losses` | of all iterations so far, training and validation, (2, iterations) |
| `mersenne_twister`, `position`, `order` | the random stream, and what is left of the epoch |
| `data_sha256` | the digest of the caller's own data; empty if the data were drawn |
| `computed_by` | what the last digits depend on: TensorFlow's version, the engine, XLA's flags |
| `variables/...` | each variable by TensorFlow's name, Adam's included |
"""

import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gru_addition.config import Config
from gru_addition.support.checks import brief, real_array
from gru_addition.support.files import DamagedError, as_npz, read_arrays, replace_file

RUN = "run.npz"
VARIABLES = "variables/"


@dataclass(frozen=True, eq=False)
class State:
    """The state of a run after some iterations; see above.

    batches: that of `gru_addition.runs.batches.Batches`, arrays by name.
    """

    config: Config
    losses: np.ndarray = field(repr=False)
    batches: dict = field(repr=False)
    data_sha256: str
    computed_by: str
    variables: dict = field(repr=False)


def _file_of(path):
    path = os.fspath(path)
    return path if path.endswith(".npz") else os.path.join(path, RUN)


def is_run(path):
    """Whether a path is that of a run: a directory with a `run.npz`, or such a file.

    A file of arrays is none without `config`; if it is damaged, it counts as one.
    """
    file = _file_of(path)
    if not os.path.isfile(file) or file != os.fspath(path):
        return os.path.isfile(file)
    try:
        with zipfile.ZipFile(file) as archive:
            return "config.npy" in archive.namelist()
    except Exception:  # There are many kinds.
        return True


def write_state(directory, state):
    """Write a `State` to the directory of its run, at once; raise `OSError` if that fails."""
    arrays = {
        "config": json.dumps(asdict(state.config)),
        "data_sha256": state.data_sha256,
        "computed_by": state.computed_by,
        "losses": state.losses,
        **state.batches,
        **{f"{VARIABLES}{name}": value for name, value in state.variables.items()},
    }
    replace_file(Path(directory, RUN), as_npz(arrays))


def read_state(path):
    """Return the `State` in a directory, or in a file.

    Raises `FileNotFoundError` if there is none, and `DamagedError` for one that was never ours.
    """
    if not is_run(path):
        raise FileNotFoundError(
            f"{brief(str(path))} holds no run; python -m gru_addition train makes one"
        )
    path = _file_of(path)
    arrays = read_arrays(path)
    variables = {
        name.removeprefix(VARIABLES): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(VARIABLES)
    }
    try:
        words = {name: str(arrays.pop(name)) for name in ("config", "data_sha256", "computed_by")}
        config = Config(**json.loads(words.pop("config")))
        losses = arrays.pop("losses")
        real_array("losses", losses, 2, losses.shape[-1])
        if losses.shape[1] > config.iterations:
            raise ValueError("it holds more losses than iterations")
        for name, variable in variables.items():
            real_array(name, variable, *variable.shape)
        # What is left is the state of the random stream, which checks itself.
        return State(config, losses, arrays, **words, variables=variables)
    except KeyError as error:
        raise DamagedError(f"{path} is damaged: it lacks {error}") from None
    except (IndexError, RecursionError, TypeError, ValueError) as error:
        raise DamagedError(f"{path} is damaged: {brief(str(error))}") from None
