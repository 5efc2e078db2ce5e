"""The tutorial's loop: one `session.run` for a training step, and one for the validation loss.

An engine is called with a model, in whose graph it may build what it needs, and the `Config`. It
returns a function of an initialised session, an iterator over batches `(x, y)`, and the validation
set `(x, y)`. This takes one batch for each iteration until there are no more, and yields
`(train_losses, validation_losses)` of the iterations it has just done, one number for each. The
training loss is that before the iteration's step, the validation loss that after it.
"""

# Counted up whenever this engine computes other last digits than before.
REVISION = 1


def session_engine(model, config):
    """Build nothing; return the loop, see above."""

    def run_iterations(session, batches, validation_set):
        for batch in batches:
            _, train_loss = session.run([model.train_step, model.loss], feed_dict=feed(*batch))
            validation_loss = session.run(model.loss, feed_dict=feed(*validation_set))
            yield [train_loss], [validation_loss]

    def feed(x, y):
        return {model.gru.input_layer: x, model.expected_output: y}

    return run_iterations
