"""The tutorial's loop: one `session.run` for a training step, and one for the validation loss.

With `engine="session"` it runs; by default the compiled engine does, which is used the same way.

An engine takes a model and the `Config`, and may build what it needs in the model's graph. It
returns a function of an initialised session, an iterator over batches `(x, y)`, and the validation
set `(x, y)`. That function takes one batch per iteration until there are no more, and yields the
`(train_losses, validation_losses)` of the iterations just done, one number for each. The training
loss is measured before the iteration's step, the validation loss after it.
"""

# Incremented whenever this engine's last digits change.
REVISION = 1


def run_iterations_of(model, config):
    """Build nothing; return the loop, see above."""

    def run_iterations(session, batches, validation_set):
        for batch in batches:
            _, train_loss = session.run([model.train_step, model.loss], feed_dict=feed(*batch))
            validation_loss = session.run(model.loss, feed_dict=feed(*validation_set))
            yield [train_loss], [validation_loss]

    def feed(x, y):
        return {model.gru.input_layer: x, model.expected_output: y}

    return run_iterations
