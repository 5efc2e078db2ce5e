"""What the programs of the benchmark share: the problem, the clock, and the result.

    python PROGRAM.py VARIANT PROBLEM.npz RESULT.npz [ITERATIONS]

With a number of iterations, several programs can take turns. After its first mark, a program
writes a line and waits for one. Then it trains for that many iterations, writes how many it trained
in how many seconds, and waits again.

A program defines `train(problem, variant, mark)` and calls `run(train)`. This module needs only
NumPy, and runs on Python 3.6 as well, for TensorFlow 1.3.0.
"""

import os
import sys
import time

import numpy as np

WEIGHTS = "Wr", "Wz", "Wh", "Ur", "Uz", "Uh", "br", "bz", "bh", "W_output", "b_output"


class Problem:
    """What to train on, and where to start from.

    x_train, y_train, x_test, y_test: bits, (batch, time, 2) and (batch, time, 1), float64.
    weights: the initial weights by the tutorial's names, float64.
    iterations: how many training steps; each is followed by a validation loss.
    learning_rate, beta1, beta2, epsilon: Adam's.
    question: the last question's operands, (1, 20, 2).
    """

    def __init__(self, path):
        with np.load(path) as arrays:
            self.x_train, self.y_train = arrays["x_train"], arrays["y_train"]
            self.x_test, self.y_test = arrays["x_test"], arrays["y_test"]
            self.weights = {name: arrays[name] for name in WEIGHTS}
            self.iterations = int(arrays["iterations"])
            self.question = arrays["question"]
        self.learning_rate, self.beta1, self.beta2, self.epsilon = 0.001, 0.9, 0.999, 1e-8


def run(train):
    """Call `train(problem, variant, mark)` and save what it returns and marks.

    train returns the train losses, the validation losses, one for each iteration, and the trained
    network's output for `problem.question`, 20 numbers. It calls `mark(done)` now and then, when
    `done` iterations are done; the first mark ends what counts as building and compiling.
    """
    variant, problem_path, result_path, *turn = sys.argv[1:]
    problem = Problem(problem_path)
    take_turns = Turns(int(turn[0])) if turn else None
    marks = []
    start = time.perf_counter()

    def mark(done):
        marks.append((done, time.perf_counter() - start))
        if take_turns is not None:
            take_turns(done)

    train_losses, validation_losses, output = train(problem, variant, mark)
    answer = sum(1 << place for place, bit in enumerate(np.ravel(output)) if bit > 0.5)
    np.savez(
        result_path,
        train_losses=np.asarray(train_losses, np.float64),
        validation_losses=np.asarray(validation_losses, np.float64),
        marks=np.array(marks),
        answer=answer,
    )


class Turns:
    """Called at each mark; waits at the end of every turn, see above."""

    def __init__(self, iterations):
        self.iterations = iterations
        self.begun = None
        # Libraries may write to standard output too.
        self.output = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def __call__(self, done):
        now = time.perf_counter()
        if self.begun is None:
            self._wait(done, "ready")
        elif done - self.begun[0] >= self.iterations:
            self._wait(done, f"{done - self.begun[0]} {now - self.begun[1]}")

    def _wait(self, done, message):
        self.output.write(message + "\n")
        self.output.flush()
        sys.stdin.readline()
        self.begun = done, time.perf_counter()
