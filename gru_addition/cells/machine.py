"""What a network shall compute: a machine that reads two numbers column by column.

Adding on paper is one. It remembers the carry, and writes the bit of the sum:

    ADDITION.run(x)                   # the carry after each column, and the bit written there

`MACHINES` holds some others, regular tasks like those of Delétang et al. 2022 (Neural Networks and
the Chomsky Hierarchy, arXiv:2207.02098). One of your own is two tables:

    Machine(targets=[[0, 1, 1, 0], [1, 0, 0, 1]], outputs=[[0, 1, 1, 0], [1, 0, 0, 1]])   # parity
"""

from dataclasses import dataclass

import numpy as np

from gru_addition.support.checks import brief


@dataclass(frozen=True, eq=False)
class Machine:
    """A Mealy machine on pairs of bits (Mealy 1955), which starts in state 0.

    targets: (n, 4), the state to which each pair of bits leads from each state, the pairs in the
        order 0+0, 0+1, 1+0, 1+1.
    outputs: (n, 4), the bit written on the way.
    names: what to call the states; by default by their numbers.
    columns_left: (n,), how many columns an input still takes when it ends in each state, as a sum
        with a carry does; by default none.

    Raises `ValueError` for tables that are no machine.
    """

    targets: np.ndarray
    outputs: np.ndarray
    names: tuple = ()
    columns_left: np.ndarray | None = None

    def __post_init__(self):
        targets, outputs = np.asarray(self.targets), np.asarray(self.outputs)
        number, allowed = len(targets), {"targets": range(len(targets)), "outputs": (0, 1)}
        for name, table in ("targets", targets), ("outputs", outputs):
            if table.shape != (number, 4) or number == 0 or not np.isin(table, allowed[name]).all():
                raise ValueError(
                    f"{name} must have a row for each state with four numbers below "
                    f"{len(allowed[name])}, not {brief(table.tolist())}"
                )
            # A frozen dataclass leaves no other way to store the checked value.
            object.__setattr__(self, name, table.astype(int))
        names = self.names or tuple(map(str, range(number)))
        left = np.zeros(number, int) if self.columns_left is None else np.array(self.columns_left)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "columns_left", left)

    def run(self, x):
        """Its state after each column, and the bit that it writes there.

        x: the bits of the operands, (inputs, columns, 2), the lowest first. Returns two arrays of
        shape (inputs, columns).
        """
        state, states, bits = np.zeros(len(x), int), [], []
        for pairs in np.asarray(x, int).transpose(1, 0, 2) @ [2, 1]:
            bits.append(self.outputs[state, pairs])
            state = self.targets[state, pairs]
            states.append(state)
        return np.stack(states, axis=1), np.stack(bits, axis=1)

    def minimised(self):
        """The smallest machine that writes the same, and its state for each of ours.

        States that write alike count as the same, until a pair of bits leads from them to states
        that do not (Moore 1956, Gedanken-experiments on sequential machines, theorem 4).
        Every state must be reachable.
        """
        classes, coarser = _classes(self.outputs), None
        while not np.array_equal(classes, coarser):
            coarser = classes
            classes = _classes(np.column_stack([coarser, coarser[self.targets]]))
        _, chosen = np.unique(classes, return_index=True)
        names = tuple(self.names[i] for i in chosen)
        return Machine(classes[self.targets[chosen]], self.outputs[chosen], names), classes


def _classes(rows):
    """A number for each row, the same for equal rows, counted in the order in which they appear."""
    _, first, classes = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[classes.reshape(-1)]


ADDITION = Machine(
    [[0, 0, 0, 1], [0, 1, 1, 1]], [[0, 1, 1, 0], [1, 0, 0, 1]], ("no carry", "carry"), [0, 1]
)
MACHINES = {
    "addition": ADDITION,
    # a - b, and the borrow.
    "subtraction": Machine(
        [[0, 1, 0, 0], [1, 1, 0, 1]], [[0, 1, 1, 0], [1, 0, 0, 1]], ("no borrow", "borrow")
    ),
    # The others answer a question about all columns so far.
    "comparison": Machine(
        [[0, 1, 0, 0], [1, 1, 0, 1]], [[0, 1, 0, 0], [1, 1, 0, 1]], ("no", "a < b")
    ),
    "equality": Machine([[0, 1, 1, 0], [1] * 4], [[1, 0, 0, 1], [0] * 4], ("a = b", "no")),
    "parity": Machine([[0, 1, 1, 0], [1, 0, 0, 1]], [[0, 1, 1, 0], [1, 0, 0, 1]], ("even", "odd")),
    # Whether the number of ones in both is a multiple of three.
    "threes": Machine(
        [[0, 1, 1, 2], [1, 2, 2, 0], [2, 0, 0, 1]],
        [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0]],
        ("3 n ones", "3 n + 1", "3 n + 2"),
    ),
}
