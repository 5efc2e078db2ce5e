"""Checkpoints from any TensorFlow are found by any name that plainly means them.

The oracle is the weights that the saver was given.
"""

import shutil

import numpy as np
import pytest
from numpy_gru import random_weights

from gru_addition.commands.add import main as add
from gru_addition.runs.checkpoints import load_network
from gru_addition.runs.variables import UNNAMED
from gru_addition.support.files import DamagedError
from gru_addition.support.tensorflow1 import tf, without_log

WEIGHTS = random_weights(4, np.random.RandomState(0))
FORMATS = {
    "V2": {},
    "V2 sharded": {"sharded": True},
    "V1": {"write_version": tf.train.SaverDef.V1},
    "V1 sharded": {"write_version": tf.train.SaverDef.V1, "sharded": True},
}


def save(directory, names=UNNAMED, weights=WEIGHTS, **options):
    """Save weights as TensorFlow 1's saver does, on two devices; return the name it returns."""
    directory.mkdir()
    two_devices = tf.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), tf.Session(config=two_devices) as session, without_log():
        for i, (name, weight) in enumerate(weights.items()):
            with tf.device(f"/cpu:{i % 2}"):
                tf.get_variable(names.get(name, name), initializer=weight, use_resource=False)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver(**options).save(session, str(directory / "model.ckpt"), 7)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A function that returns a directory with a checkpoint in a format, and its name."""
    place = tmp_path_factory.mktemp("formats")
    names = {kind: save(place / kind, **options) for kind, options in FORMATS.items()}
    return lambda kind: (place / kind, names[kind])


def assert_read(path):
    weights, resolution = load_network(path)
    assert resolution is None
    assert weights.keys() == WEIGHTS.keys()
    for name, weight in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], weight)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_by_every_name(kind, saved):
    directory, name = saved(kind)
    files = [path for path in directory.iterdir() if path.name.startswith("model.ckpt-7")]
    assert len(files) == {"V2": 3, "V2 sharded": 4, "V1": 2, "V1 sharded": 3}[kind]

    for path in name, directory, directory / "checkpoint", directory / "model.ckpt-7", *files:
        assert_read(str(path))
        assert_read(path)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "state", ["/home/somebody/run/", r"C:\\Users\\Jos\303\251\\run\\", "..\\\\run\\\\", ""]
)
def test_a_directory_from_another_machine_is_read(kind, state, saved, tmp_path):
    directory, name = saved(kind)
    copy = shutil.copytree(directory, tmp_path / "copy")
    last = name.removeprefix(f"{directory}/")
    (copy / "checkpoint").write_text(f'model_checkpoint_path: "{state}{last}"\n', encoding="utf-8")

    assert_read(copy)


def test_a_name_that_is_nearly_right_gets_the_right_one(saved, tmp_path, capsys):
    copy = shutil.copytree(saved("V2")[0], tmp_path / "copy")
    (copy / "checkpoint").unlink()

    for wrong in copy, copy / "model.ckpt", copy / "model.ckpt-9.index":
        assert add(["1", "2", f"--from={wrong}"]) == 2
        assert capsys.readouterr().err == (
            f"python -m gru_addition.add: {wrong} is not a checkpoint; {copy}/model.ckpt-7 is one\n"
        )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "too short to be an sstable"),
        (b"not a checkpoint" * 99, "not an sstable"),
        ("cut", "not an sstable"),
        ("flipped", "Failed to find the saved tensor slices"),
    ],
)
def test_a_file_that_is_no_checkpoint_gets_one_line(content, reason, saved, tmp_path, capsys):
    good = (saved("V1")[0] / "model.ckpt-7").read_bytes()
    cases = {"cut": good[:-100], "flipped": good[:99] + bytes([good[99] ^ 1]) + good[100:]}
    (tmp_path / "model.h5").write_bytes(cases.get(content, content))

    assert add(["1", "2", f"--from={tmp_path / 'model.h5'}"]) == 2
    err = capsys.readouterr().err
    assert f"{tmp_path / 'model.h5'} is not a checkpoint, or damaged: " in err
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff", b'model_checkpoint_path: ""'])
def test_a_state_that_names_nothing_is_damaged(content, tmp_path):
    (tmp_path / "checkpoint").write_bytes(content)

    with pytest.raises(DamagedError, match="checkpoint is damaged: it names no checkpoint"):
        load_network(tmp_path)


def test_which_of_two_models_is_not_guessed(tmp_path):
    """A notebook cell that runs twice adds a second model to TensorFlow 1's graph."""
    twice = WEIGHTS | {f"{name}_1": weight for name, weight in WEIGHTS.items()}
    name = save(tmp_path / "twice", weights=twice)

    with pytest.raises(DamagedError, match=r"more than one model \(Ur and Ur_1\)"):
        load_network(name)


def test_another_model_is_told_by_its_variables(tmp_path):
    name = save(tmp_path / "scoped", {name: f"model/{name}" for name in WEIGHTS})

    with pytest.raises(DamagedError, match="no Ur or Uz or Uh, but 'model/Uh, model/Ur, mod"):
        load_network(name)


def test_a_program_may_have_many_other_variables(tmp_path):
    others = {f"other_{i}_{'x' * 400}": np.zeros(1) for i in range(300)}
    name = save(tmp_path / "big", weights=WEIGHTS | others)
    assert (tmp_path / "big" / "model.ckpt-7.index").stat().st_size > 100_000

    assert_read(name)
