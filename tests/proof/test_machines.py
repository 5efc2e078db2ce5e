"""Other tasks than adding: proved, refuted, and refused, against brute force on short inputs."""

import itertools

import numpy as np
import pytest
from by_hand import network_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gru_addition.add import Adder
from gru_addition.cells.machine import ADDITION, MACHINES, Machine
from gru_addition.dataset import add_columns, encode_pairs
from gru_addition.prove import prove
from gru_addition.verify import RefusedError, verify

# All inputs of so many columns.
COLUMNS = 5
ALL = np.array(list(itertools.product(itertools.product((0, 1), repeat=2), repeat=COLUMNS)))
# What Python says about two numbers, written in so many bits, and their bits so far.
ANSWERS = {
    "addition": lambda a, b, t: (a + b) >> t & 1,
    "subtraction": lambda a, b, t: (a - b) >> t & 1,
    "comparison": lambda a, b, t: a % 2 ** (t + 1) < b % 2 ** (t + 1),
    "equality": lambda a, b, t: a % 2 ** (t + 1) == b % 2 ** (t + 1),
    "parity": lambda a, b, t: ones(a, b, t) % 2,
    "threes": lambda a, b, t: ones(a, b, t) % 3 == 0,
}


def ones(*numbers_and_column):
    *numbers, t = numbers_and_column
    return sum((number % 2 ** (t + 1)).bit_count() for number in numbers)


@st.composite
def machines(draw, most_states=4):
    """Machines at random, some of whose states may be unreachable or redundant."""
    number = draw(st.integers(1, most_states))
    rows = st.lists(st.integers(0, number - 1), min_size=4, max_size=4)
    bits = st.lists(st.integers(0, 1), min_size=4, max_size=4)
    table = {"min_size": number, "max_size": number}
    return Machine(draw(st.lists(rows, **table)), draw(st.lists(bits, **table)))


def shortest_difference(one, other):
    """How many columns the shortest input has to which two machines answer differently, or None."""
    met, frontier, columns = {(0, 0)}, {(0, 0)}, 0
    while frontier:
        columns += 1
        if any((one.outputs[s] != other.outputs[t]).any() for s, t in frontier):
            return columns
        reached = {
            pair
            for s, t in frontier
            for pair in zip(one.targets[s].tolist(), other.targets[t].tolist(), strict=True)
        }
        frontier, met = reached - met, met | reached
    return None


def counting(length, wrong_output=None):
    """Parity, but for the answer to the last of so many columns of 1 + 1 in a row."""
    parity, number = MACHINES["parity"], 2 * length
    targets, outputs = np.zeros((number, 4), int), np.zeros((number, 4), int)
    for run, state in itertools.product(range(length), range(2)):
        row = 2 * run + state
        outputs[row] = parity.outputs[state]
        targets[row] = parity.targets[state]
        targets[row, 3] = 2 * min(run + 1, length - 1) + parity.targets[state, 3]
    if wrong_output is not None:
        outputs[-2:, 3] ^= wrong_output
    return Machine(targets, outputs)


@pytest.mark.quick
@pytest.mark.parametrize("task", MACHINES)
def test_a_machine_answers_as_python_does(task):
    pairs = list(itertools.product(range(32), repeat=2))
    _, bits = MACHINES[task].run(encode_pairs(pairs, 5))
    for (a, b), answer in zip(pairs, bits.tolist(), strict=True):
        assert answer == [ANSWERS[task](a, b, t) for t in range(5)]


@pytest.mark.quick
def test_the_machine_of_addition_adds_columns():
    np.testing.assert_array_equal(ADDITION.run(ALL)[1], add_columns(ALL)[:, :, 0])


@pytest.mark.parametrize("resolution", [None, 1])
@pytest.mark.parametrize("task", MACHINES)
def test_a_network_is_proved_right_at_its_task_and_at_no_other(task, resolution):
    machine = MACHINES[task]
    weights = network_of(machine)

    proof = prove(weights, resolution, machine)

    assert proof.verdict == "proved"
    smallest, expected = proof.machine, machine.minimised()[0]
    assert shortest_difference(smallest, machine) is None
    assert len(smallest.targets) == len(expected.targets)
    output = Adder.from_weights(weights, resolution).predict(ALL.astype(float))
    np.testing.assert_array_equal(output[:, :, 0] > 0.5, machine.run(ALL)[1])
    for other in MACHINES.values():
        if other is not machine:
            with pytest.raises(RefusedError, match="another machine"):
                verify(proof.certificate, weights, resolution, other)


