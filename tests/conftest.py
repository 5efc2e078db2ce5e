"""What the tests share: the golden record, one training run per seed, and a list of figures."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = "tf-1.3.0", "tf-1.15.5"
STABLE_SEEDS = 0, 1, 2
CHAOTIC_SEED = 10
SEEDS = *STABLE_SEEDS, CHAOTIC_SEED
FIGURES = pytest.StashKey()


@pytest.fixture(scope="session")
def golden():
    """A function of version and seed that returns what that TensorFlow computed, by name."""

    @cache
    def load(version, seed):
        with np.load(GOLDEN / version / f"seed-{seed}.npz") as arrays:
            return dict(arrays)

    return load


@pytest.fixture(scope="session")
def golden_graph():
    """The ops of the tutorial's graph in TensorFlow 1.3.0: two dicts from names to types."""
    return json.loads((GOLDEN / "tf-1.3.0" / "graph.json").read_text())


@pytest.fixture(scope="session")
def trained():
    """A function that returns the tutorial's run for a seed, trained once per test session."""
    from gru_addition.train import Config, train

    return cache(lambda seed: train(Config(seed=seed)))


@pytest.fixture
def figure(request):
    """A function that takes a line to print at the end of the test session."""
    return request.config.stash[FIGURES].append


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.line(line)
