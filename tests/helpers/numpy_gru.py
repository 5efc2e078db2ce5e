"""The model again, in plain NumPy: an oracle for the TensorFlow graph."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hidden_states(weights, x, noise=None, resolution=None):
    """States of shape (batch, time, hidden) for inputs of shape (batch, time, 2).

    noise: what is added to the states, of their shape. resolution: what they are rounded to.
    """
    w = weights
    h = np.zeros((len(x), len(w["Uz"])))
    states = []
    for t in range(x.shape[1]):
        h = step(w, h, x[:, t])
        if noise is not None:
            h = h + noise[:, t]
        if resolution is not None:
            h = np.round(h * resolution) / resolution
        states.append(h)
    return np.stack(states, axis=1)


def step(weights, h, x_t):
    """The states (batch, hidden) that follow on h when x_t, (batch, 2), is read."""
    w = weights
    z = sigmoid(x_t @ w["Wz"] + h @ w["Uz"] + w["bz"])
    r = sigmoid(x_t @ w["Wr"] + h @ w["Ur"] + w["br"])
    proposal = np.tanh(x_t @ w["Wh"] + (r * h) @ w["Uh"] + w["bh"])
    return (1 - z) * h + z * proposal


def output(weights, x, **options):
    return hidden_states(weights, x, **options) @ weights["W_output"] + weights["b_output"]


def loss(weights, x, y):
    return 0.5 * np.sum((output(weights, x) - y) ** 2) / len(x)


def random_weights(hidden_size, random_state, scale=0.7):
    """Weights large enough for all nonlinearities to matter."""
    shapes = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
    weights = {
        kind + gate: random_state.normal(scale=scale, size=shape)
        for kind, shape in shapes.items()
        for gate in "rzh"
    }
    weights["W_output"] = random_state.normal(scale=scale, size=(hidden_size, 1))
    weights["b_output"] = random_state.normal(scale=scale, size=1)
    return weights


def perfect_weights():
    """Weights set by hand with which a GRU of three units adds rightly at every length.

    With both gates open all the time, the state is tanh(x Wh + h Uh + bh). Its units tell whether
    a + b + carry is at least 1, 2 and 3, the carry being what the second told of the last column.
    """
    weights = {
        name: np.zeros_like(weight)
        for name, weight in random_weights(3, np.random.RandomState(0)).items()
    }
    weights["bz"][:] = weights["br"][:] = 1000
    weights["Wh"][:] = 40
    # The carry comes in as -1 for no and 1 for yes, and in the first column as 0, for no too.
    weights["Uh"][1, :] = 20
    weights["bh"][:] = 20 - 40 * np.array([0.75, 1.75, 2.75])
    weights["W_output"][:, 0] = 0.5, -0.5, 0.5
    weights["b_output"][:] = 0.5
    return weights


def planted(length):
    """Weights that add rightly, but not after a run of zeros in a, of more than about that length.

    To the weights set by hand comes a unit that creeps up while a holds zeros, and falls back as
    soon as a holds a one. When it is high, it adds so much to the output that a zero becomes a one.
    """
    weights = {}
    for name, weight in perfect_weights().items():
        shape = [size + 1 if size == 3 else size for size in weight.shape]
        weights[name] = np.zeros(shape)
        weights[name][tuple(slice(size) for size in weight.shape)] = weight
    weights["bz"][3], weights["Wz"][0, 3] = -np.log(length), 40.0
    weights["bh"][3], weights["Wh"][0, 3] = 3.0, -3.0
    weights["W_output"][3] = 0.55
    return weights