@settings(max_examples=15)
@given(asked=machines(), built=machines())
def test_a_network_is_proved_if_and_only_if_it_does_what_the_machine_does(asked, built):
    weights = network_of(built)
    expected = shortest_difference(asked, built)

    proof = prove(weights, 1, asked)

    assert (proof.verdict == "proved") == (expected is None)
    assert prove(weights, 1, built).verdict == "proved"
    if expected is not None:
        wrong = proof.wrong_sum
        assert proof.verdict == "refuted"
        assert wrong.num_bits == expected
        assert proof.is_smallest
        x = encode_pairs([(wrong.a, wrong.b)], wrong.num_bits)
        differ = asked.run(x)[1] != built.run(x)[1]
        assert differ[0].nonzero()[0].tolist() == [expected - 1]


def test_a_machine_that_differs_in_one_rare_transition_is_told_by_the_shortest_input():
    length = 14
    rare, often = counting(length, wrong_output=1), counting(length)
    weights = network_of(rare)

    assert prove(weights, 1, rare).verdict == "proved"
    # A machine with more states than it needs is still what it is.
    assert prove(network_of(often), 1, MACHINES["parity"]).verdict == "proved"
    for asked, resolution in itertools.product((often, MACHINES["parity"]), (None, 1)):
        proof = prove(weights, resolution, asked)
        assert proof.verdict == "refuted"
        assert proof.wrong_sum.num_bits == length
        assert proof.wrong_sum.a == proof.wrong_sum.b == 2**length - 1


def test_a_certificate_does_not_choose_its_machine():
    parity, weights = MACHINES["parity"], network_of(MACHINES["parity"])
    certificate = prove(weights, None, parity).certificate
    # With more states than it needs, and with another answer where nothing ever leads.
    redundant = Machine(
        *(np.concatenate(2 * [table]) for table in (parity.targets, parity.outputs))
    )
    unreachable = Machine(redundant.targets, redundant.outputs * [[1], [1], [0], [0]])
    lying = Machine(parity.targets, 1 - parity.outputs)
    for machine in redundant, unreachable, lying:
        tables = {"machine_targets": machine.targets, "machine_outputs": machine.outputs}
        with pytest.raises(RefusedError, match="another machine"):
            verify(certificate | tables, weights, machine=parity)
        with pytest.raises(RefusedError, match="another machine"):
            verify(certificate, weights, machine=machine)
    # The tables of the machine that it is asked about, for a network that does something else.
    tables = {"machine_targets": lying.targets, "machine_outputs": lying.outputs}
    with pytest.raises(RefusedError, match="does not remember"):
        verify(certificate | tables, weights, machine=lying)
    turned = certificate | tables | {"bits": np.append(-1, 1 - certificate["bits"][1:])}
    with pytest.raises(RefusedError, match="output of state"):
        verify(turned, weights, machine=lying)
    for memory in -1, 2:
        forged = certificate | {"memories": np.where(certificate["memories"] == 1, memory, 0)}
        with pytest.raises(RefusedError, match="what no machine does"):
            verify(forged, weights, machine=parity)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("targets", "outputs", "words"),
    [
        ([[0, 0, 0, 1]], [[0, 0, 0, 0]], "targets must .* below 1"),
        ([[0, 0, 0, -1]], [[0, 0, 0, 0]], "targets must"),
        ([[0, 0, 0]], [[0, 0, 0]], "targets must"),
        ([[0, 0, 0, 0]], [[0, 0, 0, 2]], "outputs must .* below 2"),
        ([[0, 0, 0, 0]], [[0, 0, 0, 0]] * 2, "outputs must"),
        ([], [], "targets must"),
        ([[0, 0, 0, 0.5]], [[0, 0, 0, 0]], "targets must"),
    ],
)
def test_tables_that_are_no_machine_are_refused(targets, outputs, words):
    with pytest.raises(ValueError, match=words):
        Machine(targets, outputs)
