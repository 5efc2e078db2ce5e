"""Record what TensorFlow 1.x computes for the tutorial's graph.

Runs on Python 3.6 with TensorFlow 1.3.0 and on Python 3.7 with TensorFlow 1.15.5; see README.md
beside this file for how to set them up. It uses nothing of the `gru_addition` package, so that what
it writes is an oracle for it:

    python record.py tf-1.3.0 --seeds 0 1 2

For each seed it does what a reader of 2017 would have done to make the tutorial repeatable, that
is, calls `np.random.seed(seed)` and `tf.set_random_seed(seed)` before anything else.
"""

import argparse
import json
import os

import numpy as np
import tensorflow as tf

NUM_BITS, BATCH_SIZE, HIDDEN_SIZE, STDDEV = 5, 100, 16, 0.01
CHECKPOINT_ITERATION = 2500

# TensorFlow mixes the graph's seed with a seed for each random op. Where none is given it takes the
# number of ops made so far, which differs from version to version. These are the numbers that
# TensorFlow 1.3.0 arrives at by itself; later versions are handed them.
OP_SEEDS = {
    "Wr": 3, "Wz": 12, "Wh": 21, "Ur": 30, "Uz": 39, "Uh": 48, "br": 57, "bz": 66, "bh": 75,
    "W_output": 175, "b_output": 184,
}  # fmt: skip


def reversed_bits(number, size):
    return [number >> place & 1 for place in range(size)]


def draw_examples():
    """The tutorial's draws: first a, then b, below 2**(n - 1) - 1, example by example."""
    x = np.empty((BATCH_SIZE, NUM_BITS, 2))
    y = np.empty((BATCH_SIZE, NUM_BITS, 1))
    for example in range(BATCH_SIZE):
        a = np.random.randint(0, 2 ** (NUM_BITS - 1) - 1)
        b = np.random.randint(0, 2 ** (NUM_BITS - 1) - 1)
        x[example, :, 0] = reversed_bits(a, NUM_BITS)
        x[example, :, 1] = reversed_bits(b, NUM_BITS)
        y[example, :, 0] = reversed_bits(a + b, NUM_BITS)
    return x, y


def random_variable(key, shape, name=None):
    op_seed = None if tf.__version__ == "1.3.0" else OP_SEEDS[key]
    initial = tf.truncated_normal(
        dtype=tf.float64, shape=shape, mean=0, stddev=STDDEV, seed=op_seed
    )
    assert initial.op.inputs[0].op.inputs[0].op.get_attr("seed2") == OP_SEEDS[key], key
    return tf.Variable(initial, name=name)


class Tutorial:
    """The tutorial's graph, made in the tutorial's order."""

    def __init__(self):
        self.weights = {}
        for prefix, rows in ("W", 2), ("U", HIDDEN_SIZE):
            for gate in "rzh":
                self.add_gru_weight(prefix + gate, (rows, HIDDEN_SIZE))
        for gate in "rzh":
            self.add_gru_weight("b" + gate, (HIDDEN_SIZE,))

        self.input = tf.placeholder(dtype=tf.float64, shape=(None, None, 2), name="input")
        x_t = tf.transpose(self.input, [1, 0, 2], name="x_t")
        zeros = tf.zeros(dtype=tf.float64, shape=(2, HIDDEN_SIZE))
        h_0 = tf.matmul(x_t[0, :, :], zeros, name="h_0")
        h_t_transposed = tf.scan(self.step, x_t, initializer=h_0, name="h_t_transposed")
        h_t = tf.transpose(h_t_transposed, [1, 0, 2], name="h_t")

        w_output = self.weights["W_output"] = random_variable("W_output", (HIDDEN_SIZE, 1))
        b_output = self.weights["b_output"] = random_variable("b_output", (1,))
        self.output = tf.map_fn(lambda h: tf.matmul(h, w_output) + b_output, h_t)

        self.expected_output = tf.placeholder(
            dtype=tf.float64, shape=(BATCH_SIZE, NUM_BITS, 1), name="expected_output"
        )
        squared_error = tf.pow(self.output - self.expected_output, 2)
        self.loss = tf.reduce_sum(0.5 * squared_error) / float(BATCH_SIZE)

        # The tutorial calls minimize(), which is these two calls.
        optimizer = tf.train.AdamOptimizer()
        gradients = optimizer.compute_gradients(self.loss)
        self.train_step = optimizer.apply_gradients(gradients)
        gradient_of = {variable: gradient for gradient, variable in gradients}
        self.gradients = {key: gradient_of[self.weights[key]] for key in self.weights}
        self.initialize = tf.global_variables_initializer()
        self.ops = {op.name: op.type for op in tf.get_default_graph().get_operations()}

    def add_gru_weight(self, name, shape):
        self.weights[name] = random_variable(name, shape, name)

    def step(self, h_tm1, x_t):
        w = self.weights
        z_t = tf.sigmoid(tf.matmul(x_t, w["Wz"]) + tf.matmul(h_tm1, w["Uz"]) + w["bz"])
        r_t = tf.sigmoid(tf.matmul(x_t, w["Wr"]) + tf.matmul(h_tm1, w["Ur"]) + w["br"])
        kept = tf.multiply(r_t, h_tm1)
        h_proposal = tf.tanh(tf.matmul(x_t, w["Wh"]) + tf.matmul(kept, w["Uh"]) + w["bh"])
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)


