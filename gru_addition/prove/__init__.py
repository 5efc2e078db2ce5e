"""Prove that a trained network adds every pair correctly, or find the smallest it gets wrong.

    python -m gru_addition prove

Read `prover` (the argument, and how its parts work together), `search` (for wrong sums), `cover`
and `norms` (balls that no state leaves), and `challenge` (sums to ask for all the same). The
checker, `gru_addition.verify`, does not use them.
"""

from gru_addition.cells.machine import ADDITION, MACHINES, Machine
from gru_addition.prove.prover import PROVED, REFUTED, UNDECIDED, Proof, machine_of, prove

__all__ = [
    "ADDITION", "MACHINES", "PROVED", "REFUTED", "UNDECIDED", "Machine", "Proof", "machine_of",
    "prove",
]  # fmt: skip
