"""The tutorial's work in Keras 3 on TensorFlow, with Keras' own layers and Adam, in float64.

Variants: `plain` is one iteration as a `tf.function`; `jit` has XLA compile it.
"""

import os

# Both are read when Keras and TensorFlow are imported.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from protocol import run

# Up to this many bits the loop over time is unrolled. For the tutorial's 5 bits that is faster; for
# 50 it gains nothing without XLA, and with XLA it is slower and compiling takes 17 times as long.
MAX_UNROLLED_BITS = 10


def keras_weights(weights):
    """The weights in Keras' order: gates z, r, h side by side.

    Keras' z weighs the old state, and ours the new one. Since 1 - sigmoid(a) = sigmoid(-a), a
    change of sign turns one into the other; Adam's steps then change sign as well.
    """
    w = weights
    gates = [np.concatenate([-w[k + "z"], w[k + "r"], w[k + "h"]], axis=-1) for k in "WUb"]
    return [*gates, w["W_output"], w["b_output"]]


def build_model(hidden_size, num_bits):
    unroll = num_bits <= MAX_UNROLLED_BITS
    gru = keras.layers.GRU(hidden_size, reset_after=False, return_sequences=True, unroll=unroll)
    return keras.Sequential([keras.Input((num_bits, 2)), gru, keras.layers.Dense(1)])


def loss(model, x, y):
    squared_error = tf.square(model(x, training=True) - y)
    return 0.5 * tf.reduce_sum(squared_error) / x.shape[0]


def train(problem, variant, mark):
    # Also for the optimizer's learning rate, which is float32 if only the layers are float64.
    keras.config.set_floatx("float64")
    hidden_size = len(problem.weights["Uh"])
    model = build_model(hidden_size, problem.x_train.shape[1])
    model.set_weights(keras_weights(problem.weights))
    # Keras' Adam rounds a Python float to float32 before raising it to the power of the step, which
    # moves the later losses by 1e-4 of their value. It does not round a NumPy float64.
    beta1, beta2 = np.float64(problem.beta1), np.float64(problem.beta2)
    adam = keras.optimizers.Adam(problem.learning_rate, beta1, beta2, problem.epsilon)
    # A tf.function may not create variables after its first call.
    adam.build(model.trainable_variables)

    @tf.function(jit_compile=variant == "jit")
    def iteration(x_train, y_train, x_test, y_test):
        with tf.GradientTape() as tape:
            train_loss = loss(model, x_train, y_train)
        gradients = tape.gradient(train_loss, model.trainable_variables)
        adam.apply(gradients, model.trainable_variables)
        return train_loss, loss(model, x_test, y_test)

    data = problem.x_train, problem.y_train, problem.x_test, problem.y_test
    data = [tf.constant(array) for array in data]
    losses = []
    for done in range(1, problem.iterations + 1):
        losses.append(iteration(*data))
        if done % 50 == 0:
            mark(done)
    train_losses, validation_losses = np.array(losses).T

    # The question has its own length, and so needs its own model.
    answering = build_model(hidden_size, problem.question.shape[1])
    answering.set_weights(model.get_weights())
    return train_losses, validation_losses, answering(problem.question).numpy()


if __name__ == "__main__":
    run(train)
