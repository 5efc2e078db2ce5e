"""`python -m gru_addition.add`, as its user meets it; the oracle is integer addition."""

import io
import os
import re
import sys

import numpy as np
import numpy_gru
import pytest
from common import GOLDEN, run_module
from hypothesis import given
from hypothesis import strategies as st

from gru_addition.add import Adder
from gru_addition.commands import add as add_module
from gru_addition.commands.add import main
from gru_addition.model import AdditionModel, tf
from gru_addition.support.integers import MOST_BITS, read_integer, write_integer

COMMAND = "python -m gru_addition.add"


@pytest.fixture(scope="module")
def perfect():
    return Adder.from_weights(numpy_gru.perfect_weights())


@pytest.fixture
def wrong_above():
    """A function from a bit to an adder that is right below it and wrong at it."""

    class WrongAbove:
        def __init__(self, bit):
            self.bit = bit

        def add_pairs(self, pairs, num_bits=None):
            return [a + b ^ (1 << self.bit) * (a + b >= 1 << self.bit) for a, b in pairs]

    return WrongAbove


@pytest.fixture
def ask(monkeypatch, capsys):
    """A function from adder, arguments and standard input to status, output and errors."""

    def run(adder, *arguments, stdin=b""):
        monkeypatch.setattr(Adder, "restore", lambda source, resolution: adder)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ("1024", "16", "1040"),
        ("0", "0", "0"),
        ("0x10", "0b11", "19"),
        ("0XfF", "0B1", "256"),
        ("007", "08", "15"),
        (str(2**200 - 1), "1", str(2**200)),
    ],
)
def test_the_sum_is_printed_and_nothing_else(a, b, answer, perfect, ask):
    assert ask(perfect, a, b) == (0, answer + "\n", "")


def test_a_wrong_sum_is_printed_and_called_wrong(wrong_above, ask):
    assert ask(wrong_above(3), "13", "12") == (
        1,
        "17\n",
        f"{COMMAND}: the network is wrong: 13 + 12 is 25, not 17; it is a neural network, which "
        "learnt to add from examples\n",
    )


def test_of_long_sums_the_wrong_bits_are_counted(wrong_above, ask):
    status, out, err = ask(wrong_above(1999), hex(2**1999), hex(2**1998))

    assert (status, int(out)) == (1, 2**1998)
    assert "the network is wrong: 1 of 2,000 bits are wrong; it is" in err


def test_bits_are_shown_on_request(perfect, wrong_above, ask):
    assert ask(perfect, "5", "3", "--show-bits") == (
        0,
        "        a  0 1 0 1  5\n"
        "        b  0 0 1 1  3\n"
        "    carry  1 1 1 0\n"
        "predicted  1 0 0 0  8\n"
        "     true  1 0 0 0  8\n",
        "",
    )
    status, out, _ = ask(wrong_above(3), "5", "3", "--show-bits", "--num-bits=5")
    assert status == 1
    assert out.splitlines()[-1] == "    wrong    ^"
    assert out.splitlines()[0] == "        a  0 0 1 0 1  5"


def test_pairs_are_read_from_standard_input(perfect, wrong_above, ask):
    pairs = b"\xef\xbb\xbf3 4\n\n 0x10\t0b1 \r\n100 200"

    assert ask(perfect, "-", stdin=pairs) == (0, "7\n17\n300\n", "")
    status, out, err = ask(wrong_above(4), "-", stdin=pairs)
    assert (status, out) == (1, "7\n1\n316\n")
    assert "wrong in 2 of 3 sums, first in number 2: 16 + 1 is 17, not 1; it is a neural" in err
    assert ask(perfect, "-", stdin=b"") == (0, "", "")
    _, out, _ = ask(perfect, "-", "--show-bits", stdin=b"1 1\n2 2\n")
    assert len(out.split("\n\n")) == 2


def test_what_stands_before_a_bad_line_is_answered(perfect, ask):
    status, out, err = ask(perfect, "-", stdin=b"1 2\n3 4\nfive 6\n7 8\n")

    assert (status, out) == (2, "3\n7\n")
    assert err.startswith(f"{COMMAND}: line 3 of standard input: A must be a whole number of at")
    assert err.endswith("not 'five'\n")


