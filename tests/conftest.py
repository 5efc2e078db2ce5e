"""What the tests share: the golden record, trained runs, and what is printed at their end."""

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import compile_once
import forked
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from shared_runs import directory_of, trained_once

from gru_addition.config import Config
from gru_addition.support import xla

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
VERSIONS = "tf-1.3.0", "tf-1.15.5"
STABLE_SEEDS = 0, 1, 2
CHAOTIC_SEED = 10
SEEDS = *STABLE_SEEDS, CHAOTIC_SEED
ENGINES = "compiled", "session"
# What the processes that share the tests are given: one thread each, since there are as many as
# cores, and the flags that the commands set.
OF_THE_TESTS = {
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "-1",
    xla.FLAGS: " ".join(xla.small_model_flags()),
}
# For code that imports modules of the tests.
WITH_TESTS = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
FIGURES, PROGRAMS, STARTED = (pytest.StashKey() for _ in range(3))

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


@pytest.fixture(scope="session", autouse=True)
def compiled_once():
    """The flags of TensorFlow with which this process compiles each program once."""
    # Without graphs there is nothing to compile.
    if "gru_addition.engines.graphs" in sys.modules:
        from gru_addition.engines import graphs

        # Now TensorFlow reads its flags.
        assert graphs.xla_is_available()
        compile_once.give_equal_graphs_equal_names()
    # They are not for every process that a test starts.
    return os.environ.pop(compile_once.FLAGS)


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
            directory_of(Config(), directory).symlink_to(default_command[1] / "runs" / "latest")
    return directory


@pytest.fixture(scope="session")
def trained_in(shared_runs):
    """A function of settings that returns the directory of their run, not to be changed."""
    from gru_addition.train import train

    return partial(trained_once, directory=shared_runs, train=train)


@pytest.fixture(scope="session")
def trained(trained_in):
    """A function of settings that returns the run, trained once per test session."""
    from gru_addition.train import Run

    return cache(lambda config: Run.restore(trained_in(config)))


def run_module(module, *arguments, variables=None, **options):
    """Run `python -m module` in a process of its own, on this checkout; see `forked`.

    variables: what the environment is to hold besides.
    """
    return forked.run(["-m", module, *arguments], environment() | (variables or {}), **options)


def run_code(code, *arguments, variables=None, **options):
    """Run `python -c code` like `run_module`; return what it prints."""
    process = forked.run(["-c", code, *arguments], environment() | (variables or {}), **options)
    assert process.returncode == 0, process.stderr
    return process.stdout


def run_from_scratch(*arguments, variables=None, **options):
    """Run Python in a process that imports everything itself."""
    return subprocess.run(
        [sys.executable, *arguments],
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
    for name in "TF_CPP_MIN_LOG_LEVEL", *OF_THE_TESTS:
        variables.pop(name, None)
    return variables


@pytest.fixture
def figure(request):
    """A function that takes a line to print at the end of the test session."""
    return request.config.stash[FIGURES].append


def pytest_configure(config):
    config.stash[FIGURES] = []
    config.stash[STARTED] = time.perf_counter()
    os.environ |= OF_THE_TESTS
    if not hasattr(config, "workerinput"):
        config.stash[PROGRAMS] = tempfile.TemporaryDirectory()
        os.environ[compile_once.FLAGS] = compile_once.flags(config.stash[PROGRAMS].name)
    # A shell that runs the tests in the background lets them, and so their children, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure(config):
    if PROGRAMS in config.stash:
        config.stash[PROGRAMS].cleanup()


def pytest_sessionfinish(session):
    # Where several processes share the tests, each hands its lines to the first.
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
    # Here come the slowest tests.
    yield
    clock, used = time.perf_counter() - config.stash[STARTED], os.times()
    # By now the processes that shared the tests have ended, and all that they started.
    processor = used.user + used.system + used.children_user + used.children_system
    terminalreporter.section("time")
    terminalreporter.line(f"{clock:,.0f} s of the clock, {processor:,.0f} s of processor time")
    if config.option.markexpr == "quick":
        terminalreporter.line("These are not all tests: `make test` runs them all.")
