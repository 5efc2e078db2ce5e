"""How much longer training takes with checkpoints, at the default interval.

    python benchmarks/checkpoint_cost.py

Trains each engine with and without a directory in turn, and prints the ratio of the times from
the first report to the last.
"""

import statistics
import sys
import tempfile
import time

from gru_addition.support import xla
from gru_addition.train import Config, train

ROUNDS = 3
ITERATIONS = {"compiled": 20_000, "session": 1_500}


def seconds(config, directory):
    """Train; return the time from the first report to the last."""
    reports = []
    train(config, directory, on_progress=lambda history: reports.append(time.perf_counter()))
    return reports[-1] - reports[0]


def main():
    for engine, iterations in ITERATIONS.items():
        config = Config(engine=engine, iterations=iterations)
        ratios = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as directory:
                without = seconds(config, None)
                ratios.append(seconds(config, directory) / without)
        print(
            f"{engine} engine, a checkpoint every {config.checkpoint_interval:,} iterations: takes "
            f"{statistics.median(ratios):.3f} times as long as without any "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    xla.prepare_process()
    sys.exit(main())
