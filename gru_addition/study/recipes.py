"""The recipes that the study compares: what each changes in the tutorial's settings."""

from functools import reduce
from itertools import combinations
from operator import or_

from gru_addition.study.measure import ROUNDED_TO

FRESH = {"num_bits": 12, "fresh_batches": True}
# What makes networks provable, in parts.
CHANGES = {
    "rate": {"learning_rate": 0.003},
    "noise": {"state_noise": 0.1},
    "penalty": {"jacobian_penalty": 0.01},
}
RECIPES: dict[str, dict] = {
    "tutorial": {},
    "more iterations": {"iterations": 20_000},
    "longer numbers": {"num_bits": 12},
    "fresh batches": FRESH,
    "fresh + state noise": FRESH | {"state_noise": 0.25, "resolution": ROUNDED_TO},
    "fresh + Jacobian penalty": FRESH | CHANGES["penalty"] | CHANGES["rate"],
    "tutorial + Jacobian penalty": CHANGES["penalty"] | CHANGES["noise"] | CHANGES["rate"],
}


def _with_all_changes(name, settings):
    """A recipe with each selection of the `CHANGES`, by name: "tutorial + rate + penalty"."""
    selections = [chosen for size in range(4) for chosen in combinations(CHANGES, size)]
    return {
        " + ".join([name, *chosen]): reduce(or_, map(CHANGES.get, chosen), settings)
        for chosen in selections
    }


ABLATION = _with_all_changes("tutorial", {}) | _with_all_changes("fresh", FRESH)
PROVABLE = CHANGES["rate"] | CHANGES["penalty"]
CELLS = {
    f"{cell}{name}": dict(settings, cell=cell)
    for cell in ("gru", "elman", "lstm")
    for name, settings in {
        "": {},
        " + rate + penalty": PROVABLE,
        " + fresh": FRESH,
        " + fresh + rate + penalty": FRESH | PROVABLE,
    }.items()
}
# The smallest learn slowly with a smaller rate.
SIZES = {
    f"{size} units" if size > 1 else "1 unit": FRESH
    | CHANGES["penalty"]
    | {"learning_rate": 0.01, "hidden_size": size}
    for size in range(16, 0, -1)
}
# What is compared with each other, by the name that the command takes.
GROUPS = {"recipes": RECIPES, "ablation": ABLATION, "cells": CELLS, "sizes": SIZES}
