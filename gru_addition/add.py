"""Ask a trained network for a sum: section 4 of the tutorial, for numbers of any length.

    python -m gru_addition.add 1024 16

prints what the network of the last training run makes of it.
"""

import itertools
import sys

import numpy as np

from gru_addition.dataset import as_bytes, encode, from_bytes
from gru_addition.runs.checkpoints import load_network
from gru_addition.support import xla
from gru_addition.support.checks import brief, real_array, whole_number
from gru_addition.support.command_line import (
    Parser,
    UserError,
    naming_flags,
    number_or_text,
    read_resolution,
    run_command,
    say,
)
from gru_addition.support.integers import MOST_BITS, read_integer, write_integer

COMMAND = "python -m gru_addition.add"
# What is computed at a time: the states of 100 examples, 1,000 columns and 16 units take 13 MB.
STATES_PER_RUN = 1_600_000
EXAMPLES_PER_RUN = 1024
COLUMNS_PER_RUN = 1000
# How many columns, the pairs together, the command reads before it answers.
COLUMNS_PER_ANSWER = 1_000_000
# The longest sum, in bits, that is written out when it is wrong.
LONGEST_SHOWN = 128
LONGEST_LINE = 2 * MOST_BITS + 100


class Adder:
    """A trained network, in a session of its own.

    Made by `Adder.restore(output_dir)` or `Adder.from_weights(weights)`; `train(...).adder` is one.
    """

    @classmethod
    def restore(cls, output_dir, resolution=None):
        """The network of the last checkpoint that `train` left in a directory.

        output_dir: the directory; or the name of any checkpoint of the tutorial's model, as
            `tf.train.Saver.save` returned it, in this TensorFlow or in TensorFlow 1.
        resolution: as for `from_weights`; by default what the run says.

        Raises `FileNotFoundError` if there is none and `ValueError` if its files are damaged.
        """
        return cls.from_weights(*load_network(output_dir, resolution))

    @classmethod
    def from_weights(cls, weights, resolution=None):
        """The network with these weights: arrays by the names `Wr` to `bh`, `W_output`, `b_output`.

        resolution: int, to round the state to multiples of 1 / resolution; None not to round it.

        Raises `TypeError` or `ValueError` naming what is missing or has a wrong shape or type.
        """
        return cls(weights, resolution)

    def __init__(self, weights, resolution=None):
        from gru_addition.engines import graphs
        from gru_addition.model import AdditionModel, tf

        def build():
            model, trained = AdditionModel.for_weights(weights, resolution)
            self._x = tf.placeholder(model.gru.dtype, (None, None, 2))
            self._h_0 = tf.placeholder(model.gru.dtype, (None, model.gru.hidden_size))

            def output_and_last_state(x, h_0):
                h_t = model.gru.hidden_states(x, h_0)
                return model.output_of(h_t), h_t[:, -1]

            self._output_and_last_state = graphs.compiled_where_possible(
                output_and_last_state, self._x, self._h_0
            )
            return tf.global_variables_initializer(), trained

        graph, (initialize, trained) = graphs.build_graph(build)
        self._session = graphs.open_session(graph)
        self._session.run(initialize, feed_dict=trained)

    def add(self, a, b, num_bits=None):
        """Return the sum of two non-negative integers as the network computes it.

        num_bits: how many columns it is given, by default just enough for the sum. Raises
            `ValueError` if they are too few.
        """
        return self.add_pairs([(a, b)], num_bits)[0]

    def add_pairs(self, pairs, num_bits=None):
        """Return the sums of a list of pairs, computed together; otherwise like `add`."""
        if not pairs:
            return []
        sizes = []
        for a, b in pairs:
            a, b = whole_number("a", a, minimum=0), whole_number("b", b, minimum=0)
            enough = _enough(a, b)
            sizes.append(enough if num_bits is None else whole_number("num_bits", num_bits, enough))
        # A column of the sum knows nothing of those above it, so shorter sums may be filled up.
        longest = max(sizes)
        x = [encode(a, b, longest) for a, b in pairs]
        output = self.predict(np.concatenate(x))[:, :, 0]
        return [from_bytes(bits[:size] > 0.5) for bits, size in zip(output, sizes, strict=True)]

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

    def after_column(self, x_t, h_tm1):
        """Go on for one column from given states; return its output, (n, 1), and the states h_t.

        x_t: the bits of the column, (n, 2). h_tm1: the states, (n, hidden_size).
        """
        number = len(x_t)
        size = 1 << (number - 1).bit_length()
        x, h_0 = np.zeros((size, 1, 2)), np.zeros((size, h_tm1.shape[1]))
        x[:number, 0], h_0[:number] = x_t, h_tm1
        feed = {self._x: x, self._h_0: h_0}
        output, h_t = self._session.run(self._output_and_last_state, feed)
        return output[:number, 0], h_t[:number]

    def _predict_examples(self, x, y):
        # XLA compiles anew for each shape. So there are few: powers of two, or as many columns as
        # are computed at a time, filled up with zeros, whose output is dropped.
        examples, columns = (1 << (size - 1).bit_length() for size in x.shape[:2])
        state = np.zeros((examples, self._h_0.shape[1]))
        columns = max(1, min(columns, COLUMNS_PER_RUN, STATES_PER_RUN // state.size))
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
    width = len(write_integer(max(a + b, answer)))
    lines = []
    for label, number in rows.items():
        bits = " ".join(map(str, reversed(as_bytes(number, num_bits))))
        value = "" if label == "carry" else write_integer(number).rjust(width)
        lines.append(f"{label:>9}  {bits}  {value}".rstrip())
    if answer != a + b:
        wrong_bits = reversed(as_bytes(answer ^ (a + b), num_bits))
        lines.append(f"{'wrong':>9}  " + " ".join(" ^"[bit] for bit in wrong_bits).rstrip())
    return "\n".join(lines)


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _add_and_compare, argv)


def _add_and_compare(argv):
    """Print the network's sums; return 1 if one of them is wrong, else 0."""
    pairs, num_bits, source, resolution, show_bits = _parse(argv)
    adder = Adder.restore(source, resolution)
    answered = wrong = 0
    first_wrong = None
    for group in _in_groups(pairs, num_bits):
        for (a, b), answer in zip(group, adder.add_pairs(group, num_bits), strict=True):
            if show_bits:
                print("\n" * (answered > 0) + show_sum(a, b, answer, num_bits or _enough(a, b)))
            else:
                print(write_integer(answer))
            answered += 1
            if answer != a + b:
                wrong += 1
                first_wrong = first_wrong or (answered, a, b, answer)
        sys.stdout.flush()
    if wrong:
        number, a, b, answer = first_wrong
        where = f" in {wrong:,} of {answered:,} sums, first in number {number:,}"
        what = f"{brief(a)} + {brief(b)} is {brief(a + b)}, not {brief(answer)}"
        if max(a + b, answer).bit_length() > LONGEST_SHOWN:
            what = f"{(answer ^ (a + b)).bit_count():,} of {_enough(a, b):,} bits are wrong"
        say(
            COMMAND,
            f"the network is wrong{where if answered > 1 else ''}: {what}; it is a neural network, "
            "which learned to add from examples",
        )
    return int(wrong > 0)


def _parse(argv):
    parser = Parser(
        prog=COMMAND,
        description="Ask the trained network for the sum of two non-negative integers, and print "
        "it as the network computes it.",
        epilog="The exit status is 0 if the network is right, 1 if it is wrong, and 2 if an "
        "argument is wrong or no network can be read.",
    )
    parser.add_argument(
        "a",
        metavar="A",
        help="a number in decimal, 0x... or 0b...; or - to read pairs of them "
        "from standard input, one pair a line, answered many at a time",
    )
    parser.add_argument("b", metavar="B", nargs="?", help="the second number")
    parser.add_source()
    parser.add_resolution()
    parser.add_argument(
        "--num-bits",
        type=number_or_text(int),
        metavar="N",
        help="how many columns the network is given (default: just enough for the sum)",
    )
    parser.add_argument(
        "--show-bits", action="store_true", help="show the sum in columns, and mark the wrong bits"
    )
    options = vars(parser.parse_args(argv))
    num_bits, resolution = options["num_bits"], read_resolution(options)
    with naming_flags(["num_bits"]):
        if num_bits is not None:
            num_bits = whole_number("num_bits", num_bits, 1, MOST_BITS + 1)
    words = [options["a"], options["b"]]
    if words == ["-", None]:
        pairs = _pairs_from_standard_input(num_bits)
    elif "-" in words or None in words:
        raise UserError("A and B must be two numbers, or A must be - and B left out")
    else:
        pairs = [_read_pair(words, num_bits)]
    return pairs, num_bits, options["from"], resolution, options["show_bits"]


def _read_pair(words, num_bits):
    """Read two numbers; raise `UserError` if they are none or their sum needs more columns."""
    with naming_flags(["num_bits"]):
        a, b = (read_integer(name, word) for name, word in zip("AB", words, strict=True))
        if num_bits is not None:
            whole_number("num_bits", num_bits, _enough(a, b), MOST_BITS + 1)
    return a, b


def _pairs_from_standard_input(num_bits):
    """Yield the pairs on the lines of standard input; raise `UserError` at one that holds none."""
    if sys.stdin is None:
        raise UserError("standard input is closed")
    for number in itertools.count(1):
        line = sys.stdin.buffer.readline(LONGEST_LINE)
        if not line:
            return
        words = line.decode("ascii", "replace").split()
        if not words:
            continue
        try:
            if len(words) != 2 or len(line) == LONGEST_LINE:
                raise UserError(f"it must hold two numbers, A and B, not {brief(' '.join(words))}")
            yield _read_pair(words, num_bits)
        except UserError as error:
            raise UserError(f"line {number:,} of standard input: {error}") from None


def _in_groups(pairs, num_bits):
    """Yield the pairs in lists that have no more than about `COLUMNS_PER_ANSWER` columns each."""
    group, longest, error = [], 0, None
    try:
        for pair in pairs:
            columns = num_bits or _enough(*pair)
            longest = max(longest, columns)
            if group and longest * (len(group) + 1) > COLUMNS_PER_ANSWER:
                yield group
                group, longest = [], columns
            group.append(pair)
    except UserError as user_error:
        # What came before the mistake is answered first.
        error = user_error
    if group:
        yield group
    if error is not None:
        raise error


def _enough(a, b):
    """How many columns the sum of two numbers needs."""
    return max(1, (a + b).bit_length())


if __name__ == "__main__":
    xla.prepare_process()
    sys.exit(main())
