"""How training iterations are run: generators of losses that advance a model in a session.

An engine is called with a model, in whose graph it may build what it needs, and the `Config`. It
returns a function of an initialised session, an iterator over batches `(x, y)`, and the validation
set `(x, y)`. This takes one batch for each iteration until there are no more, and yields
`(train_losses, validation_losses)` of the iterations it has just done, one number for each. The
training loss is that before the iteration's step, the validation loss that after it.
"""

import warnings
from itertools import islice

import numpy as np

from gru_addition.engines import graphs
from gru_addition.model import tf


def session_engine(model, config):
    """The tutorial's loop: one `session.run` for step and loss, one for the validation loss."""

    def run_iterations(session, batches, validation_set):
        for batch in batches:
            _, train_loss = session.run([model.train_step, model.loss], feed_dict=feed(*batch))
            validation_loss = session.run(model.loss, feed_dict=feed(*validation_set))
            yield [train_loss], [validation_loss]

    def feed(x, y):
        return {model.gru.input_layer: x, model.expected_output: y}

    return run_iterations


def compiled_engine(model, config):
    """One `session.run` for many iterations: a loop inside the graph, compiled by XLA.

    A plain `tf.while_loop` in the graph would be wrong: TensorFlow lets up to ten iterations of a
    loop overlap, and nothing keeps one from reading the weights while another writes them.
    `tf.function` puts what reads and writes a variable in order, and XLA keeps it. So `compiled`
    makes sure that both are at work.
    """
    per_run = config.iterations_per_run
    batches_per_run = config.batches_per_run

    def losses_of_run(x, y, x_test, y_test, iterations):
        def iteration(i, losses):
            # A single batch serves all iterations.
            batch = i % batches_per_run
            train_loss = model.loss_of(x[batch], y[batch])
            # The slots of Adam exist since the model made its own training step.
            train_step = model.optimizer.minimize(train_loss)
            with tf.control_dependencies([train_step]):
                validation_loss = model.loss_of(x_test, y_test)
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
    losses_fetch = graphs.compiled(losses_of_run, x, y, x_test, y_test, iterations)

    def run_iterations(session, batches, validation_set):
        feed = dict(zip((x_test, y_test), validation_set, strict=True))
        while run := list(islice(batches, per_run)):
            feed[x], feed[y] = stack(run)
            feed[iterations] = len(run)
            losses = session.run(losses_fetch, feed)[: len(run)]
            yield losses[:, 0], losses[:, 1]

    def stack(run):
        # Filled up if it is the last and shorter, since XLA compiles anew for other shapes.
        filled = run + run[-1:] * (batches_per_run - len(run))
        return map(np.stack, zip(*filled[:batches_per_run], strict=True))

    return run_iterations


ENGINES = {"compiled": compiled_engine, "session": session_engine}
# Counted up whenever an engine computes other last digits than before.
REVISIONS = {"compiled": 1, "session": 1}


def choose_engine(name):
    """Return that name, but the session engine's, with a warning, if XLA is missing."""
    if name == "compiled" and not graphs.xla_is_available():
        warnings.warn(
            "XLA is not available, so the slower session engine is used; only last digits differ",
            stacklevel=3,
        )
        name = "session"
    return name
