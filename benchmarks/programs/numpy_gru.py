"""The tutorial's training in NumPy, with back-propagation through time written by hand.

The variant says which Adam: "tf1", TensorFlow 1.3's, with its float32 numbers; "epsilon-hat", the
same formula in float64, as in Keras 3; "paper", as in PyTorch and Optax. The losses of the last two
are the reference for the other programs that use them.
"""

import numpy as np
from protocol import run


class Parameters:
    """All weights, or all their gradients, in one flat vector, with a view for each kind.

    W: (3, inputs + 1, hidden), from the input to the gates r, z and the candidate; biases last.
    U: (3, hidden, hidden), from the state to the same three.
    W_output, b_output: (hidden,) and (1,).
    """

    def __init__(self, input_dimensions, hidden_size):
        shapes = (
            (3, input_dimensions + 1, hidden_size),
            (3, hidden_size, hidden_size),
            (hidden_size,),
            (1,),
        )
        ends = np.cumsum([np.prod(shape) for shape in shapes])
        self.flat = np.zeros(ends[-1])
        parts = np.split(self.flat, ends[:-1])
        views = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        self.W, self.U, self.W_output, self.b_output = views

    def assign(self, weights):
        for k, gate in enumerate("rzh"):
            self.W[k, :-1], self.W[k, -1] = weights["W" + gate], weights["b" + gate]
            self.U[k] = weights["U" + gate]
        self.W_output[:], self.b_output[:] = weights["W_output"][:, 0], weights["b_output"]


class Network:
    """The network on one set of examples, with room for all that a pass through it computes.

    The weights are looked up in `parameters` at each pass. Arrays have time before batch, which
    makes a time step contiguous, and the whole sequence one matrix without a copy.

    x: bits, (batch, time, inputs). y: bits, (batch, time, 1), needed for a loss only.
    """

    def __init__(self, parameters, x, y=None):
        self.parameters = parameters
        self.batch, self.time, _ = x.shape
        hidden = len(parameters.W_output)
        # A one beside the input makes the bias another row of W.
        x_and_one = np.concatenate([x, np.ones_like(x[:, :, :1])], axis=2)
        self.x = _whole(x_and_one.swapaxes(0, 1))
        self.y = None if y is None else y[:, :, 0].T.ravel()

        sequence = self.time, self.batch, hidden
        self.h = np.zeros((self.time + 1, self.batch, hidden))
        self.gates = np.empty((3, *sequence))
        self.d_gates = np.empty((3, *sequence))
        self.slopes = np.empty((3, *sequence))
        self.reset_h, self.change, self.d_h = (np.empty(sequence) for _ in range(3))
        self.products = np.empty((2, self.batch, hidden))

    def output(self):
        """The sum's bits as real numbers, (time * batch,)."""
        weights = self.parameters
        np.matmul(self.x, weights.W, out=_whole(self.gates))
        product = self.products[0]
        for t in range(self.time):
            h_tm1, h_t = self.h[t], self.h[t + 1]
            r_and_z, h_candidate = self.gates[:2, t], self.gates[2, t]
            np.matmul(h_tm1, weights.U[:2], out=self.products)
            r_and_z += self.products
            _sigmoid_in_place(r_and_z)
            r_t, z_t = r_and_z

            np.multiply(r_t, h_tm1, out=self.reset_h[t])
            np.matmul(self.reset_h[t], weights.U[2], out=product)
            h_candidate += product
            np.tanh(h_candidate, out=h_candidate)

            # (1 - z_t) * h_tm1 + z_t * h_candidate, with one product fewer.
            np.subtract(h_candidate, h_tm1, out=self.change[t])
            np.multiply(z_t, self.change[t], out=h_t)
            h_t += h_tm1
        return _whole(self.h[1:]) @ weights.W_output + weights.b_output

    def loss(self):
        self.error = self.output() - self.y
        return 0.5 * (self.error @ self.error) / self.batch

    def gradients(self, into):
        """Put the gradients of the last `loss()` into the Parameters `into`."""
        d_output = self.error / self.batch
        np.matmul(d_output, _whole(self.h[1:]), out=into.W_output)
        into.b_output[0] = d_output.sum()
        np.multiply(d_output[:, np.newaxis], self.parameters.W_output, out=_whole(self.d_h))

        self._compute_slopes()
        to_r, to_z, to_candidate = self.parameters.U.swapaxes(1, 2)
        keep = 1 - self.gates[1]
        product, other_product = self.products
        d_h = np.zeros_like(self.d_h[0])
        for t in reversed(range(self.time)):
            d_h += self.d_h[t]
            d_r, d_z, d_candidate = self.d_gates[:, t]
            np.multiply(d_h, self.slopes[1:, t], out=self.d_gates[1:, t])

            d_reset_h = np.matmul(d_candidate, to_candidate, out=product)
            np.multiply(d_reset_h, self.slopes[0, t], out=d_r)

            d_h *= keep[t]
            d_reset_h *= self.gates[0, t]
            d_h += d_reset_h
            d_h += np.matmul(d_r, to_r, out=product)
            d_h += np.matmul(d_z, to_z, out=other_product)

        d_gates = _whole(self.d_gates)
        np.matmul(self.x.T, d_gates, out=into.W)
        np.matmul(_whole(self.h[:-1]).T, d_gates[:2], out=into.U[:2])
        np.matmul(_whole(self.reset_h).T, d_gates[2], out=into.U[2])

    def _compute_slopes(self):
        """Compute what multiplies a gradient on its way to the sum inside sigmoid or tanh.

        For r_t that is the gradient with respect to r_t * h_{t-1}; for z_t and the candidate, with
        respect to h_t. None needs a later time step, so all are computed at once.
        """
        _, z, h_candidate = self.gates
        slopes = self.slopes
        np.subtract(1, self.gates[:2], out=slopes[:2])
        slopes[:2] *= self.gates[:2]
        slopes[0] *= self.h[:-1]
        slopes[1] *= self.change
        np.multiply(h_candidate, h_candidate, out=slopes[2])
        np.subtract(1, slopes[2], out=slopes[2])
        slopes[2] *= z


