"""The model again, in plain NumPy: an oracle for the TensorFlow graph."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hidden_states(weights, x):
    """States of shape (batch, time, hidden) for inputs of shape (batch, time, 2)."""
    w = weights
    h = np.zeros((len(x), len(w["Uz"])))
    states = []
    for t in range(x.shape[1]):
        z = sigmoid(x[:, t] @ w["Wz"] + h @ w["Uz"] + w["bz"])
        r = sigmoid(x[:, t] @ w["Wr"] + h @ w["Ur"] + w["br"])
        proposal = np.tanh(x[:, t] @ w["Wh"] + (r * h) @ w["Uh"] + w["bh"])
        h = (1 - z) * h + z * proposal
        states.append(h)
    return np.stack(states, axis=1)


def output(weights, x):
    return hidden_states(weights, x) @ weights["W_output"] + weights["b_output"]


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
