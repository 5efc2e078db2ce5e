"""A new cell touches two places in Python: the table of the cells, and that of the checker."""

import numpy as np
import numpy_gru
import pytest

from gru_addition import verify as checker
from gru_addition.add import Adder
from gru_addition.cells.kind import Kind, sigmoid, tanh
from gru_addition.cells.weights import CELLS
from gru_addition.model import Cell
from gru_addition.prove import prove
from gru_addition.support import tf
from gru_addition.train import Config, Run, train
from gru_addition.verify import Equations, RefusedError, verify


class MinimalUnit(Cell):
    """A unit whose only gate does the work of both (Zhou et al. 2016, arXiv:1603.09420).

    f_t = sigmoid(x_t Wf + h_{t-1} Uf + bf)
    h_t = (1 - f_t) * h_{t-1} + f_t * tanh(x_t Wh + (f_t * h_{t-1}) Uh + bh)
    """

    OP_SEEDS = {"Wf": 3, "Wh": 12, "Uf": 21, "Uh": 30, "bf": 39, "bh": 48}  # noqa: RUF012

    def _add_weights(self, weight):
        for name in self.OP_SEEDS:
            setattr(self, name, weight(name))

    def forward_pass(self, h_tm1, x_t):
        f_t = tf.sigmoid(tf.matmul(x_t, self.Wf) + tf.matmul(h_tm1, self.Uf) + self.bf)
        kept = tf.matmul(tf.multiply(f_t, h_tm1), self.Uh)
        h_proposal = tf.tanh(tf.matmul(x_t, self.Wh) + kept + self.bh)
        return tf.multiply(1 - f_t, h_tm1) + tf.multiply(f_t, h_proposal)


def step(h, x, w):
    f = sigmoid(h @ w["Uf"] + x["f"])
    return h + f * (tanh((f * h) @ w["Uh"] + x["h"]) - h)


def checkers_step(h, x, w):
    f = (h @ w["Uf"] + x["f"]).sigmoid()
    return h + f * (((f * h) @ w["Uh"] + x["h"]).tanh() - h)


@pytest.fixture(autouse=True)
def registered():
    CELLS["minimal"] = Kind(MinimalUnit, step)
    checker.CELLS["minimal"] = Equations("fh", checkers_step)
    yield
    del CELLS["minimal"], checker.CELLS["minimal"]


@pytest.mark.parametrize("engine", ["compiled", "session"])
def test_it_is_trained_saved_and_asked(engine, tmp_path):
    config = Config(
        cell="minimal", hidden_size=4, iterations=20, engine=engine,
        state_noise=0.1, jacobian_penalty=0.01, resolution=5,
    )  # fmt: skip
    run = train(config, tmp_path)

    assert run.history.train_losses[-1] < run.history.train_losses[0]
    x = np.random.RandomState(0).randint(0, 2, (10, 7, 2)).astype(float)
    restored = Run.restore(tmp_path)
    np.testing.assert_array_equal(restored.adder.predict(x), run.adder.predict(x))
    assert prove(restored.weights).verdict == "refuted"


@pytest.mark.parametrize("resolution", [None, 1])
def test_it_is_proved_right_and_a_forged_certificate_is_refused(resolution):
    weights = numpy_gru.perfect_weights()
    weights = {name.replace("z", "f"): w for name, w in weights.items() if name[-1] != "r"}
    assert Adder.from_weights(weights, resolution).add(2**70 - 1, 1) == 2**70

    proof = prove(weights, resolution)

    assert (proof.verdict, proof.tried) == ("proved", ())
    verify(proof.certificate, weights, resolution)
    # With the gate shut, the network never moves.
    shut = weights | {"bf": -weights["bf"]}
    with pytest.raises(RefusedError, match="for other weights: bf"):
        verify(proof.certificate, shut, resolution)
    with pytest.raises(RefusedError, match="the step from"):
        verify(proof.certificate | shut, shut, resolution)
