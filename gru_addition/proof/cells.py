"""One step of a cell, written once for all that a proof computes with.

A step works on numbers (`PLAIN`), on balls of states (`enclosure.Enclosure`), and on bounds of
rounding errors (`rounding.Rounded`). These know `+`, `-`, `*`, `@` by a matrix, `sigmoid` and
`tanh`, so a formula like the tutorial's says what becomes of each of them.
"""

from types import SimpleNamespace

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


PLAIN = SimpleNamespace(sigmoid=sigmoid, tanh=np.tanh)


def gru_gates(h, x, w, kind=PLAIN):
    """The gates z_t and r_t and the proposal h~_t of `gru_addition.model.GRU`.

    h: the states. x: what the input adds to each gate, by its letter. w: the weights. kind: what
    the states are; it has the functions.
    """
    z = kind.sigmoid(h @ w["Uz"] + x["z"])
    r = kind.sigmoid(h @ w["Ur"] + x["r"])
    return z, r, kind.tanh((r * h) @ w["Uh"] + x["h"])


def gru_step(h, x, w, kind=PLAIN):
    """The state that follows h; the arguments are those of `gru_gates`."""
    z, _, proposal = gru_gates(h, x, w, kind)
    return h + z * (proposal - h)
