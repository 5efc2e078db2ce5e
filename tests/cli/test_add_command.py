"""`python -m gru_addition add`, as its user meets it; the oracle is integer addition."""

import pytest
from common import run_module
from hypothesis import given
from hypothesis import strategies as st

from gru_addition.add import show_sum, write_integer
from gru_addition.cli import MOST_BITS, read_integer

COMMAND = "python -m gru_addition add"
NEURAL = "; it is a neural network, which learnt to add from examples\n"


@pytest.fixture
def add(ask, networks):
    """A function of a network's name and arguments; returns status, output and errors."""
    return lambda name, *arguments, **options: ask(
        "add", *arguments, f"--from={networks / name}", **options
    )


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ("1024", "16", "1040"),
        ("0XfF", "0b1", "256"),
        ("007", "08", "15"),
    ],
)
def test_the_sum_is_printed_and_nothing_else(a, b, answer, add):
    assert add("right", a, b) == (0, answer + "\n", "")


def test_a_wrong_sum_is_printed_and_called_wrong(add):
    wrong = f"{COMMAND}: the network is wrong: 13 + 12 is 25, not 1{NEURAL}"
    assert add("forgetful", "13", "12") == (1, "1\n", wrong)


def test_of_long_sums_the_wrong_bits_are_counted(add):
    wrong = f"{COMMAND}: the network is wrong: 1 of 20,000 bits are wrong{NEURAL}"
    assert add("forgetful", hex(2**19_998), hex(2**19_998)) == (1, "0\n", wrong)


def test_bits_are_shown_on_request_in_as_many_columns_as_wanted(add):
    assert add("right", "5", "3", "--show-bits") == (0, show_sum(5, 3, 8, 4) + "\n", "")
    status, out, _ = add("forgetful", "5", "3", "--show-bits", "--num-bits=5")
    assert (status, out) == (1, show_sum(5, 3, 6, 5) + "\n")
    _, out, _ = add("right", "-", "--show-bits", stdin=b"1 1\n2 2\n")
    assert len(out.split("\n\n")) == 2


def test_pairs_are_read_from_standard_input_also_after_a_byte_order_mark(add):
    pairs = b"\xef\xbb\xbf3 4\n\n 0x10\t0b1 \r\n100 200"

    assert add("right", "-", stdin=pairs) == (0, "7\n17\n300\n", "")
    wrong = f"wrong in 1 of 3 sums, first in number 3: 100 + 200 is 300, not 172{NEURAL}"
    expected = 1, "7\n17\n172\n", f"{COMMAND}: the network is {wrong}"
    assert add("forgetful", "-", stdin=pairs) == expected
    assert add("right", "-", stdin=b"") == (0, "", "")


def test_what_does_not_fit_in_memory_is_answered_in_groups_in_order(add):
    """Three of these sums have a million columns."""
    pairs = [(2**n, n) for n in range(7)]
    lines = "\n".join(f"{a} {b}" for a, b in pairs).encode()

    status, out, err = add("right", "-", "--num-bits=300000", stdin=lines)

    assert (status, err) == (0, "")
    assert out.split() == [str(a + b) for a, b in pairs]


def test_a_million_bits_are_added_and_written_between_shorter_sums(add):
    a, b = 2 ** (MOST_BITS - 1), 3**600_000
    lines = f"1 2\n{write_integer(a)} {hex(b)}\n3 4\n".encode()

    status, out, err = add("right", "-", stdin=lines)

    assert (status, err) == (0, "")
    first, long, last = out.split()
    assert (first, last) == ("3", "7")
    # The oracle is Python's own conversion, of the last digits only, since it is slow.
    assert long[-4000:] == str((a + b) % 10**4000).rjust(4000, "0")
    assert read_integer("A", long) == a + b


@given(number=st.integers(0, 2**64) | st.integers(0, 2**10_000))
def test_integers_are_read_in_all_notations_and_written(number):
    assert read_integer("A", write_integer(number)) == number
    assert read_integer("A", hex(number)) == number
    assert read_integer("A", bin(number)) == number
    if number < 10**4000:
        assert write_integer(number) == str(number)


def test_a_reader_that_leaves_ends_the_command_without_a_word(default_command):
    process = run_module(
        "gru_addition", "add", "-", cwd=default_command[1], input="1 2\n" * 10_000,
        first="from subprocess import DEVNULL, PIPE, Popen\n"
        "reader = Popen(['head', '-n', '1'], stdin=PIPE, stdout=DEVNULL)\n"
        "os.dup2(reader.stdin.fileno(), 1)",
    )  # fmt: skip

    assert (process.returncode, process.stderr) == (141, "")
