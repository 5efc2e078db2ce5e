"""A proved network as a finite automaton, and the smallest one that does the same.

A Mealy machine reads one of the four pairs of bits at a time and writes a bit. The states of a
certificate make one. If the network adds correctly, its minimised machine has two states, and they
are the carry: adding on paper is the smallest machine that adds.
"""

from dataclasses import dataclass

import numpy as np

from gru_addition.cells.network import Network
from gru_addition.cells.weights import CELLS


@dataclass(frozen=True, eq=False)
class Automaton:
    """A Mealy machine that starts in state 0.

    targets: (n, 4), the state to which each pair of bits leads from each state, the pairs in the
        order 0+0, 0+1, 1+0, 1+1.
    outputs: (n, 4), the bit written on the way.
    """

    targets: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of_certificate(cls, certificate):
        """The states of a certificate, with the bits that the network itself reads in them.

        The certificate's own carries and bits are not used.
        """
        resolution = int(certificate["resolution"]) or None
        names = {name for kind in CELLS.values() for name in kind.weight_shapes(1)}
        weights = {name: certificate[name] for name in names & certificate.keys()}
        bits = Network(weights, resolution).output(certificate["states"]) > 0.5
        targets = certificate["targets"]
        return cls(targets, bits[targets].astype(int))

    def minimised(self):
        """The smallest automaton that writes the same, and its state for each of ours.

        States that write alike count as the same, until a pair of bits leads from them to states
        that do not (Moore 1956, Gedanken-experiments on sequential machines, theorem 4).
        Every state must be reachable.
        """
        classes, coarser = _classes(self.outputs), None
        while not np.array_equal(classes, coarser):
            coarser = classes
            classes = _classes(np.column_stack([coarser, coarser[self.targets]]))
        _, chosen = np.unique(classes, return_index=True)
        return Automaton(classes[self.targets[chosen]], self.outputs[chosen]), classes


def _classes(rows):
    """A number for each row, the same for equal rows, counted in the order in which they appear."""
    _, first, classes = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[classes.reshape(-1)]
