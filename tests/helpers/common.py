"""What the tests share: where things are, separate processes, and comparisons."""

import os
import subprocess
import sys
from pathlib import Path

import forked
import numpy as np

from gru_addition.support import process

ROOT = Path(__file__).parents[2]
HELPERS = ROOT / "tests" / "helpers"
GOLDEN = ROOT / "tests" / "golden"
VERSIONS = "tf-1.3.0", "tf-1.15.5"
STABLE_SEEDS = 0, 1, 2
CHAOTIC_SEED = 10
SEEDS = *STABLE_SEEDS, CHAOTIC_SEED
ENGINES = "compiled", "session"
# For the processes that share the tests: one thread each, since there are as many as cores, and the
# flags that the commands set.
OF_THE_TESTS = {
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "-1",
    process.FLAGS: " ".join(process.small_model_flags()),
}
# For code that imports modules from the tests.
WITH_TESTS = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HELPERS)])}


def run_module(module, *arguments, variables=None, **options):
    """Run `python -m module` in a process of its own, on this checkout; see `forked`.

    variables: what to add to the environment.
    """
    return _run(["-m", module, *arguments], variables, **options)


def run_code(code, *arguments, variables=None, **options):
    """Run `python -c code` like `run_module`; return what it prints."""
    ended = _run(["-c", code, *arguments], variables, **options)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _run(arguments, variables, **options):
    if not hasattr(os, "fork"):
        return run_from_scratch(*arguments, variables=variables, **options)
    return forked.run(arguments, environment() | (variables or {}), **options)


def run_from_scratch(*arguments, variables=None, **options):
    """Run Python in a process that imports everything itself."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment() | (variables or {}), capture_output=True, text=True, **options,
    )  # fmt: skip


def assert_same_numbers(run, expected):
    np.testing.assert_array_equal(run.history.train_losses, expected.history.train_losses)
    np.testing.assert_array_equal(run.history.validation_losses, expected.history.validation_losses)
    for name, weight in expected.weights.items():
        np.testing.assert_array_equal(run.weights[name], weight)


def contents(directory):
    """The contents of a directory's files, by name, without the lock."""
    files = (path for path in directory.iterdir() if path.is_file() and path.name != ".lock")
    return {path.name: path.read_bytes() for path in files}


def environment():
    """The environment of a process that finds this checkout from any directory."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    for name in "TF_CPP_MIN_LOG_LEVEL", *OF_THE_TESTS:
        variables.pop(name, None)
    return variables


def spike_onset(losses):
    """Return the iteration at which rounding errors begin to grow into a spike, or None.

    When Adam's steps become too long for the valley they are in, the weights swing from one side
    to the other, a little further with each step. The validation loss then has a term that changes
    sign at every iteration. Differences of a high order leave only that term. It grows
    exponentially, from rounding errors of 1e-16 through 1e-12 and 1e-8 to a visible spike. The
    first stretch can't be seen, and is assumed to last as long as the second.
    """
    order = 6
    swing = np.abs(np.diff(losses, order)) / 2**order / losses[order:]
    visible = np.flatnonzero(swing > 1e-6)
    # The first iterations fall steeply, without any swing.
    visible = visible[visible > 1000]
    if not len(visible):
        return None
    reached = [np.flatnonzero(swing[: visible[0]] < level)[-1] for level in (1e-12, 1e-8)]
    return order + reached[0] - (reached[1] - reached[0])
