"""The exported SavedModel is served by plain TensorFlow and gives the network's own output."""

import os
import re
import signal

import numpy as np
import numpy_gru
import pytest
from common import GOLDEN, contents, run_code, run_module

from gru_addition import export as export_module
from gru_addition.commands.export import main
from gru_addition.export import export

COMMAND = "python -m gru_addition.export"
WEIGHTS = numpy_gru.random_weights(6, np.random.RandomState(0))
SERVE = """
import sys
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
with np.load(sys.argv[2]) as inputs:
    outputs = {name: served(x=tf.constant(x))["y"].numpy() for name, x in inputs.items()}
np.savez(sys.argv[3], **outputs)
assert not any(name.partition(".")[0] == "gru_addition" for name in sys.modules)
"""


def serve(directory, inputs, tmp_path):
    """Return the outputs, by name, for arrays x, from a process that does not know this package."""
    np.savez(tmp_path / "inputs.npz", **inputs)
    files = tmp_path / "inputs.npz", tmp_path / "outputs.npz"
    assert run_code(SERVE, directory, *files, cwd=tmp_path) == ""
    with np.load(tmp_path / "outputs.npz") as outputs:
        return dict(outputs)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_plain_tensorflow_serves_what_the_numpy_model_computes(dtype, tmp_path):
    export({name: weight.astype(dtype) for name, weight in WEIGHTS.items()}, tmp_path / "model")
    random_state = np.random.RandomState(0)
    shapes = {"one": (1, 1, 2), "batch": (7, 20, 2), "long": (2, 300, 2)}
    inputs = {
        name: random_state.randint(0, 2, size=shape).astype(dtype) for name, shape in shapes.items()
    }

    outputs = serve(tmp_path / "model", inputs, tmp_path)

    for name, x in inputs.items():
        assert outputs[name].dtype == dtype
        tolerance = {"float64": 1e-12, "float32": 1e-4}[dtype]
        np.testing.assert_allclose(outputs[name], numpy_gru.output(WEIGHTS, x), atol=tolerance)


def test_the_command_exports_the_last_run(default_command, tmp_path):
    _, directory = default_command

    process = run_module("gru_addition.export", tmp_path / "model", cwd=directory)

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == f"The network of runs/latest is exported to {tmp_path / 'model'}.\n"
    # 1 + 3, least significant bit first.
    x = np.array([[[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]])
    y = serve(tmp_path / "model", {"x": x}, tmp_path)["x"]
    assert (y[0, :, 0] > 0.5).tolist() == [False, False, True]


def test_a_checkpoint_of_tensorflow_1_can_be_exported(tmp_path, capsys):
    checkpoint = GOLDEN / "tf-1.3.0" / "checkpoint" / "seed-0-2500"

    assert main([str(tmp_path / "new" / "model"), f"--from={checkpoint}"]) == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "new" / "model" / "saved_model.pb").exists()


def test_only_a_savedmodel_is_replaced_and_only_on_purpose(tmp_path, capsys):
    target, other = tmp_path / "model", tmp_path / "other"
    export(WEIGHTS, target)
    before = contents(target)
    other.mkdir()
    (other / "precious").write_text("mine")

    with pytest.raises(ValueError, match="directory must be new, or with overwrite a SavedModel"):
        export(WEIGHTS, target)
    assert main([str(target)]) == 2
    assert contents(target) == before
    for arguments in [str(other)], [str(other), "--overwrite"], [str(tmp_path), "--overwrite"]:
        assert main(arguments) == 2
    assert contents(other) == {"precious": b"mine"}
    assert capsys.readouterr().err.count("\n") == 4

    checkpoint = GOLDEN / "tf-1.3.0" / "checkpoint" / "seed-0-2500"
    assert main([str(target), f"--from={checkpoint}", "--overwrite"]) == 0
    assert contents(target) != before
    assert {path.name for path in tmp_path.iterdir()} == {"model", "other"}


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "model"
    export(WEIGHTS, target)
    before = contents(target)
    replace, moves = os.replace, []

    def fail_at_the_second(source, destination):
        moves.append(source)
        if len(moves) == 2:
            raise OSError(28, "No space left on device")
        replace(source, destination)

    monkeypatch.setattr(os, "replace", fail_at_the_second)
    with pytest.raises(OSError, match=r"can't be exported to .*model: No space left on device"):
        export(WEIGHTS, target, overwrite=True)

    assert contents(target) == before
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_if_it_cannot_be_put_in_place_the_reason_is_given(tmp_path, monkeypatch):
    def fail(source, destination):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match=r"can't be exported to .*model: No space left on device"):
        export(WEIGHTS, tmp_path / "model")


