"""What the tests share: the golden record, trained runs, and what is printed at the end."""

import os
import pickle
import random
import shutil
import signal
import sys
import time
from functools import cache, partial

import numpy as np
import pytest
from chromium import chromium
from common import GOLDEN, OF_THE_TESTS, run_from_scratch
from filelock import FileLock
from hypothesis import settings
from shared_runs import directory_of, trained_once

from gru_addition.config import Config

FIGURES, STARTED = pytest.StashKey(), pytest.StashKey()


@pytest.fixture(scope="session")
def golden():
    """A function of version and seed that returns what that TensorFlow computed, by name."""

    @cache
    def load(version, seed):
        with np.load(GOLDEN / version / f"seed-{seed}.npz") as arrays:
            return dict(arrays)

    return load


@pytest.fixture
def session():
    """A TensorFlow 1 session in a graph of its own; both are the default."""
    from gru_addition.support import tf

    with tf.Graph().as_default(), tf.Session() as session:
        yield session


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path) as browser:
        yield browser


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """The directory that all processes of a test session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def default_command(shared):
    """`python -m gru_addition.train` without arguments: its process, and where it ran."""
    directory, process = shared / "default", shared / "default.pickle"
    with FileLock(f"{directory}.lock"):
        if not process.exists():
            directory.mkdir()
            ended = run_from_scratch("-m", "gru_addition.train", cwd=directory)
            process.write_bytes(pickle.dumps(ended))
    return pickle.loads(process.read_bytes()), directory


@pytest.fixture(scope="session")
def shared_runs(shared, default_command):
    """The directory of the runs that tests and notebooks share."""
    directory = shared / "runs"
    with FileLock(f"{directory}.lock"):
        if not directory.exists():
            directory.mkdir()
            shutil.copytree(
                default_command[1] / "runs" / "latest", directory_of(Config(), directory)
            )
    return directory


@pytest.fixture(scope="session")
def trained_in(shared_runs):
    """A function of settings that returns the directory of their run; do not change it."""
    from gru_addition.train import train

    return partial(trained_once, directory=shared_runs, train=train)


@pytest.fixture(scope="session")
def trained(trained_in):
    """A function of settings that returns the run, trained once per test session."""
    from gru_addition.train import Run

    return cache(lambda config: Run.restore(trained_in(config)))


@pytest.fixture
def luck(request):
    """A `random.Random`, the same each time unless `make torture` gives another seed."""
    return random.Random(request.config.getoption("--hypothesis-seed", None) or 0)


@pytest.fixture
def figure(request):
    """A function that takes a line to print at the end of the test session."""
    return request.config.stash[FIGURES].append


def pytest_configure(config):
    # `make test` draws the same examples each time, `make torture` those of the seed it prints.
    # Speed is measured in benchmarks, never in a test.
    is_new = config.getoption("--hypothesis-seed", None) is not None
    settings.register_profile("ours", deadline=None, derandomize=not is_new)
    settings.load_profile("ours")
    config.stash[FIGURES] = []
    config.stash[STARTED] = time.perf_counter()
    os.environ |= OF_THE_TESTS
    # A shell that runs the tests in the background makes them and their children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    is_there = {"posix": hasattr(os, "fork"), "linux": sys.platform == "linux"}
    for item in items:
        for system in is_there:
            if not is_there[system] and item.get_closest_marker(system):
                item.add_marker(pytest.mark.skip(reason=f"needs {system}"))


def pytest_sessionfinish(session):
    # If several processes share the tests, each hands its lines to the first.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash[FIGURES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[FIGURES] += getattr(node, "workeroutput", {}).get("figures", [])


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.line(line)
    # This prints the slowest tests.
    yield
    clock, used = time.perf_counter() - config.stash[STARTED], os.times()
    # By now the processes that shared the tests have ended, and so have all they started.
    processor = used.user + used.system + used.children_user + used.children_system
    terminalreporter.section("time")
    terminalreporter.line(f"{clock:,.0f} s of the clock, {processor:,.0f} s of processor time")
    if config.option.markexpr == "quick":
        terminalreporter.line("These are not all tests: `make test` runs them all.")
