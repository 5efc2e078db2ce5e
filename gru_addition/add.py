"""Ask a trained network for a sum: section 4 of the tutorial, for numbers of any length.

    Adder.restore("runs/latest").add(1024, 16)

The command is `python -m gru_addition add 1024 16`.
"""

from functools import cached_property

import gmpy2
import numpy as np

from gru_addition.cells.frameworks import as_ours
from gru_addition.cells.machine import ADDITION
from gru_addition.cells.weights import load_network
from gru_addition.dataset import as_bytes, encode_pairs, from_bytes
from gru_addition.support.checks import real_array, whole_number

# The most computed at a time: the states of 100 examples, 1,000 columns and 16 units take 13 MB.
STATES_PER_RUN = 1_600_000
EXAMPLES_PER_RUN = 1024
COLUMNS_PER_RUN = 1000
# Compiling takes as long as a few thousand steps of the session.
STEPS_WORTH_COMPILING = 5000
# For fewer examples, XLA takes twice as long to compile.
LEAST_COMPILED = 256


class Adder:
    """A trained network, in a session of its own.

    Made by `Adder.restore(output_dir)` or `Adder.from_weights(weights)`; `train(...).adder` is one.

    model, session: the tutorial's graph, and the session in which it has the trained weights.
    """

    @classmethod
    def restore(cls, output_dir, resolution=None):
        """The network of the run that `train` saved in a directory.

        output_dir: the directory, or its `run.npz`; or a checkpoint of the tutorial's model, by the
            name that `tf.train.Saver.save` returned, in this TensorFlow or in TensorFlow 1.
        resolution: as for `from_weights`; by default as the run says.

        Raises `FileNotFoundError` if there is none and `ValueError` if its files are damaged.
        """
        return cls.from_weights(*load_network(output_dir, resolution))

    @classmethod
    def from_weights(cls, weights, resolution=None):
        """The network with these weights: arrays by the names `Wr` to `bh`, `W_output`, `b_output`.

        weights: or a Keras model, or a PyTorch `state_dict`; see `gru_addition.cells.frameworks`.
        resolution: int, to round the state to multiples of 1 / resolution; None not to round it.

        Raises `TypeError` or `ValueError` naming what is missing or has the wrong shape or type.
        """
        return cls(as_ours(weights), resolution)

    def __init__(self, weights, resolution=None):
        self.model, self.session, self._run = _opened(weights, resolution)
        self._weights = {name: np.array(weights[name]) for name in weights}
        self._resolution = resolution

    @cached_property
    def _run_compiled(self):
        return _opened(self._weights, self._resolution, compiled=True)[-1]

    def add(self, a, b, num_bits=None):
        """Return the sum of two non-negative integers as the network computes it.

        num_bits: how many columns it is given, by default just enough for the sum. Raises
            `ValueError` if they are too few.
        """
        return self.add_pairs([(a, b)], num_bits)[0]

    def add_pairs(self, pairs, num_bits=None):
        """Return the sums of a list of pairs, computed together; otherwise like `add`."""
        if len(pairs) == 0:
            return []
        sizes = []
        for a, b in pairs:
            a, b = whole_number("a", a, minimum=0), whole_number("b", b, minimum=0)
            enough = enough_columns(a, b)
            sizes.append(enough if num_bits is None else whole_number("num_bits", num_bits, enough))
        # A column of the sum does not depend on those above it, so shorter sums may be padded.
        longest = max(sizes)
        output = self.predict(encode_pairs(pairs, longest))[:, :, 0]
        return [from_bytes(bits[:size] > 0.5) for bits, size in zip(output, sizes, strict=True)]

    def predict(self, x):
        """Return the network's output for operands x of shape `(batch, time, 2)`.

        The result has shape `(batch, time, 1)`; above 0.5 it means a one. Long sums are computed
        in pieces. Each starts from the last state of the one before, so only one piece's states are
        in memory.
        """
        x = real_array("x", x, "batch", "time", 2)
        starts = range(0, len(x), EXAMPLES_PER_RUN)
        is_long = len(starts) * x.shape[1] > STEPS_WORTH_COMPILING
        y = np.empty((*x.shape[:2], 1), self.model.gru.dtype.as_numpy_dtype)
        for start in starts:
            batch = slice(start, start + EXAMPLES_PER_RUN)
            self._predict(x[batch], y[batch], is_long)
        return y

    def after_column(self, x_t, h_tm1):
        """Run one column from given states; return its output, (n, 1), and the states h_t.

        This is for `prove`, which compares it with other ways to compute the same.

        x_t: the bits of the column, (n, 2). h_tm1: the states, (n, state_size).
        """
        number = len(x_t)
        size = max(LEAST_COMPILED, _power_of_two(number))
        x, h_0 = np.zeros((size, 1, 2)), np.zeros((size, h_tm1.shape[1]))
        x[:number, 0], h_0[:number] = x_t, h_tm1
        output, h_t = self._run_compiled(x, h_0)
        return output[:number, 0], h_t[:number]

    def _predict(self, x, y, compiled):
        """Write the output for at most `EXAMPLES_PER_RUN` examples into y."""
        (examples, columns), run = x.shape[:2], self._run
        if compiled:
            # XLA recompiles for each new shape, so there are few: powers of two, or the most
            # columns computed at a time. Zeros pad the operands; the output for them is dropped.
            examples, columns, run = *map(_power_of_two, x.shape[:2]), self._run_compiled
        state = np.zeros((examples, self.model.gru.state_size))
        columns = max(1, min(columns, COLUMNS_PER_RUN, STATES_PER_RUN // state.size))
        for start in range(0, x.shape[1], columns):
            piece = x[:, start : start + columns]
            number, width = piece.shape[:2]
            if compiled:
                piece = np.pad(piece, [(0, examples - number), (0, columns - width), (0, 0)])
            output, state = run(piece, state)
            y[:, start : start + width] = output[:number, :width]


def _power_of_two(size):
    """The smallest power of two that is at least this."""
    return 1 << (size - 1).bit_length()


def _opened(weights, resolution, compiled=False):
    """The network's model, in a session of its own, and a function that runs it.

    The function takes operands and the state to start from; it returns the output and the last
    state. compiled: whether it is compiled by XLA, where that is available.
    """
    from gru_addition.cells.models import trained_model
    from gru_addition.engines import graphs
    from gru_addition.engines.compiled import compile_with_xla
    from gru_addition.support import tf

    def build():
        model, feed = trained_model(weights, resolution)
        gru = model.gru

        def output_and_last_state(h_t):
            return model.output_of(h_t), h_t[:, -1]

        if compiled and graphs.xla_is_available():
            x = tf.placeholder(gru.dtype, (None, None, 2))
            h_0 = tf.placeholder(gru.dtype, (None, gru.state_size))
            arguments = x, h_0
            results = compile_with_xla(
                lambda *arguments: output_and_last_state(gru.hidden_states(*arguments)), *arguments
            )
        else:
            # The tutorial's own graph, except that it starts from the state it is given.
            arguments = gru.input_layer, gru.h_0
            results = output_and_last_state(gru.h_t)
        return model, tf.global_variables_initializer(), feed, arguments, results

    graph, (model, initialize, feed, arguments, results) = graphs.build_graph(build)
    session = graphs.open_session(graph)
    session.run(initialize, feed_dict=feed)

    def run(*arrays):
        return session.run(results, dict(zip(arguments, arrays, strict=True)))

    return model, session, run


def enough_columns(a, b):
    """How many columns the sum of two numbers needs."""
    return max(1, (a + b).bit_length())


def show_sum(a, b, answer, num_bits, machine=ADDITION):
    """Write a sum as columns of bits, most significant bit first, and mark the wrong ones.

    answer: the network's sum, an integer of at most `num_bits` bits.
    machine: another `Machine`; then a row holds its state before each column.

    >>> print(show_sum(5, 3, 12, 4))
            a  0 1 0 1   5
            b  0 0 1 1   3
        carry  1 1 1 0
    predicted  1 1 0 0  12
         true  1 0 0 0   8
        wrong    ^
    >>> from gru_addition.cells.machine import MACHINES
    >>> print(show_sum(5, 6, 0, 3, MACHINES["comparison"]))
            a  1 0 1
            b  1 1 0
        state  1 0 0
    predicted  0 0 0
         true  1 1 0
        wrong  ^ ^
    """
    if machine is ADDITION:
        # A bit of the sum differs from the exclusive or of its operands where a carry comes in.
        memory, memories, true = "carry", as_bytes((a + b) ^ a ^ b, num_bits), a + b
    else:
        (memories,), (bits,) = machine.run(encode_pairs([(a, b)], num_bits))
        memory, memories, true = "state", [0, *memories[:-1]], from_bytes(bits)
    numbers = a, b, answer, true
    digits = [as_bytes(number, num_bits) for number in numbers]
    values = [write_integer(number) if machine is ADDITION else "" for number in numbers]
    rows = [*zip(("a", "b", "predicted", "true"), digits, values, strict=True)]
    rows.insert(2, (memory, memories, ""))
    if answer != true:
        marks = [" ^"[x != y] for x, y in zip(*digits[2:], strict=True)]
        rows.append(("wrong", marks, ""))
    width = max(map(len, values))
    return "\n".join(
        f"{name:>9}  {' '.join(map(str, reversed(row)))}  {value.rjust(width)}".rstrip()
        for name, row, value in rows
    )


def write_integer(number):
    """Write a non-negative integer in decimal; Python itself refuses those of over 4,300 digits.

    >>> len(write_integer(2**1_000_000))
    301030
    """
    return gmpy2.mpz(number).digits()


if __name__ == "__main__":
    import sys

    print("use python -m gru_addition add", file=sys.stderr)
    raise SystemExit(2)
