"""The same network learns other tasks than to add, and is proved right at them.

    python examples/other_tasks.py
    python examples/other_tasks.py lstm 2 parity          two LSTMs, one task

Each task is a machine that reads two numbers column by column, from `gru_addition.cells.machine`.
For each, this trains networks with the Jacobian penalty, and asks whether what they learnt is right
for all numbers. It prints a table, and an input that goes wrong if there is one; the pictures are
in runs/tasks. It takes half an hour.
"""

import sys
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from gru_addition import prepare_process

CHANGES = {
    "learning_rate": 0.003, "jacobian_penalty": 0.01, "mini_batch_size": 100, "batch_size": 2000,
    "num_bits": 12,
}  # fmt: skip
# To count ones is harder: it takes longer, shorter numbers, and more of a penalty or of units.
COUNTING = {"iterations": 20_000, "num_bits": 6}
OF_TASK = {
    "parity": COUNTING | {"jacobian_penalty": 0.03}, "threes": COUNTING | {"hidden_size": 32},
}  # fmt: skip
VERDICTS = "proved", "refuted", "undecided"
PICTURES = Path("runs/tasks")


def examples(machine, num_bits, random_state, size):
    """Random pairs of numbers, and what the machine answers to them, column by column."""
    share_of_ones = np.full((size, 1, 2), 0.5)
    # Half of them have few ones or many, so that there are long runs of the same column.
    share_of_ones[::2] = random_state.uniform(size=share_of_ones[::2].shape)
    x = (random_state.uniform(size=(size, num_bits, 2)) < share_of_ones).astype(int)
    return x, machine.run(x)[1][:, :, np.newaxis]


def main(cell, seeds, tasks):
    """Train networks for tasks, prove or refute them, and print a table."""
    from gru_addition.add import show_sum
    from gru_addition.cells.machine import MACHINES
    from gru_addition.inside.portraits import proof_figure
    from gru_addition.prove import prove
    from gru_addition.support.files import prepare_directory
    from gru_addition.train import Config, train

    prepare_directory(PICTURES)
    rows = []
    for task in tasks:
        machine, verdicts, learnt = MACHINES[task], Counter(), 0
        for seed in range(seeds):
            random_state = np.random.RandomState(seed)
            config = Config(cell=cell, seed=seed, **CHANGES | OF_TASK.get(task, {}))
            draw = partial(examples, machine, config.num_bits, random_state)
            data = (*draw(2000), *draw(500))
            run = train(config, data=data)
            learnt += ((run.adder.predict(data[2]) > 0.5) == data[3]).all()
            proof = prove(run.weights, machine=machine)
            verdicts[proof.verdict] += 1
            wrong = proof.wrong_sum
            if wrong is not None:
                print(f"{task}, seed {seed}: {wrong.a} and {wrong.b}, on {wrong.num_bits} bits")
                print(show_sum(wrong.a, wrong.b, proof.answer, wrong.num_bits, machine))
            figure = proof_figure(run.weights, None, proof, machine)
            figure.savefig(PICTURES / f"{cell}-{task}-{seed}.png")
        rows.append((task, learnt, *(verdicts[verdict] for verdict in VERDICTS)))
        print(f"{task}: {learnt} of {seeds} learnt, {verdicts['proved']} proved", flush=True)
    print(f"\n| {cell} | learnt |", " | ".join(VERDICTS), "|\n|---|---:|---:|---:|---:|")
    for row in rows:
        print("|", " | ".join(map(str, row)), "|")


if __name__ == "__main__":
    prepare_process()
    from gru_addition.cells.machine import MACHINES

    cell, seeds, *tasks = sys.argv[1:] or ["gru", 8]
    main(cell, int(seeds), tasks or MACHINES)
