"""A network that learns to add in PyTorch, and is proved here.

    python examples/from_pytorch.py GRU adder.npz            or RNN, or LSTM
    python -m gru_addition prove --from adder.npz

The first line needs PyTorch and nothing of this package, and takes about a minute. Besides the
usual loss, it keeps a penalty small: how much each step stretches small changes of the state.
`from_keras.py` says what becomes of networks that are trained without it.
"""

import sys

import numpy as np
import torch
from torch import nn

BITS, SUMS, UNITS, ITERATIONS = 12, 100, 12, 3000
RATE, PENALTY, SMALL_CHANGE = 0.01, 0.01, 0.1


class Adder(nn.Module):
    """Reads the bits of two numbers, the lowest first; above 0, an output means a one."""

    def __init__(self, layer):
        super().__init__()
        self.rnn, self.linear = layer(2, UNITS), nn.Linear(UNITS, 1)

    def forward(self, x):
        return self.linear(self.rnn(x)[0])

    def step(self, x_t, state):
        """The state after a column: (1, sums, units); an LSTM's has a second part, its memory."""
        parts = state.split(1)
        _, after = self.rnn(x_t[None], parts[0] if len(parts) == 1 else parts)
        return torch.cat(after) if isinstance(after, tuple) else after


def draw_sums():
    """Operands, bits of shape (BITS, SUMS, 2), and the bits of their sums, (BITS, SUMS, 1)."""
    numbers = torch.randint(2 ** (BITS - 1), (SUMS, 2))
    places = torch.arange(BITS)[:, None, None]
    return (numbers >> places & 1).float(), (numbers.sum(1, keepdim=True) >> places & 1).float()


def loss_of(model, x, y):
    """The cross-entropy of the bits, and the penalty, both summed over the columns."""
    state = torch.zeros(2 if isinstance(model.rnn, nn.LSTM) else 1, SUMS, UNITS)
    loss = penalty = 0.0
    for x_t, y_t in zip(x, y):
        # The Jacobian of a step times a random vector; the squared length of that is on average a
        # third of the sum of the Jacobian's squares.
        noise = 2 * torch.rand_like(state) - 1
        moved, state = model.step(x_t, state + SMALL_CHANGE * noise), model.step(x_t, state)
        penalty += 3 * ((moved - state) / SMALL_CHANGE).square().sum((0, 2)).mean()
        loss += nn.functional.binary_cross_entropy_with_logits(model.linear(state[0]), y_t)
    return loss + PENALTY * penalty


def train(layer, seed=0):
    torch.manual_seed(seed)
    model = Adder(layer)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    for iteration in range(ITERATIONS):
        loss = loss_of(model, *draw_sums())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if iteration % 500 == 0:
            print(f"{iteration}: {loss.item():.4f}", flush=True)
    return model


def main(layer, path):
    model = train(getattr(nn, layer))
    # The loss has a sigmoid, so an output above 0 means a one.
    arrays = {name: weight.numpy() for name, weight in model.state_dict().items()}
    np.savez(path, **arrays, threshold=0.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
