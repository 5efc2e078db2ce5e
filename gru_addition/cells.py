"""Other cells than the GRU, for the same model: what do the gates buy?

AdditionModel(cell=LSTM)
"""

from gru_addition.config import STATES_PER_UNIT
from gru_addition.model import GRU, Cell
from gru_addition.support.tensorflow1 import tf


class Elman(Cell):
    """A recurrent network without gates (Elman 1990, Finding Structure in Time), with tanh.

        h_t = tanh(x_t Wh + h_{t-1} Uh + bh)

    Wh, Uh, bh: variables of shape (input_dimensions, hidden_size), (hidden_size, hidden_size) and
    (hidden_size,). The rest is as for `Cell`.
    """

    OP_SEEDS = {"Wh": 3, "Uh": 12, "bh": 21}  # noqa: RUF012

    def _add_weights(self, weight):
        self.Wh, self.Uh, self.bh = weight("Wh"), weight("Uh"), weight("bh")

    def forward_pass(self, h_tm1, x_t):
        """One step; see `Cell.forward_pass`."""
        return tf.tanh(tf.matmul(x_t, self.Wh) + tf.matmul(h_tm1, self.Uh) + self.bh)

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        return tf.tanh(tf.matmul(x_1, self.Wh) + self.bh)


class LSTM(Cell):
    """A long short-term memory with a forget gate (Gers, Schmidhuber and Cummins 2000).

        i_t, f_t, o_t = sigmoid(x_t W + h_{t-1} U + b)                   with weights of their own
        c_t = f_t * c_{t-1} + i_t * tanh(x_t Wc + h_{t-1} Uc + bc)
        h_t = o_t * tanh(c_t)

    Its state is h_t and behind it c_t, (batch, 2 hidden_size). The output layer reads h_t.

    Wi, Wf, Wo, Wc, Ui, Uf, Uo, Uc, bi, bf, bo, bc: variables of the shapes of those of a `GRU`. The
    rest is as for `Cell`.
    """

    OP_SEEDS = {  # noqa: RUF012
        "Wi": 3, "Wf": 12, "Wo": 21, "Wc": 30, "Ui": 39, "Uf": 48, "Uo": 57, "Uc": 66,
        "bi": 75, "bf": 84, "bo": 93, "bc": 102,
    }  # fmt: skip
    STATES_PER_UNIT = STATES_PER_UNIT["lstm"]

    def _add_weights(self, weight):
        self.Wi, self.Wf, self.Wo, self.Wc = map(weight, ("Wi", "Wf", "Wo", "Wc"))
        self.Ui, self.Uf, self.Uo, self.Uc = map(weight, ("Ui", "Uf", "Uo", "Uc"))
        self.bi, self.bf, self.bo, self.bc = map(weight, ("bi", "bf", "bo", "bc"))

    def read(self, state):
        """The part h_t of a state."""
        return state[..., : self.hidden_size]

    def forward_pass(self, h_tm1, x_t):
        """One step; h_tm1 holds h_{t-1} and c_{t-1}. See `Cell.forward_pass`."""
        h, c = tf.split(h_tm1, 2, axis=-1)
        # What to write to the cell, what to keep in it, and what to show of it.
        i_t = tf.sigmoid(tf.matmul(x_t, self.Wi) + tf.matmul(h, self.Ui) + self.bi)
        f_t = tf.sigmoid(tf.matmul(x_t, self.Wf) + tf.matmul(h, self.Uf) + self.bf)
        o_t = tf.sigmoid(tf.matmul(x_t, self.Wo) + tf.matmul(h, self.Uo) + self.bo)
        proposal = tf.tanh(tf.matmul(x_t, self.Wc) + tf.matmul(h, self.Uc) + self.bc)
        c_t = tf.multiply(f_t, c) + tf.multiply(i_t, proposal)
        return tf.concat([tf.multiply(o_t, tf.tanh(c_t)), c_t], axis=-1)

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        i_1 = tf.sigmoid(tf.matmul(x_1, self.Wi) + self.bi)
        o_1 = tf.sigmoid(tf.matmul(x_1, self.Wo) + self.bo)
        c_1 = tf.multiply(i_1, tf.tanh(tf.matmul(x_1, self.Wc) + self.bc))
        return tf.concat([tf.multiply(o_1, tf.tanh(c_1)), c_1], axis=-1)


# By the names that `Config.cell` takes.
CELLS = {"gru": GRU, "elman": Elman, "lstm": LSTM}
