"""The same settings give the same bytes, and memory stays flat, except for the losses kept.

`make torture` runs a hundred thousand iterations.
"""

import pytest
from common import contents, run_code, run_from_scratch

from gru_addition.commands.train import main
from gru_addition.runs.checkpoints import MANIFEST
from gru_addition.train import Config

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
SHORT = {
    "compiled": "Config(iterations=10_000, iterations_per_run=10, num_bits=2, batch_size=10, "
    "hidden_size=4, checkpoint_every=100)",
    "session": "Config(iterations=1000, engine='session', num_bits=2, batch_size=10, "
    "hidden_size=4, fresh_batches=True, checkpoint_every=5)",
}
LONG = {
    "compiled": "Config(iterations=100_000)",
    "session": "Config(iterations=100_000, engine='session')",
}
MOST_MEGABYTES = 5
# The losses of an iteration take 16 bytes, and a save makes some copies of them.
BYTES_OF_AN_ITERATION = 64


@pytest.mark.linux
@pytest.mark.parametrize(
    ("engine", "config"),
    [
        *SHORT.items(),
        *(pytest.param(*case, marks=pytest.mark.torture) for case in LONG.items()),
    ],
)
def test_memory_stays_flat(engine, config, tmp_path, figure):
    printed = run_code(TRAIN_AND_MEASURE, config, tmp_path)

    measured = [float(number) for number in printed.split()]
    growth = measured[-1] - measured[0]
    losses = BYTES_OF_AN_ITERATION * eval(config, {"Config": Config}).iterations / 1e6
    figure(
        f"memory, {engine} engine, {config}: {measured[0]:.1f} MB after a tenth of the iterations, "
        f"{measured[-1]:.1f} MB at the end"
    )
    assert growth < MOST_MEGABYTES + losses


@pytest.mark.parametrize("engine", ["compiled", pytest.param("session", marks=pytest.mark.torture)])
def test_two_processes_give_the_same_bytes(engine, tmp_path):
    # The program of another test, compiled once for both.
    program = "--mini-batch-size=30", "--learning-rate=0.01"
    arguments = [f"--engine={engine}", "--iterations=200", *program]
    directories = tmp_path / "one", tmp_path / "other"
    assert main([*arguments, f"--output-dir={directories[0]}"]) == 0
    process = run_from_scratch(
        "-m", "gru_addition.train", *arguments, f"--output-dir={directories[1]}",
        # Another seed for string hashes, and so another order of sets.
        variables={"PYTHONHASHSEED": "7"},
    )  # fmt: skip
    assert process.returncode == 0

    one, other = map(contents, directories)
    assert MANIFEST in one
    # Every file, even the checkpoint and the picture.
    assert one == other
