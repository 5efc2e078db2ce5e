"""`run.npz` is read as it was written, or refused; never as something else.

The oracle is what was written.
"""

import io
import json
import os
import zipfile
from dataclasses import asdict

import numpy as np
import pytest

from gru_addition.config import Config
from gru_addition.runs.state import RUN, State, read_state, write_state
from gru_addition.support.files import DamagedError
from gru_addition.train import train

TINY = Config(num_bits=3, batch_size=5, hidden_size=3, iterations=4, mini_batch_size=3,
              engine="session")  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The directory of a run that has ended well; do not change it."""
    directory = tmp_path_factory.mktemp("sound")
    train(TINY, directory)
    return directory


@pytest.fixture
def arrays(sound):
    """What the file of that run holds, arrays by name."""
    with np.load(sound / RUN) as arrays:
        return dict(arrays)


def assert_same_state(state, expected):
    assert (state.config, state.data_sha256) == (expected.config, expected.data_sha256)
    assert state.computed_by == expected.computed_by
    assert_same_arrays({"losses": state.losses}, {"losses": expected.losses})
    assert_same_arrays(state.batches, expected.batches)
    assert_same_arrays(state.variables, expected.variables)


def assert_same_arrays(arrays, expected):
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.quick
def test_a_state_is_read_as_it_was_written(tmp_path):
    random_state = np.random.RandomState(0)
    variables = {"a/b": random_state.normal(size=(2, 3)), "c": np.float32([1.5]), "d": np.array(2)}
    batches = {"order": np.arange(3), "position": np.array(5)}
    losses = random_state.uniform(size=(2, 7))
    state = State(Config(cell="lstm", iterations=9), losses, batches, "ab", "all of us", variables)

    write_state(tmp_path, state)

    assert_same_state(read_state(tmp_path), state)
    assert_same_state(read_state(tmp_path / RUN), state)
    assert os.listdir(tmp_path) == [RUN]


@pytest.mark.parametrize("flips", [1000, pytest.param(30_000, marks=pytest.mark.torture)])
def test_no_flipped_bit_is_read_as_something_else(flips, sound, tmp_path, luck, figure):
    content, expected = (sound / RUN).read_bytes(), read_state(sound)
    refused = []

    for bit in luck.sample(range(8 * len(content)), flips):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        (tmp_path / RUN).write_bytes(flipped)
        try:
            state = read_state(tmp_path)
        except DamagedError as error:
            refused.append(str(error))
        else:
            # Some bits mean nothing, such as those of the time at which an array was added.
            assert_same_state(state, expected)

    figure(
        f"{RUN}: of {flips:,} flipped bits {len(refused):,} are refused, the rest changes nothing"
    )
    assert len(refused) > 0.7 * flips
    assert all(line.startswith(f"{tmp_path / RUN} is damaged: ") for line in refused)
    assert not any("\n" in line for line in refused)


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def with_shape(*shape):
    """An archive with an array that claims that shape, and holds no numbers."""
    header = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode().ljust(117)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("losses.npy", b"\x93NUMPY\x01\x00\x76\x00" + header + b"\n")
    return content.getvalue()


def compressed():
    content = io.BytesIO()
    np.savez_compressed(content, losses=np.zeros(10**6))
    return content.getvalue()


class Malicious:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


FOREIGN = {
    "empty": b"",
    "text": b"not an archive" * 99,
    "an archive without arrays": npz(),
    "other arrays": npz(a=np.zeros(3)),
    "a pickle": npz(losses=np.array([Malicious()], dtype=object)),
    "more numbers than the file holds": with_shape(10**15),
    "fewer than none": with_shape(-4),
    "compressed": compressed(),
    "half": npz(losses=np.zeros(999))[:4000],
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=list(FOREIGN))
def test_a_file_that_was_never_ours_is_refused(content, tmp_path):
    (tmp_path / RUN).write_bytes(content)

    with pytest.raises(DamagedError, match=RUN):
        read_state(tmp_path)
    assert (tmp_path / RUN).read_bytes() == content


def settings(**changes):
    return json.dumps(asdict(TINY) | changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config", "[]"),
        ("config", "[" * 100_000),
        ("config", settings(output_dir="/etc")),
        ("config", settings(hidden_size=4097)),
        ("config", settings(iterations=3)),
        ("config", 5),
        ("data_sha256", None),
        ("losses", np.zeros((4, 2))),
        ("losses", np.full((2, 4), np.nan)),
        ("losses", None),
        ("order", [7]),
        ("position", None),
        ("more", 5),
        ("variables/Wr", np.zeros((2, 4))),
        ("variables/Wr", np.full((2, 3), np.inf)),
        ("variables/Wr/Adam", None),
        ("variables/Wx", 5),
    ],
)
def test_a_run_is_resumed_from_nothing_but_its_own_state(name, value, arrays, tmp_path):
    arrays.pop(name, None)
    content = npz(**arrays | ({} if value is None else {name: value}))
    (tmp_path / RUN).write_bytes(content)

    with pytest.raises(DamagedError):
        train(TINY, tmp_path, resume=True)
    assert (tmp_path / RUN).read_bytes() == content