@pytest.mark.parametrize("name", ["[x]/model", "[x]", "a\\b"])
def test_a_name_under_which_tensorflow_finds_nothing_is_refused(name, tmp_path):
    """It reads the name as a pattern, and the SavedModel would load nowhere."""
    reason = r"it reads \[ and \\ in a name as patterns, and does not find what is there"

    with pytest.raises(OSError, match=rf"exported to .*: TensorFlow can't load it .*: {reason}"):
        export(WEIGHTS, tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_of_a_relative_name_only_that_counts(tmp_path, monkeypatch):
    (tmp_path / "[x]").mkdir()
    monkeypatch.chdir(tmp_path / "[x]")

    export(WEIGHTS, "model")

    assert [path.name for path in (tmp_path / "[x]").iterdir()] == ["model"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_keras_3_runs_it_as_a_layer_of_its_type(dtype, tmp_path):
    weights = {name: weight.astype(dtype) for name, weight in WEIGHTS.items()}
    export(weights, tmp_path / "model")
    x = np.random.RandomState(0).randint(0, 2, size=(2, 7, 2)).astype(dtype)
    code = (
        "import sys, keras, numpy as np\n"
        "directory, dtype = sys.argv[1:]\n"
        "layer = keras.layers.TFSMLayer(\n"
        "    directory + '/model', call_endpoint='serving_default', dtype=dtype\n"
        ")\n"
        "np.save(directory + '/y.npy', layer(np.load(directory + '/x.npy'))['y'])"
    )
    np.save(tmp_path / "x.npy", x)

    run_code(code, tmp_path, dtype)

    y = np.load(tmp_path / "y.npy")
    tolerance = {"float64": 1e-12, "float32": 1e-5}[dtype]
    assert y.dtype == dtype
    np.testing.assert_allclose(y, numpy_gru.output(WEIGHTS, x), atol=tolerance)


@pytest.mark.parametrize("name", ["a b", "ünï", "a*b", "x]"])
def test_under_odd_names_that_it_can_read_it_is_loaded(name, tmp_path):
    export(WEIGHTS, tmp_path / name)

    x = np.random.RandomState(0).randint(0, 2, size=(2, 7, 2)).astype(float)
    y = serve(tmp_path / name, {"x": x}, tmp_path)["x"]
    np.testing.assert_allclose(y, numpy_gru.output(WEIGHTS, x), atol=1e-12)


def test_what_is_loaded_and_computes_something_else_is_not_called_exported(tmp_path, monkeypatch):
    monkeypatch.setattr(export_module.Network, "output", lambda network, h: h[..., 0] + 1)

    with pytest.raises(OSError, match=r"exported to .*: what TensorFlow loads .* is off by "):
        export(WEIGHTS, tmp_path / "model")

    assert list(tmp_path.iterdir()) == []


def test_unfit_weights_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"^Uz must be an array") as raised:
        export(WEIGHTS | {"Uz": np.zeros((6, 5))}, tmp_path / "model")
    assert not isinstance(raised.value, OSError)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_between_the_two_moves_waits_for_the_second(tmp_path, monkeypatch):
    target = tmp_path / "model"
    export(WEIGHTS, target)
    replace = os.replace

    def interrupted_replace(source, destination):
        replace(source, destination)
        if source == target:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "replace", interrupted_replace)
    with pytest.raises(KeyboardInterrupt):
        export(WEIGHTS, target, overwrite=True)

    assert (target / "saved_model.pb").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


@pytest.mark.posix
def test_a_full_disk_is_told_in_one_line(tmp_path):
    checkpoint = GOLDEN / "tf-1.3.0" / "checkpoint" / "seed-0-2500"
    process = run_module(
        "gru_addition.export", "model", "--from", checkpoint, cwd=tmp_path,
        first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))",
    )  # fmt: skip

    assert process.returncode == 2
    assert re.fullmatch(rf"{COMMAND}: the network can't be exported to .*\n", process.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "b"], "unrecognized arguments: 'b'"),
        (["--from", "nowhere"], "'nowhere' holds no run"),
        ([""], "directory must be new"),
        (["a\0b"], "directory must be new"),
        (["/dev/null/model"], "directory must be new"),
        (["x" * 300], "directory must be new"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    status = main(arguments)
    out, err = capsys.readouterr()

    assert (status, out) == (2, "")
    assert err.startswith(f"{COMMAND}: {message}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
