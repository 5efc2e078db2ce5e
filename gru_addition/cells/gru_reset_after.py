"""The GRU whose reset gate acts after the product: that of cuDNN, PyTorch and Keras.

Cho et al. 2014 (arXiv:1406.1078), as cuDNN computes it: all products with the state at once.
"""

from gru_addition import model
from gru_addition.cells.kind import Kind, sigmoid, tanh
from gru_addition.support import tf


class GRUResetAfter(model.GRU):
    """The tutorial's GRU with another candidate, and with one more bias, bu.

        h~_t = tanh(x_t Wh + bh + r_t * (h_{t-1} Uh + bu))

    bu: variable of shape (hidden_size,). The rest is as for `gru_addition.model.GRU`.
    """

    OP_SEEDS = model.GRU.OP_SEEDS | {"bu": 84}

    def _add_weights(self, weight):
        super()._add_weights(weight)
        self.bu = weight("bu")

    def forward_pass(self, h_tm1, x_t):
        """One step; see `Cell.forward_pass`. The gates are those of the tutorial's GRU."""
        z_t = tf.sigmoid(tf.matmul(x_t, self.Wz) + tf.matmul(h_tm1, self.Uz) + self.bz)
        r_t = tf.sigmoid(tf.matmul(x_t, self.Wr) + tf.matmul(h_tm1, self.Ur) + self.br)
        kept = tf.multiply(r_t, tf.matmul(h_tm1, self.Uh) + self.bu)
        h_proposal = tf.tanh(tf.matmul(x_t, self.Wh) + kept + self.bh)
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)


def step(h, x, w):
    """The state that follows h; see `Kind`."""
    z = sigmoid(h @ w["Uz"] + x["z"])
    r = sigmoid(h @ w["Ur"] + x["r"])
    # When errors are bounded, those of the product with Uh leave room for that of the last sum.
    candidate = tanh(r * (h @ w["Uh"] + w["bu"]) + x["h"])
    return h + z * (candidate - h)


KIND = Kind(GRUResetAfter, step)
