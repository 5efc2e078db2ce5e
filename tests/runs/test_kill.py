"""A run that is killed again and again ends with the same numbers as one that never was.

`make torture` kills a hundred times.
"""

import multiprocessing
import random
import signal
import sys
import time
from dataclasses import replace

import pytest
from common import assert_same_numbers

from gru_addition.runs.checkpoints import SUFFIXES
from gru_addition.train import Config, Run, train

TINY = Config(num_bits=3, batch_size=10, hidden_size=4, iterations=100, engine="session")
CONFIGS = {
    "session": replace(TINY, checkpoint_every=1),
    "session, mini-batches": replace(TINY, checkpoint_every=3, keep=2, mini_batch_size=7),
    "session, fresh batches": replace(TINY, checkpoint_every=2, fresh_batches=True),
    "compiled, mini-batches": replace(
        TINY, engine="compiled", iterations_per_run=4, checkpoint_every=4, mini_batch_size=7
    ),
    "compiled, fresh batches": replace(
        TINY, engine="compiled", iterations_per_run=1, checkpoint_every=1, fresh_batches=True
    ),
}
if sys.platform != "linux":
    pytest.skip("needs linux", allow_module_level=True)
# Its children have TensorFlow imported already, but have started nothing in it.
server = multiprocessing.get_context("forkserver")
server.set_forkserver_preload(["gru_addition.model", "gru_addition.train", "test_kill"])


def start(config, directory):
    resume = (directory / "manifest.json").exists()
    process = server.Process(target=train, args=(config, directory), kwargs={"resume": resume})
    process.start()
    return process


def kill_again_and_again(config, directory, kills):
    """Train, with `kills` kills at random moments; return how many iterations each found saved."""
    found = []
    while True:
        process = start(config, directory)
        if len(found) < kills:
            # One kill in four comes during set-up, the others while it trains and saves.
            if random.random() < 0.75:
                wait_for_checkpoint(process, directory)
            process.join(random.uniform(0, 0.7))
            process.kill()
        process.join()
        if process.exitcode == 0:
            return found
        assert process.exitcode == -signal.SIGKILL
        is_begun = (directory / "manifest.json").exists()
        found.append(len(Run.restore(directory).history) if is_begun else None)


def wait_for_checkpoint(process, directory):
    """Wait until there is one more checkpoint, or the process has ended."""
    before = manifest(directory)
    while process.is_alive() and manifest(directory) == before:
        time.sleep(0.002)


def manifest(directory):
    path = directory / "manifest.json"
    return path.read_bytes() if path.exists() else None


SHORT = [(kind, 3) for kind in list(CONFIGS)[:4]]
LONG = [pytest.param(kind, 20, marks=pytest.mark.torture) for kind in CONFIGS]


@pytest.mark.parametrize(("kind", "kills"), SHORT + LONG)
def test_killed_at_random_moments_it_ends_as_if_it_never_was(kind, kills, tmp_path, figure):
    config = CONFIGS[kind]
    expected = train(config)
    found, runs = [], 0

    # A run may finish before it has been killed often enough; then another starts.
    while len(found) < kills:
        directory = tmp_path / str(runs)
        found += kill_again_and_again(config, directory, kills - len(found))
        assert_same_numbers(Run.restore(directory), expected)
        assert len(list(directory.iterdir())) == config.keep * len(SUFFIXES) + 3
        runs += 1

    figure(
        f"{kind}: {len(found)} kills in {runs} runs of {config.iterations} iterations; saved were "
        f"{', '.join(map(str, found))}"
    )
