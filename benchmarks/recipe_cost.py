"""How much longer training takes with state noise, and with the Jacobian penalty.

    python benchmarks/recipe_cost.py

Trains each recipe with and without them in turn, on the compiled engine, and prints the ratio of
the times from the first report to the last.
"""

import statistics
import sys
import time
from dataclasses import replace

from gru_addition.study import RECIPES
from gru_addition.support import process
from gru_addition.train import Config, train

ROUNDS, ITERATIONS = 5, 3000
PROVABLE = "fresh + state noise", "fresh + Jacobian penalty", "tutorial + Jacobian penalty"


def seconds(config):
    """Train; return the time from the first report to the last."""
    reports = []
    train(config, on_progress=lambda history: reports.append(time.perf_counter()))
    return reports[-1] - reports[0]


def main():
    for name in PROVABLE:
        config = Config(**RECIPES[name] | {"iterations": ITERATIONS})
        plain = replace(config, state_noise=0.0, jacobian_penalty=0.0)
        ratios = []
        for _ in range(ROUNDS):
            without = seconds(plain)
            ratios.append(seconds(config) / without)
        print(
            f"{name}: takes {statistics.median(ratios):.2f} times as long as without "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    process.set_flags()
    sys.exit(main())