def record(seed, iterations, output_dir, with_checkpoint):
    """Train once; return everything the tests compare, as arrays by name, and the graph's ops."""
    np.random.seed(seed)
    x_train, y_train = draw_examples()
    x_test, y_test = draw_examples()

    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        tutorial = Tutorial()
        saver = tf.train.Saver()
        session.run(tutorial.initialize)
        train_feed = {tutorial.input: x_train, tutorial.expected_output: y_train}
        test_feed = {tutorial.input: x_test, tutorial.expected_output: y_test}

        arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        for name, weight in session.run(tutorial.weights).items():
            arrays["initial_" + name] = weight
        for name, gradient in session.run(tutorial.gradients, train_feed).items():
            arrays["gradient_" + name] = gradient

        train_losses, validation_losses = [], []
        for iteration in range(iterations):
            if with_checkpoint and iteration == CHECKPOINT_ITERATION:
                path = os.path.join(output_dir, "checkpoint", f"seed-{seed}")
                saver.save(session, path, iteration)
                os.remove(os.path.join(output_dir, "checkpoint", "checkpoint"))
            _, train_loss = session.run([tutorial.train_step, tutorial.loss], train_feed)
            train_losses.append(train_loss)
            validation_losses.append(session.run(tutorial.loss, test_feed))
        arrays["train_losses"] = np.array(train_losses)
        arrays["validation_losses"] = np.array(validation_losses)

        for name, weight in session.run(tutorial.weights).items():
            arrays["final_" + name] = weight
        question = np.array([[reversed_bits(1024, 20), reversed_bits(16, 20)]]).transpose(0, 2, 1)
        output = session.run(tutorial.output, {tutorial.input: question})[0, :, 0]
        arrays["output_1024_16"] = output
        arrays["answer_1024_16"] = sum(1 << place for place in np.flatnonzero(output > 0.5))
        return arrays, tutorial.ops


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output_dir")
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    parser.add_argument("--iterations", type=int, default=5000)
    arguments = parser.parse_args()

    os.makedirs(os.path.join(arguments.output_dir, "checkpoint"), exist_ok=True)
    for seed in arguments.seeds:
        is_first = seed == arguments.seeds[0]
        arrays, ops = record(seed, arguments.iterations, arguments.output_dir, is_first)
        np.savez_compressed(os.path.join(arguments.output_dir, f"seed-{seed}.npz"), **arrays)
        with open(os.path.join(arguments.output_dir, "graph.json"), "w", encoding="utf-8") as file:
            json.dump(ops, file, indent=0, sort_keys=True)
            file.write("\n")
        print("seed {}: 1024 + 16 = {}".format(seed, arrays["answer_1024_16"]), flush=True)


if __name__ == "__main__":
    main()
