"""`python -m gru_addition.add`: ask the network of a run for sums."""

import codecs
import itertools
import sys

from gru_addition.add import Adder, enough_columns, show_sum
from gru_addition.commands.networks import add_resolution, add_source, read_resolution
from gru_addition.support.checks import brief, whole_number
from gru_addition.support.command_line import (
    Parser,
    UserError,
    naming_flags,
    number_or_text,
    run_command,
    say,
)
from gru_addition.support.integers import MOST_BITS, read_integer, write_integer

COMMAND = "python -m gru_addition.add"
# How many columns, summed over pairs, the command reads before it answers.
COLUMNS_PER_ANSWER = 1_000_000
# The longest sum, in bits, that is written out when it is wrong.
LONGEST_SHOWN = 128
LONGEST_LINE = 2 * MOST_BITS + 100


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
                print(
                    "\n" * (answered > 0) + show_sum(a, b, answer, num_bits or enough_columns(a, b))
                )
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
            what = f"{(answer ^ (a + b)).bit_count():,} of {enough_columns(a, b):,} bits are wrong"
        say(
            COMMAND,
            f"the network is wrong{where if answered > 1 else ''}: {what}; it is a neural network, "
            "which learnt to add from examples",
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
    add_source(parser)
    add_resolution(parser)
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
    """Read two numbers; raise `UserError` if they are invalid or their sum needs more columns."""
    with naming_flags(["num_bits"]):
        a, b = (read_integer(name, word) for name, word in zip("AB", words, strict=True))
        if num_bits is not None:
            whole_number("num_bits", num_bits, enough_columns(a, b), MOST_BITS + 1)
    return a, b


def _pairs_from_standard_input(num_bits):
    """Yield the pairs on the lines of standard input; raise `UserError` at a line without one."""
    if sys.stdin is None:
        raise UserError("standard input is closed")
    for number in itertools.count(1):
        line = sys.stdin.buffer.readline(LONGEST_LINE)
        if not line:
            return
        # PowerShell may send a UTF-8 byte order mark first.
        words = line.removeprefix(codecs.BOM_UTF8).decode("ascii", "replace").split()
        if not words:
            continue
        try:
            if len(words) != 2 or len(line) == LONGEST_LINE:
                raise UserError(f"it must hold two numbers, A and B, not {brief(' '.join(words))}")
            yield _read_pair(words, num_bits)
        except UserError as error:
            raise UserError(f"line {number:,} of standard input: {error}") from None


def _in_groups(pairs, num_bits):
    """Yield the pairs in lists of at most about `COLUMNS_PER_ANSWER` columns each."""
    group, longest, error = [], 0, None
    try:
        for pair in pairs:
            columns = num_bits or enough_columns(*pair)
            longest = max(longest, columns)
            if group and longest * (len(group) + 1) > COLUMNS_PER_ANSWER:
                yield group
                group, longest = [], columns
            group.append(pair)
    except UserError as user_error:
        # Pairs before the mistake are answered first.
        error = user_error
    if group:
        yield group
    if error is not None:
        raise error
