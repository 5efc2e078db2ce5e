"""The exported SavedModel is served by plain TensorFlow and gives the network's own output."""

import os
import re

import numpy as np
import numpy_gru
import pytest
from common import GOLDEN, contents, run_code, run_module

from gru_addition.engines.export import export

COMMAND = "python -m gru_addition export"
CHECKPOINT = GOLDEN / "tf-1.3.0" / "checkpoint" / "seed-0-2500"
WEIGHTS = numpy_gru.random_weights(6, np.random.RandomState(0))
# Each file of operands is given to the SavedModel of the same name, by two ways of serving it.
SERVE = """
import sys
from pathlib import Path
import keras
import numpy as np
import tensorflow as tf
for file in Path.cwd().glob("*.npz"):
    inputs = dict(np.load(file))
    directory, dtype = str(file.with_suffix("")), inputs["one"].dtype.name
    served = tf.saved_model.load(directory).signatures["serving_default"]
    layer = keras.layers.TFSMLayer(directory, call_endpoint="serving_default", dtype=dtype)
    for way, run in {"tensorflow": lambda x: served(x=tf.constant(x)), "keras": layer}.items():
        outputs = {name: np.asarray(run(x)["y"]) for name, x in inputs.items()}
        np.savez(file.with_suffix(f".{way}"), **outputs)
assert not any(name.partition(".")[0] == "gru_addition" for name in sys.modules)
"""


def test_tensorflow_and_keras_serve_what_the_numpy_model_computes(tmp_path):
    """Also under a name that is no plain word."""
    random_state = np.random.RandomState(0)
    shapes = {"one": (1, 1, 2), "batch": (7, 20, 2), "long": (2, 300, 2)}
    inputs = {name: random_state.randint(0, 2, size=shape) for name, shape in shapes.items()}
    types = {"double: ünï a*b]": "float64", "single": "float32"}
    for name, dtype in types.items():
        export({key: weight.astype(dtype) for key, weight in WEIGHTS.items()}, tmp_path / name)
        np.savez(tmp_path / f"{name}.npz", **{key: x.astype(dtype) for key, x in inputs.items()})

    run_code(SERVE, cwd=tmp_path)

    for name, dtype in types.items():
        for way in "tensorflow", "keras":
            outputs = np.load(tmp_path / f"{name}.{way}.npz")
            for key, x in inputs.items():
                assert outputs[key].dtype == dtype
                tolerance = {"float64": 1e-12, "float32": 1e-4}[dtype]
                y = numpy_gru.output(WEIGHTS, x)
                np.testing.assert_allclose(outputs[key], y, atol=tolerance)


@pytest.mark.posix
def test_those_who_may_write_are_those_of_the_umask(tmp_path):
    before = os.umask(0o002)
    try:
        export(WEIGHTS, tmp_path / "model")
    finally:
        os.umask(before)

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "model").rglob("*.*")}
    assert modes == {0o664}
    for path in tmp_path / "model", tmp_path / "model" / "variables":
        assert path.stat().st_mode & 0o777 == 0o775


def test_only_a_savedmodel_is_replaced_and_only_on_purpose(networks, ask, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").write_text("mine")
    right, checkpoint = f"--from={networks / 'right'}", f"--from={CHECKPOINT}"
    exported = f"The network of {networks / 'right'} is exported to new/model.\n"

    assert ask("export", "new/model", right) == (0, exported, "")
    before = contents(tmp_path / "new" / "model")
    for arguments in ["new/model"], ["other"], ["other", "--overwrite"], [".", "--overwrite"]:
        assert ask("export", *arguments, right) == (
            2,
            "",
            f"{COMMAND}: directory must be new, or with --overwrite a SavedModel, "
            f"not {arguments[0]!r}\n",
        )
    assert contents(tmp_path / "new" / "model") == before
    assert contents(tmp_path / "other") == {"precious": b"mine"}

    assert ask("export", "new/model", checkpoint, "--overwrite")[0] == 0
    assert contents(tmp_path / "new" / "model") != before
    assert {path.name for path in tmp_path.iterdir()} == {"new", "other"}


@pytest.mark.posix
def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_model(tmp_path):
    export(WEIGHTS, tmp_path / "model")
    before = contents(tmp_path / "model")

    process = run_module(
        "gru_addition", "export", "model", "--from", CHECKPOINT, "--overwrite", cwd=tmp_path,
        first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))",
    )  # fmt: skip

    assert process.returncode == 2
    assert re.fullmatch(rf"{COMMAND}: the network can't be exported to .*\n", process.stderr)
    assert contents(tmp_path / "model") == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
