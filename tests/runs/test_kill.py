"""A run that is killed again and again ends with the same numbers as one that never was.

`make torture` kills a hundred times.
"""

import multiprocessing
import signal
import sys
import time
from dataclasses import replace

import pytest
from common import assert_same_numbers

from gru_addition.runs.directory import RUN
from gru_addition.train import Config, Run, train

TINY = Config(num_bits=3, batch_size=10, hidden_size=4, iterations=60, engine="session")
CONFIGS = {
    "session": replace(TINY, checkpoint_every=1),
    "session, mini-batches": replace(TINY, checkpoint_every=3, mini_batch_size=7),
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
server.set_forkserver_preload(["tensorflow.compat.v1", "gru_addition.train", "test_kill"])


def saved(directory):
    """What `stat` says of the saved state, or None."""
    path = directory / RUN
    return path.stat() if path.exists() else None


def wait_for_save(process, directory):
    """Wait until the run is saved once more, or the process has ended."""
    before = saved(directory)
    while process.is_alive() and saved(directory) == before:
        time.sleep(0.001)


def kill_again_and_again(config, directory, kills, luck):
    """Train, with `kills` kills at random moments; return how many iterations each found saved."""
    found = []
    while True:
        resume = saved(directory) is not None
        process = server.Process(target=train, args=(config, directory), kwargs={"resume": resume})
        process.start()
        if len(found) < kills:
            # One kill in five comes during set-up, the others while it trains and saves.
            for _ in range(luck.choice([0, 2, 3, 5, 8])):
                wait_for_save(process, directory)
            process.join(luck.uniform(0, 0.02))
            process.kill()
        process.join()
        if process.exitcode == 0:
            return found
        assert process.exitcode == -signal.SIGKILL
        found.append(None if saved(directory) is None else len(Run.restore(directory).history))


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("session, mini-batches", 4),
        ("compiled, fresh batches", 1),
        *(pytest.param(kind, 20, marks=pytest.mark.torture) for kind in CONFIGS),
    ],
)
def test_killed_at_random_moments_it_ends_as_if_it_never_was(kind, kills, tmp_path, luck, figure):
    config = CONFIGS[kind]
    expected = train(config)
    found, runs = [], 0

    # A run may finish before it has been killed often enough; then another starts.
    while len(found) < kills:
        directory = tmp_path / str(runs)
        found += kill_again_and_again(config, directory, kills - len(found), luck)
        assert_same_numbers(Run.restore(directory), expected)
        runs += 1

    figure(
        f"{kind}: {len(found)} kills in {runs} runs of {config.iterations} iterations; saved were "
        f"{', '.join(map(str, found))}"
    )
