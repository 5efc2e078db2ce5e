"""A network is found wherever it is stored: in a run, or in what a saver of TensorFlow 1 wrote.

The oracle is the weights that were saved.
"""

import json
import os
import shutil

import numpy as np
import pytest
from common import GOLDEN, VERSIONS
from numpy_gru import output, random_weights

from gru_addition.add import Adder
from gru_addition.cells.weights import UNNAMED, load_network
from gru_addition.runs.directory import RUN, move_aside
from gru_addition.support import tf
from gru_addition.support.files import DamagedError
from gru_addition.support.process import without_log
from gru_addition.train import Config, Run, train

WEIGHTS = random_weights(4, np.random.RandomState(0))


def save(directory, weights=WEIGHTS):
    """Save weights as TensorFlow 1's saver does; return the name it returns."""
    with tf.Graph().as_default(), tf.Session() as session, without_log():
        for name, weight in weights.items():
            tf.get_variable(UNNAMED.get(name, name), initializer=weight, use_resource=False)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver().save(session, str(directory / "model.ckpt"), 7)


def assert_read(path, expected=WEIGHTS, resolution=None):
    weights, found = load_network(path)
    assert found == resolution
    assert weights.keys() == expected.keys()
    for name, weight in expected.items():
        np.testing.assert_array_equal(weights[name], weight)


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory):
    """The directory of a run; do not change it."""
    directory = tmp_path_factory.mktemp("run")
    train(Config(iterations=3, hidden_size=3, engine="session", resolution=5), directory)
    return directory


def test_a_run_is_read_by_its_directory_its_file_or_its_checkpoint(run_directory):
    run = Run.restore(run_directory)

    # A checkpoint does not say the resolution, but the run beside it does.
    for name in ".", RUN, "model.ckpt":
        assert_read(run_directory / name, run.weights, resolution=5)
        assert_read(os.path.relpath(run_directory / name), run.weights, resolution=5)
    assert load_network(run_directory, resolution=2)[1] == 2
    x = np.random.RandomState(0).randint(0, 2, size=(2, 9, 2))
    np.testing.assert_array_equal(Adder.restore(run_directory).predict(x), run.adder.predict(x))
    np.testing.assert_allclose(run.adder.predict(x), output(run.weights, x, resolution=5))


def test_a_run_that_has_ended_can_be_taken_over_by_tensorflow_1(run_directory):
    """`test_golden` compares the names of its variables."""
    run = Run.restore(run_directory)

    with tf.Graph().as_default(), tf.Session() as session:
        restored = {
            name: tf.get_variable(UNNAMED.get(name, name), weight.shape, tf.float64)
            for name, weight in run.weights.items()
        }
        tf.train.Saver().restore(session, str(run_directory / "model.ckpt"))
        restored = session.run(restored)

    for name, weight in run.weights.items():
        np.testing.assert_array_equal(restored[name], weight)


def test_a_run_that_was_moved_keeps_its_checkpoint(run_directory, tmp_path):
    """TensorFlow notes the checkpoint's name in a file, which could lead to where it once was."""
    latest = shutil.copytree(run_directory, tmp_path / "latest")

    moved = move_aside(latest)

    assert tf.train.latest_checkpoint(str(moved)) == str(moved / "model.ckpt")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_checkpoint_of_tensorflow_1_is_read_by_its_name_or_its_directory(version, tmp_path):
    """It holds Adam's numbers too; the graph beside it is not needed."""
    prefix = str(tmp_path / "seed-0-2500")
    for path in GOLDEN.glob(f"{version}/checkpoint/*[!a]"):
        shutil.copy(path, tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "seed-0-2500"\n')

    weights, resolution = load_network(prefix)

    assert resolution is None
    for name, weight in weights.items():
        stored = tf.train.load_variable(prefix, UNNAMED.get(name, name))
        np.testing.assert_array_equal(weight, stored)
    assert_read(tmp_path, weights)
    assert Adder.from_weights(weights).add(1024, 16) == 1040


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        # A notebook cell that runs twice adds a second model to TensorFlow 1's graph.
        (WEIGHTS | {f"{name}_1": weight for name, weight in WEIGHTS.items()}, "Uz_1"),
        ({f"model/{name}": weight for name, weight in WEIGHTS.items()}, "model/Uz"),
        (WEIGHTS | {"Uz": np.zeros((4, 5))}, r"Uz must be .* \(4, 4\)"),
        (WEIGHTS | {"Uz": np.full((4, 4), np.nan)}, "Uz must be .* finite"),
    ],
    ids=["two models", "scoped", "another shape", "not finite"],
)
def test_what_is_not_just_one_network_is_refused(weights, message, tmp_path):
    """`test_other_networks` has the cells that resemble one of ours."""
    with pytest.raises(DamagedError, match=f"holds another model: .*{message}"):
        load_network(save(tmp_path, weights=weights))


@pytest.mark.parametrize("name", ["missing", "model.ckpt", "empty", "notes.npz"])
def test_a_name_that_means_nothing_is_refused(name, tmp_path):
    save(tmp_path)
    (tmp_path / "empty").mkdir()

    with pytest.raises(FileNotFoundError, match=r"no run.* train makes (a run|one)"):
        load_network(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint" * 99])
def test_a_damaged_checkpoint_is_refused(content, tmp_path):
    name = save(tmp_path)
    for file in f"{name}.data-00000-of-00001", f"{name}.index":
        with open(file, "wb") as damaged:
            damaged.write(content)
        with pytest.raises(DamagedError, match="is damaged"):
            load_network(name)


def test_a_network_of_the_laboratory_is_read_or_refused_with_the_reason(tmp_path):
    content = {"cell": "gru", "resolution": 3, "weights": {}}
    content["weights"] = {name: weight.tolist() for name, weight in WEIGHTS.items()}
    path = tmp_path / "network.json"
    path.write_text(json.dumps(content))

    assert_read(path, resolution=3)
    for change in (
        {"weights": content["weights"] | {"Uz": [[1.0]]}},
        {"weights": content["weights"] | {"bz": ["x"] * 4}},
        {"weights": content["weights"] | {"b_output": [float("nan")]}},
        {"weights": content["weights"] | {"more": [1.0]}},
        {"weights": None},
        {"resolution": 0},
    ):
        path.write_text(json.dumps(content | change))
        with pytest.raises(DamagedError, match=r"network\.json holds no network: "):
            load_network(path)
    for text in "", "[]", "[" * 100_000, json.dumps({"weights": content["weights"]}):
        path.write_text(text)
        with pytest.raises(DamagedError, match=r"network\.json holds no network: "):
            load_network(path)
