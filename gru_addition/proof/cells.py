"""One step of a cell, written once for all that a proof computes with.

A step works on numbers (`PLAIN`), on balls of states (`enclosure.Enclosure`), and on bounds of
rounding errors (`rounding.Rounded`). These know `+`, `-`, `*`, `@` by a matrix, slices, `sigmoid`,
`tanh` and `join`, so a formula like that of the cell says what becomes of each of them.
"""

from types import SimpleNamespace

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def join(first, second):
    """Put two parts of a state together."""
    return np.concatenate(np.broadcast_arrays(first, second), axis=-1)


PLAIN = SimpleNamespace(sigmoid=sigmoid, tanh=np.tanh, join=join)


def gru_gates(h, x, w, kind=PLAIN):
    """The gates z_t and r_t and the candidate state h~_t of `gru_addition.model.GRU`.

    h: the states. x: what the input adds to each gate, by its letter. w: the weights. kind: what
    the states are; it has the functions.
    """
    z = kind.sigmoid(h @ w["Uz"] + x["z"])
    r = kind.sigmoid(h @ w["Ur"] + x["r"])
    return z, r, kind.tanh((r * h) @ w["Uh"] + x["h"])


def gru_step(h, x, w, kind=PLAIN):
    """The state that follows h; the arguments are those of `gru_gates`."""
    z, _, candidate = gru_gates(h, x, w, kind)
    return h + z * (candidate - h)


def elman_step(h, x, w, kind=PLAIN):
    """The state of a `gru_addition.variants.Elman` that follows h."""
    return kind.tanh(h @ w["Uh"] + x["h"])


def lstm_step(state, x, w, kind=PLAIN):
    """The state of a `gru_addition.variants.LSTM` that follows: h, and behind it c."""
    hidden = len(w["Uc"])
    h, c = state[..., :hidden], state[..., hidden:]
    i, f, o = (kind.sigmoid(h @ w["U" + gate] + x[gate]) for gate in "ifo")
    c = f * c + i * kind.tanh(h @ w["Uc"] + x["c"])
    return kind.join(o * kind.tanh(c), c)


STEPS = {"gru": gru_step, "elman": elman_step, "lstm": lstm_step}
