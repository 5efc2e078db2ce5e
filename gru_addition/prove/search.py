"""Search for the smallest sum that a network gets wrong, or input, if its task is not to add.

The smallest sum has the fewest bits, then the smallest total, then the smallest a. In a sum of n
bits the operands and the total are written with n bits, in n columns. For the task of another
`Machine`, the word "sum" stands for two operands with any answer.

There are three searches. `try_all_sums` leaves nothing out, and gets as far as nine bits. `explore`
follows states instead of sums, and treats a state as one it has met if the two are close enough, so
it comes to an end. `repeat_words` goes far in a few directions, in which many networks drift. Each
of them finds the path of a real sum.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from gru_addition.cells.machine import ADDITION, Machine
from gru_addition.cells.network import A, B

NO_BIT = -1
MOST_STATES = 20_000
MOST_COLUMNS = 2000
# A multiple of the length of each word that `repeat_words` repeats.
PERIOD = 12
# The offset that separates states with different memories or bits; a GRU's lie within 1 of zero.
FAR = 1e3


@dataclass(frozen=True, order=True)
class WrongSum:
    """A pair that a network adds wrongly on `num_bits` bits; smaller ones sort first."""

    num_bits: int
    total: int
    a: int

    @property
    def b(self):
        return self.total - self.a


@dataclass(frozen=True)
class Exploration:
    """What `explore` found: states, and how close each is to where others lead.

    states: (n, state_size), the first one the zeros from which every sum begins.
    memories: (n,), the machine's state to be remembered in a state: for sums, the carry.
    bits: (n,), the bit to be read from a state; `NO_BIT` for the first.
    targets: (n, 4), the state taken for the one to which each pair of bits leads.
    wrong_sum: the first `WrongSum` on the way, or None.
    is_certain: whether no output was closer to 0.5, and no rounded number closer to a tie, than the
        network's slack.
    columns: the number of columns of the longest path.
    is_closed: whether each state has its targets. It is not if there were too many states, or if a
        wrong sum ended the search.
    """

    states: np.ndarray
    memories: np.ndarray
    bits: np.ndarray
    targets: np.ndarray
    wrong_sum: WrongSum | None
    is_certain: bool
    columns: int
    is_closed: bool


def try_all_sums(network, num_bits, machine=ADDITION):
    """Return the smallest `WrongSum` of up to `num_bits` bits, or None, and whether it is certain.

    It is not if an output was closer to 0.5 than the network's slack.
    """
    paths, found, is_certain = _Paths.before_all_columns(network, machine), None, True
    while paths.columns < num_bits:
        paths = paths.followed(network)
        is_certain = is_certain and paths.are_certain
        found = _smallest(found, paths, network)
        if found is not None and found.num_bits <= paths.columns:
            return found, is_certain
    return None, is_certain


def explore(network, spacing, most_states=MOST_STATES, machine=ADDITION):
    """Follow all sums column by column, until each state that appears is close to an earlier one.

    spacing: a state is new if no state of an earlier column, with the same memory and bit, is this
        close; of the new ones in a cell of a grid of this spacing, one is kept. If the network
        rounds its states, and this is less than half the unit of rounding, only equal states are
        taken for each other. Then the wrong sum found is the smallest, if it has no more bits than
        there were columns: the first path to reach a state is as short as any, and of several in
        the same column the one with the smallest sum is kept.
    most_states: give up beyond this many states.

    Returns an `Exploration`.
    """
    frontier, found, is_certain = _Paths.before_all_columns(network, machine), None, True
    states, memories, bits, targets = frontier.h, frontier.memories, frontier.bits, []
    while len(frontier) > 0 and len(states) <= most_states:
        paths = frontier.followed(network)
        is_certain = is_certain and paths.are_certain
        found = _smallest(found, paths, network)
        if found is not None and found.num_bits <= paths.columns:
            break
        places = _places(paths.h, paths.memories, paths.bits)
        distances, _ = cKDTree(_places(states, memories, bits)).query(places)
        is_far = np.flatnonzero(distances > spacing)
        is_far = np.array(sorted(is_far, key=lambda i: (paths.a[i] + paths.b[i], paths.a[i])), int)
        _, first = np.unique(np.round(places[is_far] / spacing), axis=0, return_index=True)
        frontier = paths[is_far[np.sort(first)]]
        states = np.concatenate([states, frontier.h])
        memories = np.append(memories, frontier.memories)
        bits = np.append(bits, frontier.bits)
        _, nearest = cKDTree(_places(states, memories, bits)).query(places)
        targets.append(nearest.reshape(-1, 4))
    return Exploration(
        states=states,
        memories=memories,
        bits=bits,
        targets=np.concatenate([np.empty((0, 4), int), *targets]),
        wrong_sum=found,
        is_certain=is_certain,
        columns=paths.columns,
        is_closed=len(frontier) == 0 and found is None,
    )


def repeat_words(network, machine=ADDITION):
    """Search among sums that repeat a few columns over and over, such as long runs of zeros.

    Such a sum is any first column or none, then a word of up to four columns again and again, then
    any one or two columns. Each is followed until its state recurs, or for `MOST_COLUMNS`; the
    longer it is, the less often two final columns are tried. Returns the smallest `WrongSum` among
    those found first, or None.
    """
    words = [word for length in range(1, 5) for word in itertools.product(range(4), repeat=length)]
    firsts = [(), (0,), (1,), (2,), (3,)]
    # Each row holds a first column and a period of its word.
    rows = np.array([(*first, *word * 13)[: 1 + PERIOD] for first in firsts for word in words])
    rows = np.unique(rows, axis=0)
    paths = _Paths.before_all_columns(network, machine, len(rows))
    before = paths.h
    while len(paths) > 0 and paths.columns < MOST_COLUMNS:
        followed = paths.followed(network)
        found = _smallest(None, followed, network)
        if paths.columns % (1 + paths.columns // 64) == 0:
            found = _smallest(found, followed.followed(network), network)
        if found is not None:
            return found
        place = 1 + (paths.columns - 1) % PERIOD if paths.columns > 0 else 0
        paths = followed[4 * np.arange(len(paths)) + rows[:, place]]
        if paths.columns % PERIOD == 0:
            moves = abs(paths.h - before).max(axis=1) > network.slack
            paths, rows = paths[moves], rows[moves]
            before = paths.h
    return None


@dataclass(frozen=True)
class _Paths:
    """Sums of some columns, and the states in which they leave the network.

    machine: what the network shall compute.
    h, memories: the network's states and the machine's.
    a, b: the operands so far, as Python integers.
    columns: the number of columns.
    bits: the bits of the sums in the last column; `NO_BIT` before the first.
    margins: how far their outputs are on the right side of 0.5; negative on the wrong side.
    are_certain: whether no output and no rounded number leaves a doubt.
    """

    machine: Machine
    h: np.ndarray
    memories: np.ndarray
    a: np.ndarray
    b: np.ndarray
    columns: int
    bits: np.ndarray
    margins: np.ndarray
    are_certain: bool

    @classmethod
    def before_all_columns(cls, network, machine, number=1):
        """Sums without any column, all alike."""
        h, nothing = np.zeros((number, network.state_size)), np.zeros(number, int)
        operands = nothing.astype(object)
        no_bits, margins = nothing + NO_BIT, nothing + np.inf
        return cls(machine, h, nothing, operands, operands, 0, no_bits, margins, True)

    def __len__(self):
        return len(self.h)

    def __getitem__(self, chosen):
        """Some of the paths."""
        names = "h", "memories", "a", "b", "bits", "margins"
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def followed(self, network):
        """The paths one column longer, four for each, in the order of `A` and `B`."""
        unsettled = network.steps(self.h).reshape(-1, network.state_size)
        h = network.settle(unsettled)
        memories = self.machine.targets[self.memories].ravel()
        bits = self.machine.outputs[self.memories].ravel()
        margins = (2 * bits - 1) * (network.output(h) - 0.5)
        is_certain = (abs(margins) > network.slack).all() and (abs(h) <= network.kind.largest).all()
        if network.resolution is not None:
            to_tie = 0.5 / network.resolution - abs(unsettled - h).max()
            is_certain = is_certain and to_tie > network.slack
        a, b = (
            (number[:, np.newaxis] + (digit.astype(object) << self.columns)).ravel()
            for number, digit in ((self.a, A), (self.b, B))
        )
        columns, is_certain = self.columns + 1, bool(is_certain)
        return _Paths(self.machine, h, memories, a, b, columns, bits, margins, is_certain)


def _smallest(found, paths, network):
    """The smallest of these paths' wrong sums and the one found before, or None.

    A sum with a carry left over needs one more column.
    """
    num_bits = paths.columns + paths.machine.columns_left[paths.memories]
    wrong_sums = [
        WrongSum(int(num_bits[i]), paths.a[i] + paths.b[i], paths.a[i])
        for i in np.flatnonzero(paths.margins < -network.slack)
    ]
    return min([*wrong_sums, *([] if found is None else [found])], default=None)


def _places(h, memories, bits):
    """Points to measure distances between; different memories or bits are far apart."""
    return np.column_stack([h, FAR * (2 * memories + bits)])
