"""The whole tutorial in one file, on today's TensorFlow: a GRU learns to add.

    python examples/tutorial.py

It follows https://www.data-blogger.com/2017/08/27/gru-implementation-tensorflow/ section by section
and prints the losses that TensorFlow 1.3.0 printed. It runs there too, unchanged.
"""

import sys

import numpy as np

try:  # TensorFlow 2 still carries TensorFlow 1's interface.
    import tensorflow.compat.v1 as tf
except ImportError:  # TensorFlow 1.3.0 has no other.
    import tensorflow as tf


# 1. The data: sums a + b = c, each number a list of bits, least significant bit first.
def as_bytes(num, final_size):
    return [num >> column & 1 for column in range(final_size)]


def generate_batch(num_bits, batch_size):
    """Draw sums: x of shape (batch, time, 2) holds a and b, and y of shape (batch, time, 1) c."""
    numbers = np.random.randint(0, 2 ** (num_bits - 1) - 1, size=(batch_size, 2))
    x = [np.transpose([as_bytes(a, num_bits), as_bytes(b, num_bits)]) for a, b in numbers]
    y = [np.transpose([as_bytes(a + b, num_bits)]) for a, b in numbers]
    return np.array(x, np.float64), np.array(y, np.float64)


# 2. The GRU. With an op seed for each variable, every TensorFlow draws what 1.3.0 drew.
def weight(op_seed, *shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.01, dtype=tf.float64, seed=op_seed))


class GRU:
    def __init__(self, n, h):
        self.Wr, self.Wz, self.Wh = weight(3, n, h), weight(12, n, h), weight(21, n, h)
        self.Ur, self.Uz, self.Uh = weight(30, h, h), weight(39, h, h), weight(48, h, h)
        self.br, self.bz, self.bh = weight(57, h), weight(66, h), weight(75, h)
        self.input_layer = tf.placeholder(tf.float64, (None, None, n))
        # tf.scan runs over the first axis, so time comes first.
        x_t = tf.transpose(self.input_layer, [1, 0, 2])
        # The initial state: a row of zeros for each example.
        h_0 = tf.matmul(x_t[0, :, :], tf.zeros((n, h), tf.float64))
        self.h_t = tf.transpose(tf.scan(self.forward_pass, x_t, initializer=h_0), [1, 0, 2])

    def forward_pass(self, h_tm1, x_t):
        z_t = tf.sigmoid(tf.matmul(x_t, self.Wz) + tf.matmul(h_tm1, self.Uz) + self.bz)
        r_t = tf.sigmoid(tf.matmul(x_t, self.Wr) + tf.matmul(h_tm1, self.Ur) + self.br)
        reset = tf.multiply(r_t, h_tm1)
        h_proposal = tf.tanh(tf.matmul(x_t, self.Wh) + tf.matmul(reset, self.Uh) + self.bh)
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)


# 3. The model and its training.
class AdditionModel:
    def __init__(self, hidden_size):
        self.gru = GRU(2, hidden_size)
        # Each column's bit is read from the state after that column.
        W, b = self.W_output, self.b_output = weight(175, hidden_size, 1), weight(184, 1)
        self.output = tf.map_fn(lambda h_t: tf.matmul(h_t, W) + b, self.gru.h_t)
        self.expected_output = tf.placeholder(tf.float64, (None, None, 1))
        squared_error = tf.pow(self.output - self.expected_output, 2)
        batch_size = tf.cast(tf.shape(self.output)[0], tf.float64)
        self.loss = tf.reduce_sum(0.5 * squared_error) / batch_size
        self.train_step = tf.train.AdamOptimizer(0.001).minimize(self.loss)


def iterate(session, model, training_set, validation_set, iterations):
    """Train; yield the training loss before each step and the validation loss after it."""
    x, y = model.gru.input_layer, model.expected_output
    train_feed, test_feed = (dict(zip((x, y), data)) for data in (training_set, validation_set))
    for _ in range(iterations):
        _, train_loss = session.run([model.train_step, model.loss], feed_dict=train_feed)
        yield train_loss, session.run(model.loss, feed_dict=test_feed)


def main(iterations=5000):
    np.random.seed(0)
    data = generate_batch(5, 100), generate_batch(5, 100)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(0)
        model = AdditionModel(hidden_size=16)
        session.run(tf.global_variables_initializer())
        for i, losses in enumerate(iterate(session, model, *data, iterations)):
            if i % 50 == 0:
                print("Iteration: {}, train loss: {:.4f}, test loss: {:.4f}".format(i, *losses))
        # 4. The last question: 1024 + 16 on 20 bits.
        x = np.transpose([[as_bytes(1024, 20), as_bytes(16, 20)]], [0, 2, 1])
        output = session.run(model.output, {model.gru.input_layer: x})
    print("1024 + 16 =", sum(int(bit > 0.5) << i for i, bit in enumerate(output[0, :, 0])))


if __name__ == "__main__":
    main(*map(int, filter(str.isdigit, sys.argv[1:])))
