"""The tutorial's network and training loop in PyTorch, on the CPU and in float64.

`nn.GRU` cannot be used: it lets the reset gate act after the product with Uh, and weighs the old
state by z_t. So the cell is written out, and a Python loop runs over time.

    python pytorch_gru.py VARIANT PROBLEM.npz RESULT.npz

eager: the equations as they stand, and Adam as it comes.
fused: the gates' weights side by side, the input products of all steps at once, and fused Adam.
compile: as fused, with the loss and its gradient through `torch.compile`.
"""

import numpy as np
import torch
from protocol import run
from torch import nn


class PlainAdder(nn.Module):
    """The network, equation by equation: from bits (batch, time, 2) to (batch, time, 1)."""

    def __init__(self, weights):
        super().__init__()
        for name, value in weights.items():
            self.register_parameter(name, nn.Parameter(torch.tensor(value)))

    def forward(self, x):
        h_t = x.new_zeros(len(x), len(self.Uh))
        states = []
        for x_t in x.unbind(1):
            z_t = torch.sigmoid(x_t @ self.Wz + h_t @ self.Uz + self.bz)
            r_t = torch.sigmoid(x_t @ self.Wr + h_t @ self.Ur + self.br)
            h_candidate = torch.tanh(x_t @ self.Wh + (r_t * h_t) @ self.Uh + self.bh)
            h_t = (1 - z_t) * h_t + z_t * h_candidate
            states.append(h_t)
        return torch.stack(states, 1) @ self.W_output + self.b_output


class FusedAdder(nn.Module):
    """The same network in fewer and larger operations."""

    def __init__(self, weights):
        super().__init__()

        def side_by_side(*names):
            return nn.Parameter(torch.tensor(np.concatenate([weights[name] for name in names], -1)))

        self.W = side_by_side("Wz", "Wr", "Wh")
        self.b = side_by_side("bz", "br", "bh")
        # Uh stays apart: its product has to wait for the reset gate.
        self.U = side_by_side("Uz", "Ur")
        self.Uh = side_by_side("Uh")
        self.W_output = side_by_side("W_output")
        self.b_output = side_by_side("b_output")

    def forward(self, x):
        hidden_size = len(self.Uh)
        # Time comes first, so what a step reads is contiguous in memory.
        x_W = nn.functional.linear(x.transpose(0, 1), self.W.t(), self.b)  # noqa: N806
        for_gates, for_candidate = x_W.split([2 * hidden_size, hidden_size], -1)
        h_t = x.new_zeros(len(x), hidden_size)
        states = []
        for gates, candidate in zip(for_gates.unbind(), for_candidate.unbind(), strict=True):
            z_t, r_t = torch.sigmoid(torch.addmm(gates, h_t, self.U)).chunk(2, -1)
            h_candidate = torch.tanh(torch.addmm(candidate, r_t * h_t, self.Uh))
            # (1 - z_t) * h_t + z_t * h_candidate
            h_t = torch.lerp(h_t, h_candidate, z_t)
            states.append(h_t)
        output = nn.functional.linear(torch.stack(states), self.W_output.t(), self.b_output)
        return output.transpose(0, 1)


def train(problem, variant, mark):
    # The tutorial's matrices are too small to be worth a second thread.
    torch.set_num_threads(1)
    network = {"eager": PlainAdder, "fused": FusedAdder, "compile": FusedAdder}[variant]
    adder = network(problem.weights)
    betas, fused = (problem.beta1, problem.beta2), variant != "eager"
    optimizer = torch.optim.Adam(
        adder.parameters(), problem.learning_rate, betas, problem.epsilon, fused=fused
    )

    def loss_of(x, y):
        return 0.5 * nn.functional.mse_loss(adder(x), y, reduction="sum") / len(x)

    if variant == "compile":
        # Training and validation batches may differ in size; each gets code for its own.
        loss_of = torch.compile(loss_of, fullgraph=True, dynamic=False)

    x_train, y_train = torch.from_numpy(problem.x_train), torch.from_numpy(problem.y_train)
    x_test, y_test = torch.from_numpy(problem.x_test), torch.from_numpy(problem.y_test)
    train_losses, validation_losses = [], []
    for done in range(1, problem.iterations + 1):
        optimizer.zero_grad()
        train_loss = loss_of(x_train, y_train)
        train_loss.backward()
        optimizer.step()
        with torch.inference_mode():
            validation_losses.append(loss_of(x_test, y_test))
        train_losses.append(train_loss.detach())
        if done % 50 == 0:
            mark(done)

    with torch.inference_mode():
        answer = adder(torch.from_numpy(problem.question))[0, :, 0]
    return torch.stack(train_losses), torch.stack(validation_losses), answer


if __name__ == "__main__":
    run(train)
