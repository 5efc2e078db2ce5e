"""The same iterations, many in one `session.run`: a loop in the graph, compiled by XLA.

To its callers it looks like the session engine, `gru_addition.engines.session`.

A plain `tf.while_loop` in the graph would be wrong: TensorFlow lets up to ten iterations of a loop
overlap, and nothing keeps one from reading the weights while another writes them. `tf.function`
puts the reads and writes of a variable in order, and XLA keeps that order. `compile_with_xla` makes
sure that both are used.
"""

from itertools import islice

import numpy as np

from gru_addition.model import optimizer_for
from gru_addition.support import tf

# Incremented whenever this engine's last digits change.
REVISION = 2


def run_iterations_of(model, config):
    """Build the loop in the model's graph; return the function that runs it, see above.

    model: one without a training step, since the loop has its own.
    """
    per_run = config.iterations_per_run
    # A single batch serves all iterations if it is always the same.
    batches_differ = config.mini_batch_size or config.fresh_batches or config.has_noise
    batches_per_run = per_run if batches_differ else 1
    optimizer = optimizer_for(config.learning_rate)
    # This step is never run. It makes Adam's slots, which a compiled function can't make.
    optimizer.apply_gradients([(tf.zeros_like(w), w) for w in model.weights.values()])

    def losses_of_run(x, y, x_test, y_test, iterations):
        def iteration(i, losses):
            batch = i % batches_per_run
            train_loss = loss_of(model, x[batch], y[batch])
            train_step = model.minimised(train_loss, optimizer)
            with tf.control_dependencies([train_step]):
                validation_loss = loss_of(model, x_test, y_test)
            losses = tf.tensor_scatter_nd_update(losses, [[i]], [[train_loss, validation_loss]])
            return i + 1, losses

        no_losses = tf.zeros((per_run, 2), model.loss.dtype)
        _, losses = tf.while_loop(lambda i, _: i < iterations, iteration, (0, no_losses))
        return losses

    def placeholder(*shape):
        return tf.placeholder(model.loss.dtype, shape)

    channels = model.gru.input_channels
    x = placeholder(batches_per_run, None, None, channels)
    y = placeholder(batches_per_run, None, None, 1)
    x_test, y_test = placeholder(None, None, channels), placeholder(None, None, 1)
    iterations = tf.placeholder(tf.int32, ())
    # XLA compiles at the first run, when it sees the shapes.
    losses_fetch = compile_with_xla(losses_of_run, x, y, x_test, y_test, iterations)

    def run_iterations(session, batches, validation_set):
        feed = dict(zip((x_test, y_test), validation_set, strict=True))
        while run := list(islice(batches, per_run)):
            feed[x], feed[y] = stack(run)
            feed[iterations] = len(run)
            losses = session.run(losses_fetch, feed)[: len(run)]
            yield losses[:, 0], losses[:, 1]

    def stack(run):
        # The last run may be shorter. It is padded, because XLA recompiles for other shapes.
        filled = run + run[-1:] * (batches_per_run - len(run))
        return map(np.stack, zip(*filled[:batches_per_run], strict=True))

    return run_iterations


def loss_of(model, x, y):
    """The loss of a model on tensors other than its placeholders.

    x: (batch, time, input_channels). y: (batch, time, 1). Returns a scalar tensor.

    `tf.foldl` adds up the loss column by column, and returns only the last of what `tf.scan` would
    return. With `tf.scan`, XLA copies all states in each step of the backward pass, which takes
    quadratic time.
    """

    def loss_of_column(h_tm1, h_t, x_t, y_t):
        loss = tf.reduce_sum(0.5 * tf.pow(model.output_of(h_t) - y_t, 2))
        return model.with_penalty(loss, (h_tm1, x_t), batch_size)

    def add_column(state_and_loss, column):
        h_tm1, loss = state_and_loss
        h_t = model.gru.forward_pass(h_tm1, column[0])
        return h_t, loss + loss_of_column(h_tm1, h_t, *column)

    batch_size = tf.cast(tf.shape(x)[0], x.dtype)
    x, y = tf.transpose(x, [1, 0, 2]), tf.transpose(y, [1, 0, 2])
    h_0, h_1 = model.gru.initial_state(tf.shape(x)[1]), model.gru.first_state(x[0])
    start = h_1, loss_of_column(h_0, h_1, x[0], y[0])
    _, loss = tf.foldl(add_column, (x[1:], y[1:]), initializer=start)
    return loss / batch_size


def compile_with_xla(function, *tensors):
    """Call a function of tensors in the current graph, to be compiled by XLA.

    Raises `RuntimeError` if TensorFlow does not leave it to XLA.
    """
    traced = tf.function(function, jit_compile=True, autograph=False)
    # Called directly, it would run line by line where `tf.config.run_functions_eagerly` is on.
    results = traced.get_concrete_function(*tensors)(*tensors)
    for result in tf.nest.flatten(results):
        if not result.op.node_def.attr["_XlaMustCompile"].b:
            raise RuntimeError("TensorFlow did not leave a function to XLA to compile")
    return results
