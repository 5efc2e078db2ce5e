"""A network that is not quite one of ours is refused, never read as one that it resembles."""

import numpy as np
import numpy_gru
import pytest

from gru_addition.add import Adder
from gru_addition.cells.network import Network
from gru_addition.prove import prove
from gru_addition.support import tf
from gru_addition.support.files import DamagedError
from gru_addition.verify import RefusedError, verify

HIDDEN = 3
SHAPES = {"W": (2, HIDDEN), "U": (HIDDEN, HIDDEN), "b": (HIDDEN,)}
OUTPUT = {"Variable": np.ones((HIDDEN, 1)), "Variable_1": np.zeros(1)}


def gates(letters):
    return {kind + letter: np.zeros(SHAPES[kind]) for kind in "WUb" for letter in letters}


OTHERS = {
    "a minimal gated unit": (gates("zh"), "gru without Ur, Wr, br"),
    "a GRU without an update gate": (gates("rh"), "gru without Uz, Wz, bz"),
    "a GRU with layer norm": (
        gates("rzh") | {"gamma": np.ones(HIDDEN), "beta": np.zeros(HIDDEN)}, "gru with beta, gamma"
    ),
    "an LSTM with peepholes": (gates("ifoc") | {"Pi": np.zeros(HIDDEN)}, "lstm with Pi"),
    "an Elman network with a scale": (gates("h") | {"scale": np.ones(())}, "elman with scale"),
}  # fmt: skip
OF_TRAINING = {
    "Wh/Adam": np.zeros(SHAPES["W"]), "Wh/Adam_1": np.zeros(SHAPES["W"]),
    "Wh/ExponentialMovingAverage": np.zeros(SHAPES["W"]), "beta1_power": np.float32(0.9),
    "train/beta2_power_1": np.float32(0.9), "global_step": np.int64(7),
}  # fmt: skip


def saved(variables, directory):
    """Save variables by these names, as a program of TensorFlow 1 would."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = [tf.Variable(value, name=name) for name, value in variables.items()]
        session.run(tf.global_variables_initializer())
        return tf.train.Saver(made).save(session, f"{directory}/model")


@pytest.mark.quick
@pytest.mark.parametrize("name", OTHERS)
def test_a_checkpoint_of_another_cell_is_refused_by_its_variables(name, tmp_path):
    variables, difference = OTHERS[name]

    with pytest.raises(DamagedError, match=f"model holds another model: .*, not of {difference}$"):
        Adder.restore(saved(variables | OUTPUT, tmp_path))


@pytest.mark.quick
def test_what_training_keeps_beside_the_weights_is_no_weight(tmp_path):
    path = saved(gates("h") | OUTPUT | OF_TRAINING, tmp_path)

    assert Adder.restore(path).add(0, 0) == 0


@pytest.mark.quick
@pytest.mark.parametrize("extra", ["Uz", "gamma"])
def test_weights_that_the_cell_does_not_use_are_refused_wherever_they_are_given(extra):
    weights = numpy_gru.perfect_weights()
    certificate = prove(weights, 1).certificate
    weights = {name: weight for name, weight in weights.items() if name[-1] not in "rz"}
    weights[extra] = np.zeros((len(weights["Uh"]),) * 2)

    for read in (Network, Adder.from_weights, prove):
        with pytest.raises(ValueError, match=f"weights must .*{extra}"):
            read(weights)
    with pytest.raises(RefusedError, match="the network is no gru, lstm, elman"):
        verify(certificate, weights, 1)
