"""A recurrent network without gates (Elman 1990, Finding Structure in Time), with tanh."""

from gru_addition.cells.kind import Kind, tanh
from gru_addition.model import Cell
from gru_addition.support import tf


class Elman(Cell):
    """A layer of units that each see all others.

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


def step(h, x, w):
    """The state that follows h; see `Kind`."""
    return tanh(h @ w["Uh"] + x["h"])


KIND = Kind(Elman, step)
