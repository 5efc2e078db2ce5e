"""A network that learns to add in Keras, and is proved here.

    python examples/from_keras.py GRU adder.keras          or SimpleRNN, or LSTM
    python -m gru_addition prove --from=adder.keras

The first line uses nothing of this package, and takes half a minute. Besides the usual loss, it
keeps a penalty small: how much each step stretches small changes of the state. With PENALTY = 0 the
loss becomes smaller still, but the GRU gets a sum of 16 bits wrong, and the LSTM one of 23.
"""

import sys

import keras
import tensorflow as tf

BITS, SUMS, UNITS, ITERATIONS = 12, 100, 12, 3000
RATE, PENALTY, SMALL_CHANGE = 0.01, 0.01, 0.1


def draw_sums():
    """Operands, bits of shape (BITS, SUMS, 2), and the bits of their sums, (BITS, SUMS, 1)."""
    numbers = tf.random.uniform((SUMS, 2), maxval=2 ** (BITS - 1), dtype=tf.int32)
    places = tf.range(BITS)[:, tf.newaxis, tf.newaxis]

    def bits(numbers):
        return tf.cast(tf.bitwise.right_shift(numbers, places) % 2, tf.float32)

    return bits(numbers), bits(tf.reduce_sum(numbers, axis=1, keepdims=True))


def loss_of(layer, dense, x, y):
    """The cross-entropy of the bits, and the penalty, both summed over the columns."""
    states = [tf.zeros((SUMS, UNITS)) for _ in tf.nest.flatten(layer.cell.state_size)]
    loss = penalty = 0.0
    for x_t, y_t in zip(tf.unstack(x), tf.unstack(y)):
        # The Jacobian of a step times a random vector; the squared length of that is on average a
        # third of the sum of the Jacobian's squares.
        moved = [h + SMALL_CHANGE * tf.random.uniform(h.shape, -1, 1) for h in states]
        _, moved = layer.cell(x_t, moved)
        _, states = layer.cell(x_t, states)
        for h, h_moved in zip(states, moved):
            change = (h_moved - h) / SMALL_CHANGE
            penalty += 3 * tf.reduce_mean(tf.reduce_sum(change**2, axis=1))
        loss += tf.reduce_mean(keras.losses.binary_crossentropy(y_t, dense(states[0])))
    return loss + PENALTY * penalty


def train(name, seed=0, **options):
    """A trained model, whose output is above 0.5 for a one; name: that of its recurrent layer."""
    keras.utils.set_random_seed(seed)
    layer = getattr(keras.layers, name)(UNITS, return_sequences=True, **options)
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((None, 2)), layer, dense])
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(model.trainable_variables)

    @tf.function
    def iterate():
        with tf.GradientTape() as tape:
            loss = loss_of(layer, dense, *draw_sums())
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    for iteration in range(ITERATIONS):
        loss = iterate()
        if iteration % 500 == 0:
            print(f"{iteration}: {loss:.4f}", flush=True)
    return model


if __name__ == "__main__":
    name, path = sys.argv[1:]
    train(name).save(path)
