"""How training iterations are run: generators of losses that advance a model in a session.

An engine is called with the model, an initialised session, an iterator over batches `(x, y)`, and
the validation set. It takes one batch for each iteration until there are no more, and yields
`(train_losses, validation_losses)` of the iterations it has just done, one number for each. The
training loss is that before the iteration's step, the validation loss that after it.
"""


def session_engine(model, session, batches, validation_set):
    """The tutorial's loop: one `session.run` for step and loss, one for the validation loss."""

    def feed(batch):
        x, y = batch
        return {model.gru.input_layer: x, model.expected_output: y}

    for batch in batches:
        _, train_loss = session.run([model.train_step, model.loss], feed_dict=feed(batch))
        validation_loss = session.run(model.loss, feed_dict=feed(validation_set))
        yield [train_loss], [validation_loss]


ENGINES = {"session": session_engine}
