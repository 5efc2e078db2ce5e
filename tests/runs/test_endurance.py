"""The same settings give the same bytes, and memory stays flat, except for the losses kept.

`make torture` runs a hundred thousand iterations.
"""

from dataclasses import replace

import pytest
from common import OF_THE_TESTS, contents, run_code, run_from_scratch

from gru_addition.train import Config, train

TRAIN_AND_MEASURE = """
import os, sys
from gru_addition.train import Config, train

def megabytes():
    with open("/proc/self/statm") as statistics:
        return int(statistics.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

measured = {}

def measure(history):
    tenth = len(history) * 10 // history.iterations
    measured.setdefault(tenth, megabytes())

train(eval(sys.argv[1]), sys.argv[2], on_progress=measure)
print(*(measured[tenth] for tenth in range(1, 11)))
"""
SMALL = Config(num_bits=2, batch_size=10, hidden_size=4)
SHORT = {
    "compiled": replace(SMALL, iterations=10_000, iterations_per_run=10, checkpoint_every=100),
    "session": replace(
        SMALL, iterations=1000, engine="session", fresh_batches=True, checkpoint_every=5
    ),
}
LONG = {engine: Config(iterations=100_000, engine=engine) for engine in SHORT}
MOST_MEGABYTES = 5
# The losses of an iteration take 16 bytes, and a save makes some copies of them.
BYTES_OF_AN_ITERATION = 64


@pytest.mark.linux
@pytest.mark.parametrize(
    "config",
    [
        *SHORT.values(),
        *(pytest.param(config, marks=pytest.mark.torture) for config in LONG.values()),
    ],
)
def test_memory_stays_flat(config, tmp_path, figure):
    printed = run_code(TRAIN_AND_MEASURE, repr(config), tmp_path)

    measured = [float(number) for number in printed.split()]
    growth = measured[-1] - measured[0]
    losses = BYTES_OF_AN_ITERATION * config.iterations / 1e6
    figure(
        f"memory, {config.engine} engine, {config.iterations:,} iterations: {measured[0]:.1f} MB "
        f"after a tenth of them, {measured[-1]:.1f} MB at the end"
    )
    assert growth < MOST_MEGABYTES + losses


TRAIN = "import sys; from gru_addition.train import Config, train; train(eval(sys.argv[1]), 'run')"


@pytest.mark.parametrize("engine", ["compiled", pytest.param("session", marks=pytest.mark.torture)])
def test_two_processes_give_the_same_bytes(engine, tmp_path):
    config = replace(SMALL, engine=engine, iterations=20, mini_batch_size=7)
    train(config, tmp_path / "here")
    # Another seed for string hashes, and so another order of sets.
    variables = OF_THE_TESTS | {"PYTHONHASHSEED": "7"}
    run_from_scratch("-c", TRAIN, repr(config), cwd=tmp_path, variables=variables)

    here, there = contents(tmp_path / "here"), contents(tmp_path / "run")
    # Every file, even the checkpoint and the picture.
    assert len(here) == 5
    assert here == there
