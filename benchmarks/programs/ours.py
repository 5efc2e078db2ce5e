"""This project's own engines.

Variants: `session` and `compiled` as the command runs them; `library`, the compiled engine in
somebody else's process, where the package may not set XLA's flags; `prepared`, the same after
`gru_addition.prepare_process()`.
"""

import sys

from protocol import run

import gru_addition
from gru_addition.support import process

AS_COMMANDS = "session", "compiled"
if sys.argv[1] in AS_COMMANDS:
    process.set_flags()
elif sys.argv[1] == "prepared":
    gru_addition.prepare_process()

# Only now, because XLA's flags are set; but before the clock starts.
import tensorflow.compat.v1  # noqa: F401

from gru_addition.train import Config
from gru_addition.train import train as train_adder


def train(problem, variant, mark):
    config = Config(
        iterations=problem.iterations,
        hidden_size=len(problem.weights["Uz"]),
        learning_rate=problem.learning_rate,
        num_bits=problem.x_train.shape[1],
        batch_size=len(problem.x_train),
        engine="session" if variant == "session" else "compiled",
    )

    def mark_progress(history):
        if len(history) % config.iterations_per_run == 0:
            mark(len(history))

    if variant in AS_COMMANDS:
        process.set_threads(config)
    run = train_adder(
        config,
        on_progress=mark_progress,
        data=(problem.x_train, problem.y_train, problem.x_test, problem.y_test),
        initial_weights=problem.weights,
    )
    output = run.adder.predict(problem.question)
    return run.history.train_losses, run.history.validation_losses, output


if __name__ == "__main__":
    run(train)