class Adam:
    """Kingma and Ba 2014; `variant` is one of the three that the module's docstring names."""

    def __init__(self, problem, parameters, variant):
        if variant not in ("tf1", "epsilon-hat", "paper"):
            raise ValueError(f"variant must be tf1, epsilon-hat or paper, not {variant}")
        self.corrects_v_first = variant == "paper"
        # TensorFlow 1.3 always holds its settings and the betas' powers in float32.
        held_as = np.float32 if variant == "tf1" else np.float64
        self.learning_rate, self.epsilon = held_as(problem.learning_rate), held_as(problem.epsilon)
        self.betas = np.array([problem.beta1, problem.beta2], held_as)
        self.beta_powers = self.betas.copy()
        self.theta = parameters.flat
        self.m, self.v = np.zeros_like(self.theta), np.zeros_like(self.theta)
        self.update, self.root = np.empty_like(self.theta), np.empty_like(self.theta)

    def step(self, gradient):
        # As Python floats, since float32 scalars would make the arithmetic below float32.
        beta1, beta2 = self.betas.tolist()
        beta1_power, beta2_power = self.beta_powers.tolist()
        m, v, update, root = self.m, self.v, self.update, self.root
        np.subtract(gradient, m, out=update)
        update *= 1 - beta1
        m += update
        np.multiply(gradient, gradient, out=update)
        update -= v
        update *= 1 - beta2
        v += update

        correction = (1 - beta2_power) ** 0.5
        np.sqrt(v, out=root)
        # The paper adds epsilon to sqrt(v / (1 - beta2^t)); here `correction` multiplies both.
        root += float(self.epsilon) * (correction if self.corrects_v_first else 1)
        np.multiply(m, float(self.learning_rate) * correction / (1 - beta1_power), out=update)
        update /= root
        self.theta -= update
        self.beta_powers *= self.betas


def train(problem, variant, mark):
    sizes = problem.x_train.shape[2], len(problem.weights["Uz"])
    parameters, gradients = Parameters(*sizes), Parameters(*sizes)
    parameters.assign(problem.weights)
    training = Network(parameters, problem.x_train, problem.y_train)
    validation = Network(parameters, problem.x_test, problem.y_test)
    adam = Adam(problem, parameters, variant)

    train_losses, validation_losses = [], []
    for done in range(1, problem.iterations + 1):
        train_losses.append(training.loss())
        training.gradients(into=gradients)
        adam.step(gradients.flat)
        validation_losses.append(validation.loss())
        if done % 50 == 0 or done == problem.iterations:
            mark(done)
    return train_losses, validation_losses, Network(parameters, problem.question).output()


def _whole(sequence):
    """The same numbers with time and batch as one axis: (..., time * batch, hidden)."""
    return sequence.reshape(*sequence.shape[:-3], -1, sequence.shape[-1])


def _sigmoid_in_place(x):
    # 1 / (1 + exp(-x)) in a form that cannot overflow.
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5


if __name__ == "__main__":
    run(train)
