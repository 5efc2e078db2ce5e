"""The recipes that the study compares: what each changes in the tutorial's settings."""

from gru_addition.study.measure import ROUNDED_TO

FRESH = {"num_bits": 12, "fresh_batches": True}
RECIPES = {
    "tutorial": {},
    "more iterations": {"iterations": 20_000},
    "longer numbers": {"num_bits": 12},
    "fresh batches": FRESH,
    "fresh + state noise": FRESH | {"state_noise": 0.25, "resolution": ROUNDED_TO},
    "fresh + Jacobian penalty": FRESH | {"jacobian_penalty": 0.01, "learning_rate": 0.003},
    "tutorial + Jacobian penalty": {
        "jacobian_penalty": 0.01,
        "state_noise": 0.1,
        "learning_rate": 0.003,
    },
}
