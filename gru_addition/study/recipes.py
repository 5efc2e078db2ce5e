"""The recipes that the study compares: what each changes in the tutorial's settings."""

from itertools import product

from gru_addition.study.measure import ROUNDED_TO

FRESH = {"num_bits": 12, "fresh_batches": True}
# What makes networks provable, in parts.
CHANGES = {
    "rate": {"learning_rate": 0.003},
    "noise": {"state_noise": 0.1},
    "penalty": {"jacobian_penalty": 0.01},
}
RECIPES = {
    "tutorial": {},
    "more iterations": {"iterations": 20_000},
    "longer numbers": {"num_bits": 12},
    "fresh batches": FRESH,
    "fresh + state noise": FRESH | {"state_noise": 0.25, "resolution": ROUNDED_TO},
    "fresh + Jacobian penalty": FRESH | CHANGES["penalty"] | CHANGES["rate"],
    "tutorial + Jacobian penalty": CHANGES["penalty"] | CHANGES["rate"],
}


def _with_all_changes(name, settings):
    """A recipe with each selection of the `CHANGES`, by name: "tutorial + rate + penalty"."""
    recipes = {}
    for selected in product([False, True], repeat=len(CHANGES)):
        chosen = [change for change, is_chosen in zip(CHANGES, selected, strict=True) if is_chosen]
        recipes[" + ".join([name, *chosen])] = settings | {
            setting: value for change in chosen for setting, value in CHANGES[change].items()
        }
    return recipes


ABLATION = _with_all_changes("tutorial", {}) | _with_all_changes("fresh", FRESH)
# What is compared with each other, by the name that the command takes.
GROUPS = {"recipes": RECIPES, "ablation": ABLATION}
