"""The recipes that the study compares: what each changes in the tutorial's settings."""

from itertools import combinations

from gru_addition.study.measure import ROUNDED_TO

FRESH = {"num_bits": 12, "fresh_batches": True}
# What makes networks provable, in parts.
CHANGES = {
    "rate": {"learning_rate": 0.003},
    "noise": {"state_noise": 0.1},
    "penalty": {"jacobian_penalty": 0.01},
}
PROVABLE = CHANGES["rate"] | CHANGES["penalty"]
RECIPES: dict[str, dict] = {
    "tutorial": {},
    "more iterations": {"iterations": 20_000},
    "longer numbers": {"num_bits": 12},
    "fresh batches": FRESH,
    "fresh + state noise": FRESH | {"state_noise": 0.25, "resolution": ROUNDED_TO},
    "fresh + Jacobian penalty": FRESH | PROVABLE,
    "tutorial + Jacobian penalty": PROVABLE | CHANGES["noise"],
}


def _with_all_changes(name, settings):
    """A recipe with each selection of the `CHANGES`, by name: "tutorial + rate + penalty"."""
    recipes = {}
    for size in range(len(CHANGES) + 1):
        for chosen in combinations(CHANGES, size):
            recipe = recipes[" + ".join([name, *chosen])] = dict(settings)
            for change in chosen:
                recipe.update(CHANGES[change])
    return recipes


ABLATION = _with_all_changes("tutorial", {}) | _with_all_changes("fresh", FRESH)
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
# What might do instead of the penalty.
BASELINES = {
    f"fresh + rate + {name} {strength:g}": FRESH | CHANGES["rate"] | {setting: strength}
    for name, setting, strengths in (
        ("weight decay", "weight_decay", (0.1, 0.3, 1.0)),
        ("spectral norm", "spectral_norm", (1.0, 2.0, 4.0)),
    )
    for strength in strengths
}
# Around "tutorial + Jacobian penalty": the penalty and the noise, and the rate by itself.
SENSITIVITY = {
    f"penalty {penalty:g}, noise {noise:g}, rate {rate:g}": {
        "jacobian_penalty": penalty,
        "state_noise": noise,
        "learning_rate": rate,
    }
    for penalty in (0.003, 0.01, 0.03)
    for noise in (0.03, 0.1, 0.3)
    for rate in (0.001, 0.003, 0.01)
    if rate == 0.003 or (penalty, noise) == (0.01, 0.1)
}
# What is compared with each other, by the name that the command takes.
GROUPS = {
    "recipes": RECIPES,
    "ablation": ABLATION,
    "baselines": BASELINES,
    "sensitivity": SENSITIVITY,
    "cells": CELLS,
    "sizes": SIZES,
}
