"""Stand-ins for `run_seed` in a study, which train nothing and can be imported elsewhere."""

import time

import numpy as np

from gru_addition.prove.challenge import structured_pairs
from gru_addition.study.measure import LENGTHS


def fake_run(settings):
    """Rows like those of `run_seed`, made from the settings alone."""
    seed, is_good = settings["seed"], settings["iterations"] == 3
    rows = [
        ("training", 5, "train loss", 0.1),
        ("training", 5, "validation loss", 0.1 / (1 + seed)),
    ]
    for num_bits in LENGTHS:
        kinds = ["random", *(name for name, _ in structured_pairs(5, np.random))]
        for name in kinds:
            share = 1.0 if is_good else seed % 2 / num_bits
            rows += [(name, num_bits, "exact share", share), (name, num_bits, "bit share", share)]
    rows += [("1024 + 16", 20, "exact share", 1.0), ("0 to 249", 9, "exact share", 0.5)]
    rows += [("proof", None, "verdict", "proved" if is_good else "refuted")]
    return [*rows, ("rounded proof", None, "verdict", "proved")]


def slow_run(settings):
    """The same, slowly enough to kill a study meanwhile."""
    time.sleep(1)
    return fake_run(settings)
