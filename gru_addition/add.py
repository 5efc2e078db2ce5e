"""Ask a trained network for a sum: section 4 of the tutorial, for numbers of any length."""

import numpy as np

from gru_addition import xla
from gru_addition.checks import named_arrays, real_array, whole_number
from gru_addition.dataset import as_bytes, encode, from_bytes
from gru_addition.model import AdditionModel, tf
from gru_addition.storage import load_weights

# What is computed at a time: the states of 100 examples, 1,000 columns and 16 units take 13 MB.
STATES_PER_RUN = 1_600_000
EXAMPLES_PER_RUN = 1024
COLUMNS_PER_RUN = 1000


class Adder:
    """A trained network, in a session of its own.

    Made by `Adder.restore(output_dir)` or `Adder.from_weights(weights)`; `train(...).adder` is one.
    """

    @classmethod
    def restore(cls, output_dir):
        """The network that `python -m gru_addition.train` left in a directory.

        Raises `FileNotFoundError` if there is none and `ValueError` if its file is damaged.
        """
        return cls.from_weights(load_weights(output_dir))

    @classmethod
    def from_weights(cls, weights):
        """The network with these weights: arrays by the names `Wr` to `bh`, `W_output`, `b_output`.

        Raises `TypeError` or `ValueError` naming what is missing or has a wrong shape or type.
        """
        return cls(weights)

    def __init__(self, weights):
        weights = named_arrays("weights", weights)
        u_z = real_array("Uz", weights.get("Uz"), "hidden_size", "hidden_size")
        with tf.Graph().as_default() as graph, xla.for_xla():
            model = AdditionModel(len(u_z), dtype=np.result_type(u_z, np.float32))
            initialize = tf.global_variables_initializer()
            trained = model.initial_values(weights)

            @tf.function(jit_compile=xla.is_available(), autograph=False)
            def output_and_last_state(x, h_0):
                h_t = model.gru.hidden_states(x, h_0)
                return model.output_of(h_t), h_t[:, -1]

            self._x = tf.placeholder(model.gru.dtype, (None, None, 2))
            self._h_0 = tf.placeholder(model.gru.dtype, (None, len(u_z)))
            self._output_and_last_state = output_and_last_state(self._x, self._h_0)
            graph.finalize()
        self._session = tf.Session(graph=graph)
        self._session.run(initialize, feed_dict=trained)

    def add(self, a, b, num_bits=None):
        """Return the sum of two non-negative integers as the network computes it.

        num_bits: how many columns it is given, by default just enough for the sum. Raises
            `ValueError` if they are too few.
        """
        a, b = whole_number("a", a, minimum=0), whole_number("b", b, minimum=0)
        enough = max(1, (a + b).bit_length())
        num_bits = enough if num_bits is None else whole_number("num_bits", num_bits, enough)
        output = self.predict(encode(a, b, num_bits))
        return from_bytes(output[0, :, 0] > 0.5)

    def predict(self, x):
        """Return the network's output for operands x of shape `(batch, time, 2)`.

        The result has shape `(batch, time, 1)`; above 0.5 it means a one. Long sums are computed
        piece by piece, each starting from the state in which the one before it ended, so that of
        the states only those of one piece are in memory.
        """
        x = real_array("x", x, "batch", "time", 2)
        y = np.empty((*x.shape[:2], 1), self._x.dtype.as_numpy_dtype)
        for first in range(0, len(x), EXAMPLES_PER_RUN):
            examples = slice(first, first + EXAMPLES_PER_RUN)
            self._predict_examples(x[examples], y[examples])
        return y

    def _predict_examples(self, x, y):
        # XLA compiles anew for each shape. So there are few: a power of two of examples, and as
        # many columns for any length, both filled up with zeros, whose output is dropped.
        examples = 1 << (len(x) - 1).bit_length()
        state = np.zeros((examples, self._h_0.shape[1]))
        columns = max(1, min(COLUMNS_PER_RUN, STATES_PER_RUN // state.size))
        for start in range(0, x.shape[1], columns):
            now = x[:, start : start + columns]
            piece = np.zeros((examples, columns, 2))
            piece[: len(now), : now.shape[1]] = now
            feed = {self._x: piece, self._h_0: state}
            output, state = self._session.run(self._output_and_last_state, feed)
            y[:, start : start + columns] = output[: len(now), : now.shape[1]]


def show_sum(a, b, answer, num_bits):
    """Write a sum as columns of bits, most significant bit first, and mark the wrong ones.

    answer: the network's sum, an integer of at most `num_bits` bits.

    >>> print(show_sum(5, 3, 12, 4))
            a  0 1 0 1   5
            b  0 0 1 1   3
        carry  1 1 1 0
    predicted  1 1 0 0  12
         true  1 0 0 0   8
        wrong    ^
    """
    # A bit of the sum differs from the exclusive or of its operands where a carry comes in.
    carries = (a + b) ^ a ^ b
    rows = {"a": a, "b": b, "carry": carries, "predicted": answer, "true": a + b}
    width = len(str(max(a + b, answer)))
    lines = []
    for label, number in rows.items():
        bits = " ".join(map(str, reversed(as_bytes(number, num_bits))))
        value = "" if label == "carry" else f"{number:>{width}}"
        lines.append(f"{label:>9}  {bits}  {value}".rstrip())
    if answer != a + b:
        wrong_bits = reversed(as_bytes(answer ^ (a + b), num_bits))
        lines.append(f"{'wrong':>9}  " + " ".join(" ^"[bit] for bit in wrong_bits).rstrip())
    return "\n".join(lines)