@given(
    numbers=st.lists(
        st.tuples(*[st.integers(0, 2**70) | st.integers(0, 2**400) | st.just(2**399 - 1)] * 2),
        max_size=40,
    ),
    columns=st.sampled_from([1, 300, 10_000]),
)
def test_batches_of_any_shape_are_added_like_integers(numbers, columns, perfect):
    pairs = [(a, b) for a, b in numbers]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(add_module, "COLUMNS_PER_ANSWER", columns)
        groups = list(add_module._in_groups(pairs, None))

    assert [pair for group in groups for pair in group] == pairs
    for group in groups:
        assert perfect.add_pairs(group) == [a + b for a, b in group]
        longest = max((a + b).bit_length() for a, b in group)
        assert len(group) == 1 or len(group) * longest <= columns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1", "-2"], "B must be a whole number .* not '-2'"),
        (["-1", "2"], "A must be a whole number .* not '-1'"),
        (["1.5", "2"], "A must be a whole number .* not '1.5'"),
        (["1", "1e5"], "B must be .* in decimal, 0x... or 0b..., not '1e5'"),
        (["0x", "1"], "A must be .* not '0x'"),
        (["0b12", "1"], "A must be .* not '0b12'"),
        (["0o7", "1"], "A must be .* not '0o7'"),
        (["1_000", "1"], "A must be .* not '1_000'"),
        (["\u0661", "1"], "A must be .* not '\u0661'"),
        ([" 1", "1"], "A must be .* not ' 1'"),
        (["", "1"], "A must be .* not ''"),
        (["1"], "A and B must be two numbers, or A must be - and B left out"),
        (["-", "1"], "A and B must be two numbers"),
        (["1", "-"], "A and B must be two numbers"),
        ([], "the following arguments are required: A"),
        (["1", "2", "3"], "unrecognized arguments: '3'"),
        (["1", "2", "--num-bits=1"], "--num-bits must be .* at least 2 .*, not 1"),
        (["1", "2", "--num-bits=0"], "--num-bits must be .* at least 1 .*, not 0"),
        (["1", "2", "--num-bits=many"], "--num-bits must be .*, not 'many'"),
        (["1", "2", "--num-bits=99999999999"], "--num-bits must be .* at most 10,000,001, not"),
        (["1", "2", "--show"], "unrecognized arguments: '--show'"),
        (["1", "2", "--from=--"], "an argument must have a value, not '--'|'--' holds no"),
        (["1", "2", "--from", "nowhere"], "'nowhere' holds no run; .*gru_addition.train makes one"),
        (["1", "2", "--from", ""], "'' holds no run"),
        (["1", "2", "--from", "a\0b"], r"'a\\x00b' holds no run"),
        (["1", "2", "--from", "x" * 5000], "'xxx.* holds no run"),
    ],
)
def test_bad_input_gets_one_line(arguments, message, capsys):
    status = main(arguments)
    out, err = capsys.readouterr()

    assert (status, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith(f"{COMMAND}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"1", "must hold two numbers, A and B, not '1'"),
        (b"1 2 3", "must hold two numbers"),
        (b"\xff\xfe 1", "A must be a whole number"),
        (b"1 \x00", "B must be a whole number"),
        (b"9" * 30_000_000, "must hold two numbers"),
        (b"1 0b1" + b"0" * MOST_BITS, "B must be .* not '0b10000"),
        (b"1 " + b"9" * 3_010_300, "B must be .* not an integer of 10,000,"),
    ],
)
def test_a_bad_line_gets_one_line(line, message, perfect, ask):
    status, out, err = ask(perfect, "-", stdin=b"\n" + line)

    assert (status, out) == (2, "")
    assert re.search(f"line 2 of standard input: .*{message}", err)
    assert err.count("\n") == 1
    assert len(err) < 300


def test_a_million_bits_are_added_and_written(perfect, ask):
    a, b = 2**1_000_000 - 1, 3**600_000
    line = f"{write_integer(a)} {hex(b)}".encode()

    status, out, err = ask(perfect, "-", stdin=line)

    assert (status, err) == (0, "")
    # The oracle is Python's own conversion, of the last digits only, since it is slow.
    assert out.strip()[-4000:] == str((a + b) % 10**4000).rjust(4000, "0")
    assert read_integer("A", out.strip()) == a + b


@given(number=st.integers(0, 2**64) | st.integers(0, 2**10_000))
def test_integers_are_read_in_all_notations_and_written(number):
    assert read_integer("A", write_integer(number)) == number
    assert read_integer("A", hex(number)) == number
    assert read_integer("A", bin(number)) == number
    if number < 10**4000:
        assert write_integer(number) == str(number)


def test_the_last_run_is_asked_by_default(default_command):
    _, directory = default_command

    right = run_module("gru_addition.add", "1024", "16", "--num-bits=20", cwd=directory)
    wrong = run_module("gru_addition.add", "-", cwd=directory, input="13 12\n3 4\n")

    assert (right.returncode, right.stdout, right.stderr) == (0, "1040\n", "")
    assert (wrong.returncode, wrong.stdout) == (1, "17\n7\n")
    assert wrong.stderr == (
        f"{COMMAND}: the network is wrong in 1 of 2 sums, first in number 1: 13 + 12 is 25, "
        "not 17; it is a neural network, which learnt to add from examples\n"
    )


def test_before_any_training_it_says_what_to_do(tmp_path):
    process = run_module("gru_addition.add", "1", "2", cwd=tmp_path)

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == (
        f"{COMMAND}: 'runs/latest' holds no run; python -m gru_addition.train makes one\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_no_numbers_are_refused(tmp_path, capsys):
    with tf.Graph().as_default(), tf.Session() as session:
        model, feed = AdditionModel.for_weights(numpy_gru.perfect_weights())
        session.run(tf.global_variables_initializer(), feed)
        session.run(model.gru.Uh.assign(np.full((3, 3), np.nan)))
        prefix = tf.train.Saver().save(session, str(tmp_path / "diverged"))

    assert main(["1", "2", f"--from={prefix}"]) == 2
    assert capsys.readouterr().err == (
        f"{COMMAND}: {prefix} is of no use: Uh has numbers that are not finite\n"
    )


@pytest.mark.posix
def test_a_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.index")

    assert main(["1", "2", f"--from={tmp_path / 'pipe'}"]) == 2
    assert "pipe.index is damaged: it is not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["tf-1.3.0", "tf-1.15.5"])
def test_the_network_may_be_one_of_tensorflow_1(version, capsys):
    checkpoint = GOLDEN / version / "checkpoint" / "seed-0-2500"

    assert main(["1024", "16", "--num-bits=20", f"--from={checkpoint}"]) == 0
    assert capsys.readouterr() == ("1040\n", "")


def test_closed_standard_input_is_no_input(tmp_path, default_command):
    # Python itself has no `sys.stdin` then.
    process = run_module(
        "gru_addition.add", "-", cwd=default_command[1],
        first="import sys; sys.stdin = None; os.close(0)",
    )  # fmt: skip

    assert process.returncode == 2
    assert process.stderr == f"{COMMAND}: standard input is closed\n"
