"""The tutorial's work in JAX, with Optax's Adam, on the CPU and in float64.

Variants: `step` compiles one iteration and calls it from a Python loop; `loop` compiles a loop of
50 iterations, ahead of time; `tensorflow` hands the same loop to TensorFlow's XLA instead of JAX's.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from protocol import run

# Up to this many bits the loop over time is unrolled, and XLA sees one straight program. For the
# tutorial's 5 bits that is faster; for 20 it is already slower, and for 50 compiling takes 15 times
# as long.
MAX_UNROLLED_BITS = 10


def packed(weights):
    """The weights with the gates side by side: fewer, larger products and fewer arrays for Adam."""
    w = weights
    arrays = {
        "W": np.concatenate([w["Wz"], w["Wr"], w["Wh"]], axis=1),
        "b": np.concatenate([w["bz"], w["br"], w["bh"]]),
        "Uzr": np.concatenate([w["Uz"], w["Ur"]], axis=1),
        "Uh": w["Uh"],
        "W_output": w["W_output"],
        "b_output": w["b_output"],
    }
    return jax.tree.map(jnp.asarray, arrays)


def network(weights, x):
    """The output of shape (batch, time, 1) for the operands' bits, (batch, time, 2)."""
    batch_size, num_bits, _ = x.shape
    hidden_size = len(weights["Uh"])

    def forward_pass(h_tm1, projected):
        x_zr, x_h = projected
        z_t, r_t = jnp.split(jax.nn.sigmoid(x_zr + h_tm1 @ weights["Uzr"]), 2, axis=-1)
        h_proposal = jnp.tanh(x_h + (r_t * h_tm1) @ weights["Uh"])
        h_t = (1 - z_t) * h_tm1 + z_t * h_proposal
        return h_t, h_t

    # What does not depend on the state is one product for all bits.
    projected = jnp.swapaxes(x, 0, 1) @ weights["W"] + weights["b"]
    projected = jnp.split(projected, [2 * hidden_size], axis=-1)
    h_0 = jnp.zeros((batch_size, hidden_size))
    unroll = num_bits <= MAX_UNROLLED_BITS
    _, h_t = jax.lax.scan(forward_pass, h_0, projected, unroll=unroll)
    return jnp.swapaxes(h_t @ weights["W_output"] + weights["b_output"], 0, 1)


def loss(weights, x, y):
    return 0.5 * jnp.sum((network(weights, x) - y) ** 2) / len(x)


def train(problem, variant, mark):
    jax.config.update("jax_enable_x64", True)
    weights = packed(problem.weights)
    data = problem.x_train, problem.y_train, problem.x_test, problem.y_test
    data = jax.tree.map(jnp.asarray, data)
    adam = optax.adam(problem.learning_rate, problem.beta1, problem.beta2, problem.epsilon)
    state = weights, adam.init(weights)

    def iteration(state, data):
        weights, adam_state = state
        x_train, y_train, x_test, y_test = data
        train_loss, gradients = jax.value_and_grad(loss)(weights, x_train, y_train)
        updates, adam_state = adam.update(gradients, adam_state)
        weights = optax.apply_updates(weights, updates)
        return (weights, adam_state), (train_loss, loss(weights, x_test, y_test))

    loop = {
        "step": python_loop,
        "loop": partial(compiled_loop, by_jax),
        "tensorflow": partial(compiled_loop, by_tensorflow),
    }[variant]
    (weights, _), (train_losses, validation_losses) = loop(
        iteration, state, data, problem.iterations, mark
    )
    return train_losses, validation_losses, jax.jit(network)(weights, problem.question)


def python_loop(iteration, state, data, iterations, mark):
    # The old weights and moments are overwritten instead of kept until Python drops them.
    iteration = jax.jit(iteration, donate_argnums=0)
    losses = []
    for done in range(1, iterations + 1):
        state, both_losses = iteration(state, data)
        losses.append(both_losses)
        if done % 50 == 0:
            # Steps are dispatched ahead of the clock, which counts only those that are finished.
            jax.block_until_ready(both_losses)
            mark(done)
    return state, np.array(jax.device_get(losses)).T


def compiled_loop(compiled, iteration, state, data, iterations, mark):
    def fifty_iterations(state, data):
        return jax.lax.scan(lambda state, _: iteration(state, data), state, length=50)

    run = compiled(fifty_iterations, state, data)
    mark(0)
    losses = []
    for done in range(50, iterations + 1, 50):
        state, both_losses = run(state, data)
        losses.append(np.array(both_losses))
        mark(done)
    return jax.tree.map(np.asarray, state), np.concatenate(losses, axis=1)


def by_jax(function, state, data):
    return jax.jit(function, donate_argnums=0).lower(state, data).compile()


def by_tensorflow(function, state, data):
    import tensorflow as tf
    from jax.experimental import jax2tf

    structure = jax.tree.structure(state)

    def on_arrays(arrays, data):
        state, losses = function(jax.tree.unflatten(structure, arrays), data)
        return jax.tree.leaves(state), losses

    traced = tf.function(jax2tf.convert(on_arrays), jit_compile=True, autograph=False)

    def tensors_in(tree):
        return [x if tf.is_tensor(x) else tf.constant(np.asarray(x)) for x in jax.tree.leaves(tree)]

    data = tuple(tensors_in(data))
    # TensorFlow compiles at the first call.
    traced(tensors_in(state), data)

    def run(state, _):
        arrays, losses = traced(tensors_in(state), data)
        return jax.tree.unflatten(structure, arrays), losses

    return run


if __name__ == "__main__":
    run(train)
