"""Let TensorFlow 1.x take over a run of today's, and compare the losses of both.

Runs where record.py runs, and uses its graph, nothing of the `gru_addition` package:

    python take_over.py half/model.ckpt-2500 whole/model.ckpt-3500.history.npy

The first argument is a checkpoint of a run with the default settings, the second what today's
TensorFlow made of the same run later on: its losses from the first iteration to the last.
"""

import argparse
import re

import numpy as np
import record
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("history")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the run (default: 0)")
    arguments = parser.parse_args()

    done = int(re.search(r"\d+$", arguments.checkpoint).group())
    expected = np.load(arguments.history, allow_pickle=False)[done:]
    np.random.seed(arguments.seed)
    x_train, y_train = record.draw_examples()
    x_test, y_test = record.draw_examples()
    with tf.Graph().as_default(), tf.Session() as session:
        # The weights that it draws are replaced, but it checks how it would draw them.
        tf.set_random_seed(arguments.seed)
        tutorial = record.Tutorial()
        tf.train.Saver().restore(session, arguments.checkpoint)
        train_feed = {tutorial.input: x_train, tutorial.expected_output: y_train}
        test_feed = {tutorial.input: x_test, tutorial.expected_output: y_test}
        deviations = []
        for losses in expected:
            _, train_loss = session.run([tutorial.train_step, tutorial.loss], train_feed)
            validation_loss = session.run(tutorial.loss, test_feed)
            deviations += [
                abs(train_loss / losses["train_losses"] - 1),
                abs(validation_loss / losses["validation_losses"] - 1),
            ]
    print(
        f"TensorFlow {tf.__version__}: over {len(expected):,} iterations after {done:,} "
        f"the losses deviate by at most {max(deviations):.1e}"
    )


if __name__ == "__main__":
    main()
