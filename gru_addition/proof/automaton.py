"""A proved network as a finite automaton, and the smallest one that does the same.

A Mealy machine reads one of the four pairs of bits at a time and writes a bit. The states of a
certificate make one. If the network adds correctly, its minimised machine has two states, and they
are the carry: adding on paper is the smallest machine that adds.
"""

from dataclasses import dataclass

import numpy as np

from gru_addition.proof.network import Network
from gru_addition.runs.weights import cell_of, weight_shapes


@dataclass(frozen=True)
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
        cell, hidden = cell_of(certificate), len(certificate["W_output"])
        weights = {name: certificate[name] for name in weight_shapes(hidden, cell)}
        bits = Network(weights, resolution).output(certificate["states"]) > 0.5
        targets = certificate["targets"]
        return cls(targets, bits[targets].astype(int))

    def minimised(self):
        """The smallest automaton that writes the same, and its state for each of ours.

        States that write alike count as the same, until a pair of bits leads from them to states
        that do not (Moore 1956, Gedanken-experiments on sequential machines, theorem 4).
        Every state must be reachable.
        """
        classes = _classes(self.outputs)
        while True:
            finer = _classes(np.column_stack([classes, classes[self.targets]]))
            if finer.max() == classes.max():
                break
            classes = finer
        # Numbered in order of first appearance, so the start is 0.
        _, first, classes = np.unique(classes, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))
        chosen = np.sort(first)
        return Automaton(rank[classes[self.targets[chosen]]], self.outputs[chosen]), rank[classes]


def _classes(rows):
    """A number for each row, the same for equal rows."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
