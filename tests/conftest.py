"""What the tests share: the golden record, one training run per seed, and a list of figures."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
VERSIONS = "tf-1.3.0", "tf-1.15.5"
STABLE_SEEDS = 0, 1, 2
CHAOTIC_SEED = 10
SEEDS = *STABLE_SEEDS, CHAOTIC_SEED
ENGINES = "compiled", "session"
FIGURES = pytest.StashKey()

# Speed is measured in benchmarks, never in a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
    """The ops of the tutorial's graph in TensorFlow 1.3.0: a dict from names to types."""
    return json.loads((GOLDEN / "tf-1.3.0" / "graph.json").read_text())


@pytest.fixture(scope="session")
def default_command(tmp_path_factory):
    """`python -m gru_addition.train` without arguments: its process, and where it ran."""
    directory = tmp_path_factory.mktemp("default")
    return run_module("gru_addition.train", cwd=directory), directory


@pytest.fixture(scope="session")
def trained(default_command):
    """A function of engine and seed that returns the tutorial's run, trained once per test session.

    That of the defaults is read from what the command saved.
    """
    from gru_addition.train import Config, Run, train

    @cache
    def run(engine, seed):
        config = Config(seed=seed, engine=engine)
        if config == Config():
            return Run.restore(default_command[1] / "runs" / "latest")
        return train(config)

    return run


def run_module(module, *arguments, variables=None, **options):
    """Run `python -m module` in a process of its own, on this checkout.

    variables: what the environment is to hold besides.
    """
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment() | (variables or {}), capture_output=True, text=True, **options,
    )  # fmt: skip


@contextmanager
def unprivileged(path):
    """As root, who may write anywhere, become somebody else who can reach `path` for a while."""
    if os.geteuid() != 0:
        yield
        return
    for parent in path.parents:
        parent.chmod(parent.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def assert_same_numbers(run, expected):
    np.testing.assert_array_equal(run.history.train_losses, expected.history.train_losses)
    np.testing.assert_array_equal(run.history.validation_losses, expected.history.validation_losses)
    for name, weight in expected.weights.items():
        np.testing.assert_array_equal(run.weights[name], weight)


def contents(directory):
    """What is in the files of a directory, by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def environment():
    """The environment of a process that finds this checkout from any directory."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    variables.pop("TF_CPP_MIN_LOG_LEVEL", None)
    return variables


@pytest.fixture
def figure(request):
    """A function that takes a line to print at the end of the test session."""
    return request.config.stash[FIGURES].append


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_sessionfinish(session):
    # Where several processes share the tests, each hands its lines to the first.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash[FIGURES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[FIGURES] += getattr(node, "workeroutput", {}).get("figures", [])


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.line(line)
