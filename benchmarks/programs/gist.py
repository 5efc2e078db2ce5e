"""The tutorial's loop: `examples/tutorial.py` with the benchmark's weights and sums.

It uses nothing from the `gru_addition` package, and runs unchanged on Python 3.6 with TensorFlow
1.3.0, on Python 3.7 with 1.15.5, and on TensorFlow 2. There it uses TensorFlow 1's interface with
TensorFlow 2's behaviour, the most obvious port.

    python gist.py plain PROBLEM.npz RESULT.npz

There is one variant; its name is ignored.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

from protocol import run
from tutorial import AdditionModel, iterate, tf


def train(problem, variant, mark):
    """Train as the tutorial does, in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        model = AdditionModel(len(problem.weights["Uz"]))
        weights = {name: getattr(model.gru, name, None) for name in problem.weights}
        weights["W_output"], weights["b_output"] = model.W_output, model.b_output
        # A session lets you replace any tensor, here the random numbers.
        feed = {weights[name].initial_value: value for name, value in problem.weights.items()}
        session.run(tf.global_variables_initializer(), feed)

        training_set, validation_set = (
            (problem.x_train, problem.y_train),
            (problem.x_test, problem.y_test),
        )
        train_losses, validation_losses = [], []
        for train_loss, validation_loss in iterate(
            session, model, training_set, validation_set, problem.iterations
        ):
            train_losses.append(train_loss)
            validation_losses.append(validation_loss)
            if len(train_losses) % 50 == 0:
                mark(len(train_losses))

        answer = session.run(model.output, feed_dict={model.gru.input_layer: problem.question})
        return train_losses, validation_losses, answer[0, :, 0]


if __name__ == "__main__":
    run(train)
