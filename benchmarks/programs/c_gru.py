"""The tutorial's training in C: builds gru.c with gcc, and calls it for 50 iterations at a time.

Adam is TensorFlow 1.3's, whatever the variant.
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from protocol import run

FLAGS = "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"
# As in gru.c.
INPUTS, ONE, GAP, TILE = 4, 2, 8, 8
# At most this many vectors of examples go through the network together.
PANEL = 16

Doubles = ctypes.POINTER(ctypes.c_double)


class Examples(ctypes.Structure):
    """gru.c's struct examples: a set, batch on the last axis, cut into panels of equal width."""

    _fields_ = (
        *((name, ctypes.c_long) for name in ("panels", "width", "time", "batch")),
        *((name, Doubles) for name in ("x", "y")),
    )

    def __init__(self, library, x, y):
        lanes = ctypes.c_int.in_dll(library, "lanes").value
        batch, time, inputs = x.shape
        panels = _divide_up(batch, PANEL * lanes)
        width = _divide_up(_divide_up(batch, panels), lanes)
        padded = np.zeros((panels * width * lanes, time, INPUTS + 1))
        padded[:batch, :, :inputs], padded[:batch, :, ONE], padded[:batch, :, -1:] = x, 1, y
        rows = padded.reshape(panels, width * lanes, time, INPUTS + 1).transpose(0, 2, 3, 1)
        self.arrays = rows[:, :, :INPUTS].copy(), rows[:, :, INPUTS].copy()
        super().__init__(panels, width, time, batch, *map(_pointer, self.arrays))


class Adam(ctypes.Structure):
    """gru.c's struct adam."""

    _fields_ = (
        *((name, Doubles) for name in ("theta", "m", "v")),
        *((name, ctypes.c_float) for name in ("learning_rate", "beta1", "beta2", "epsilon")),
        *((name, ctypes.c_float) for name in ("beta1_power", "beta2_power")),
    )

    def __init__(self, problem, theta):
        self.arrays = theta, np.zeros_like(theta), np.zeros_like(theta)
        betas = problem.beta1, problem.beta2
        settings = problem.learning_rate, *betas, problem.epsilon, *betas
        super().__init__(*map(_pointer, self.arrays), *settings)


def train(problem, variant, mark):
    library = build()
    hidden, theta = flat_weights(problem.weights)
    training = Examples(library, problem.x_train, problem.y_train)
    validation = Examples(library, problem.x_test, problem.y_test)
    adam = Adam(problem, theta)
    train_losses, validation_losses = np.empty((2, problem.iterations))
    for done in range(0, problem.iterations, 50):
        chunk = slice(done, min(done + 50, problem.iterations))
        losses = train_losses[chunk], validation_losses[chunk]
        library.train(
            ctypes.c_long(hidden),
            ctypes.byref(training),
            ctypes.byref(validation),
            ctypes.byref(adam),
            ctypes.c_long(len(losses[0])),
            *map(_pointer, losses),
        )
        mark(chunk.stop)
    return train_losses, validation_losses, predict(library, hidden, theta, problem.question)


def predict(library, hidden, theta, x):
    # gru.c returns the output minus y.
    question = Examples(library, x, y=np.zeros_like(x[:, :, :1]))
    output = np.empty_like(question.arrays[1])
    library.predict(
        ctypes.c_long(hidden), ctypes.byref(question), _pointer(theta), _pointer(output)
    )
    return output[0, :, : len(x)]


def build():
    """Compile gru.c for this machine, and load it."""
    source = Path(__file__).with_name("gru.c")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "gru.so"
        try:
            subprocess.run(["gcc", *FLAGS, str(source), "-lm", "-o", str(path)], check=True)
        except FileNotFoundError:
            sys.exit("c_gru.py needs gcc")
        return ctypes.CDLL(str(path))


def flat_weights(weights):
    """Return the hidden size, padded to whole tiles of eight, and the weights as gru.c has them."""
    inputs, hidden = weights["Wr"].shape
    padded = TILE * _divide_up(hidden, TILE)
    gates = np.zeros((INPUTS + padded, 3 * padded + GAP))
    for k, gate in enumerate("rzh"):
        columns = slice(k * padded, k * padded + hidden)
        gates[:inputs, columns] = weights["W" + gate]
        gates[ONE, columns] = weights["b" + gate]
        gates[INPUTS : INPUTS + hidden, columns] = weights["U" + gate]
    output = np.zeros(padded + 1)
    output[:hidden], output[-1] = weights["W_output"][:, 0], weights["b_output"][0]
    return padded, np.concatenate([gates.ravel(), output])


def _pointer(array):
    return array.ctypes.data_as(Doubles)


def _divide_up(number, divisor):
    return -(-number // divisor)


if __name__ == "__main__":
    run(train)
