"""Record what PyTorch computes with weights drawn at random, in float64.

    python -m venv torch-env
    torch-env/bin/pip install torch==2.13.0 numpy
    torch-env/bin/python record_pytorch.py pytorch

It uses nothing of the `gru_addition` package, so that what it writes is an oracle for it. Each file
holds the arrays of a `state_dict`, operands `x` and outputs `y`.
"""

import os
import sys

import numpy as np
import torch
from torch import nn

UNITS, SUMS, BITS = 5, 7, 9


class Model(nn.Module):
    def __init__(self, layer, bias):
        super().__init__()
        self.rnn = layer(2, UNITS, batch_first=True, bias=bias)
        self.linear = nn.Linear(UNITS, 1, bias=bias)

    def forward(self, x):
        return self.linear(self.rnn(x)[0])


def record(path, layer, bias=True):
    torch.manual_seed(0)
    model = Model(layer, bias).double()
    with torch.no_grad():
        for weight in model.parameters():
            # Large enough for all nonlinearities to matter.
            weight.normal_(std=0.7)
        x = torch.randint(2, (SUMS, BITS, 2)).double()
        arrays = {**model.state_dict(), "x": x, "y": model(x)}
    np.savez(path, **{name: array.numpy() for name, array in arrays.items()})


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in "RNN", "GRU", "LSTM":
        record(os.path.join(sys.argv[1], f"{name}.npz"), getattr(nn, name))
    record(os.path.join(sys.argv[1], "GRU-without-bias.npz"), nn.GRU, bias=False)
