"""A long short-term memory with a forget gate (Gers, Schmidhuber and Cummins 2000)."""

from gru_addition.cells.kind import Kind, join, sigmoid, tanh
from gru_addition.model import Cell
from gru_addition.support import tf


class LSTM(Cell):
    """A layer of units with a memory cell each.

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
    STATES_PER_UNIT = 2

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
        candidate = tf.tanh(tf.matmul(x_t, self.Wc) + tf.matmul(h, self.Uc) + self.bc)
        c_t = tf.multiply(f_t, c) + tf.multiply(i_t, candidate)
        return tf.concat([tf.multiply(o_t, tf.tanh(c_t)), c_t], axis=-1)


def step(state, x, w):
    """The state that follows: h, and behind it c; see `Kind`."""
    hidden = len(w["Uc"])
    h, c = state[..., :hidden], state[..., hidden:]
    i, f, o = (sigmoid(h @ w["U" + gate] + x[gate]) for gate in "ifo")
    c = f * c + i * tanh(h @ w["Uc"] + x["c"])
    return join(o * tanh(c), c)


# In each column its memory grows by at most 1, so in the sums that the prover tries, all of up to
# nine bits, it does not exceed this.
KIND = Kind(LSTM, step, largest=10.0)
