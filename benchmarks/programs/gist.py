"""The tutorial's loop, written plainly: what a reader of the gist runs.

The graph of https://www.data-blogger.com/2017/08/27/gru-implementation-tensorflow/ with its
`tf.scan`, `tf.map_fn` and `tf.train.AdamOptimizer`, and in each iteration two calls of
`session.run`. It uses nothing of the `gru_addition` package, and runs unchanged on Python 3.6 with
TensorFlow 1.3.0, on Python 3.7 with 1.15.5, and on TensorFlow 2. There it takes the interface of
TensorFlow 1 and leaves the behaviour that of TensorFlow 2, the port that comes to mind first.

    python gist.py plain PROBLEM.npz RESULT.npz

There is one variant; its name is ignored.
"""

from protocol import run

try:
    import tensorflow.compat.v1 as tf
except ImportError:  # TensorFlow 1.3.0 has no such module yet: it is that interface.
    import tensorflow as tf


class GRU:
    """The gated recurrent unit of Chung et al. 2014, with biases.

    The reset gate r_t acts before the product with Uh, and z_t weighs the new state.

    weights: the initial values by name, from which the sizes follow.
    input_layer, h_t: the input (batch, time, 2) and the states (batch, time, hidden_size).
    """

    def __init__(self, weights):
        self.Wr, self.Wz, self.Wh = (tf.Variable(weights[name]) for name in ("Wr", "Wz", "Wh"))
        self.Ur, self.Uz, self.Uh = (tf.Variable(weights[name]) for name in ("Ur", "Uz", "Uh"))
        self.br, self.bz, self.bh = (tf.Variable(weights[name]) for name in ("br", "bz", "bh"))

        # The scan runs over the first axis, so that time has to stand there.
        self.input_layer = tf.placeholder(tf.float64, (None, None, 2))
        x_t = tf.transpose(self.input_layer, [1, 0, 2])
        # A product with zeros is zero and takes its batch size from the input.
        h_0 = tf.matmul(x_t[0, :, :], tf.zeros(weights["Wr"].shape, tf.float64))
        h_t_transposed = tf.scan(self.forward_pass, x_t, initializer=h_0)
        self.h_t = tf.transpose(h_t_transposed, [1, 0, 2])

    def forward_pass(self, h_tm1, x_t):
        """One step: from the state h_{t-1} and the input x_t to the state h_t."""
        z_t = tf.sigmoid(tf.matmul(x_t, self.Wz) + tf.matmul(h_tm1, self.Uz) + self.bz)
        r_t = tf.sigmoid(tf.matmul(x_t, self.Wr) + tf.matmul(h_tm1, self.Ur) + self.br)
        h_proposal = tf.tanh(
            tf.matmul(x_t, self.Wh) + tf.matmul(tf.multiply(r_t, h_tm1), self.Uh) + self.bh
        )
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)


def train(problem, variant, mark):
    """Train as the tutorial does, in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        gru = GRU(problem.weights)
        # Every state of an example goes through the output layer, not only the last.
        W_output = tf.Variable(problem.weights["W_output"])  # noqa: N806
        b_output = tf.Variable(problem.weights["b_output"])
        output = tf.map_fn(lambda h_t: tf.matmul(h_t, W_output) + b_output, gru.h_t)

        # The tutorial writes its 100 sums of 5 bits into this shape, and its 100 into the loss.
        expected_output = tf.placeholder(tf.float64, (None, None, 1))
        batch_size = tf.cast(tf.shape(output)[0], tf.float64)
        loss = tf.reduce_sum(0.5 * tf.pow(output - expected_output, 2)) / batch_size
        train_step = tf.train.AdamOptimizer(
            problem.learning_rate, problem.beta1, problem.beta2, problem.epsilon
        ).minimize(loss)
        session.run(tf.global_variables_initializer())

        train_feed = {gru.input_layer: problem.x_train, expected_output: problem.y_train}
        test_feed = {gru.input_layer: problem.x_test, expected_output: problem.y_test}
        train_losses, validation_losses = [], []
        for done in range(1, problem.iterations + 1):
            _, train_loss = session.run([train_step, loss], feed_dict=train_feed)
            validation_loss = session.run(loss, feed_dict=test_feed)
            train_losses.append(train_loss)
            validation_losses.append(validation_loss)
            if done % 50 == 0:
                mark(done)

        answer = session.run(output, feed_dict={gru.input_layer: problem.question})
        return train_losses, validation_losses, answer[0, :, 0]


if __name__ == "__main__":
    run(train)
