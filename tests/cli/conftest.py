"""What the tests of the commands share: a call in this process, and small networks."""

import io
import sys

import numpy as np
import numpy_gru
import pytest

from gru_addition import cli
from gru_addition.train import Config, train


@pytest.fixture
def ask(monkeypatch, capfd, tmp_path):
    """A function of a command line that runs it in `tmp_path`; returns status, output and errors.

    stdin: the content of standard input, bytes.
    """
    monkeypatch.chdir(tmp_path)

    def run(*argv, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            status = cli.run([str(word) for word in argv])
        except SystemExit as exit_:  # --help prints help, and that is the end.
            status = exit_.code
        return status, *capfd.readouterr()

    return run


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """A directory of runs of known networks; do not change them.

    `right` adds correctly; `forgetful` drops every carry, so its sums are a ^ b; `drifting` and
    `creeping` add correctly until a has held zeros for some hundred, or hundred thousand, columns;
    `tiny` has learnt nothing.
    """
    forgetful = numpy_gru.perfect_weights()
    forgetful["Uh"][:] = 0
    weights_of = {
        "right": numpy_gru.perfect_weights(),
        "forgetful": forgetful,
        "drifting": numpy_gru.planted(100),
        "creeping": numpy_gru.planted(100_000),
        "tiny": numpy_gru.random_weights(3, np.random.RandomState(0)),
    }
    place = tmp_path_factory.mktemp("networks")
    for name, weights in weights_of.items():
        # One iteration at this rate changes nothing that matters.
        config = Config(
            num_bits=2, batch_size=1, hidden_size=len(weights["Uh"]), iterations=1,
            engine="session", learning_rate=1e-9,
        )  # fmt: skip
        train(config, place / name, initial_weights=weights)
    return place
