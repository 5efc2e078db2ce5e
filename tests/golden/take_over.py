"""Let TensorFlow 1.x take over a run of today's, and compare the losses of both.

Runs where record.py runs, and uses its graph, nothing of the `gru_addition` package:

    python take_over.py half whole

The first argument is the directory of a run with the default settings, the second that of the same
run, resumed by today's TensorFlow.
"""

import argparse
import os

import numpy as np
import record
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("half")
    parser.add_argument("whole")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the run (default: 0)")
    arguments = parser.parse_args()

    done = losses_in(arguments.half).shape[1]
    expected = losses_in(arguments.whole)[:, done:]
    np.random.seed(arguments.seed)
    x_train, y_train = record.draw_examples()
    x_test, y_test = record.draw_examples()
    with tf.Graph().as_default(), tf.Session() as session:
        # The weights that it draws are replaced, but it checks how it would draw them.
        tf.set_random_seed(arguments.seed)
        tutorial = record.Tutorial()
        tf.train.Saver().restore(session, os.path.join(arguments.half, "model.ckpt"))
        train_feed = {tutorial.input: x_train, tutorial.expected_output: y_train}
        test_feed = {tutorial.input: x_test, tutorial.expected_output: y_test}
        deviations = []
        for expected_train_loss, expected_validation_loss in expected.T:
            _, train_loss = session.run([tutorial.train_step, tutorial.loss], train_feed)
            validation_loss = session.run(tutorial.loss, test_feed)
            deviations += [
                abs(train_loss / expected_train_loss - 1),
                abs(validation_loss / expected_validation_loss - 1),
            ]
    print(
        f"TensorFlow {tf.__version__}: over {expected.shape[1]:,} iterations after {done:,} "
        f"the losses deviate by at most {max(deviations):.1e}"
    )


def losses_in(directory):
    """The losses of a run, training and validation: (2, iterations)."""
    with np.load(os.path.join(directory, "run.npz"), allow_pickle=False) as run:
        return run["losses"]


if __name__ == "__main__":
    main()
