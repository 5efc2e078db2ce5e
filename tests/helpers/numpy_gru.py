"""The model again, in plain NumPy: an oracle for the TensorFlow graph."""

import numpy as np

NAMES = "Wr", "Wz", "Wh", "Ur", "Uz", "Uh", "br", "bz", "bh"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hidden_states(weights, x, noise=None, resolution=None):
    """States of shape (batch, time, hidden) for inputs of shape (batch, time, 2).

    noise: added to the states, of their shape.
    resolution: the states are rounded to multiples of 1 / resolution.
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
    """The states (batch, hidden) that follow h when x_t, (batch, 2), is read."""
    w = weights
    z = sigmoid(x_t @ w["Wz"] + h @ w["Uz"] + w["bz"])
    r = sigmoid(x_t @ w["Wr"] + h @ w["Ur"] + w["br"])
    candidate = np.tanh(x_t @ w["Wh"] + (r * h) @ w["Uh"] + w["bh"])
    return (1 - z) * h + z * candidate


def output(weights, x, **options):
    return hidden_states(weights, x, **options) @ weights["W_output"] + weights["b_output"]


def loss(weights, x, y):
    return 0.5 * np.sum((output(weights, x) - y) ** 2) / len(x)


def random_weights(hidden_size, random_state, scale=0.7, names=NAMES):
    """Weights large enough for all nonlinearities to matter; names: those of the cell."""
    shapes = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
    weights = {name: random_state.normal(scale=scale, size=shapes[name[0]]) for name in names}
    weights["W_output"] = random_state.normal(scale=scale, size=(hidden_size, 1))
    weights["b_output"] = random_state.normal(scale=scale, size=1)
    return weights


def perfect_weights():
    """Weights set by hand with which a GRU of three units adds correctly at every length.

    With both gates always open, the state is tanh(x Wh + h Uh + bh). Its units say whether a + b +
    carry is at least 1, 2 and 3; the carry is what the second unit said in the previous column.
    """
    weights = {
        name: np.zeros_like(weight)
        for name, weight in random_weights(3, np.random.RandomState(0)).items()
    }
    weights["bz"][:] = weights["br"][:] = 1000
    weights["Wh"][:] = 40
    # The carry comes in as -1 for no and 1 for yes; the 0 in the first column means no, too.
    weights["Uh"][1, :] = 20
    weights["bh"][:] = 20 - 40 * np.array([0.75, 1.75, 2.75])
    weights["W_output"][:, 0] = 0.5, -0.5, 0.5
    weights["b_output"][:] = 0.5
    return weights


def planted(length):
    """Weights that add correctly, except after a run of more than about `length` zeros in a.

    They are the weights set by hand with one more unit. It creeps up while a holds zeros, and falls
    back as soon as a holds a one. When it is high, it turns a zero in the output into a one.
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
