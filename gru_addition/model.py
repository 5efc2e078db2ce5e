"""The tutorial's TensorFlow 1 graph: a gated recurrent unit, and the model that adds with it.

Sections 2 and 3 of the tutorial. Everything is built in the caller's `tf.Graph`; nothing here opens
a session, and no process-wide setting is touched:

    with tf.Graph().as_default(), tf.Session() as session:
        model = AdditionModel(seed=0)
        session.run(tf.global_variables_initializer())
        session.run(model.output, {model.gru.input_layer: x})
"""

from abc import ABC, abstractmethod

import numpy as np

from gru_addition.support import tf
from gru_addition.support.checks import brief, real_array


class Cell(ABC):
    """A recurrent layer that `tf.scan` runs along the columns: what all cells have in common.

    input_dimensions: int, the size of an input vector x_t.
    hidden_size: int, the number of units.
    dtype: float64 or float32, as `tf.float64` or by its name.
    seed: int, or None. Becomes the seed of the graph and fixes the weights, in every TensorFlow
        version. With None the graph's own seed decides; if it has none, they are random.

    Attributes, by the tutorial's names:
    input_layer: placeholder of shape (batch, time, input_dimensions).
    x_t: the input with time first, as `tf.scan` needs it.
    h_0: the initial state, zeros of shape (batch, state_size).
    h_t_transposed: the states as `tf.scan` returns them, (time, batch, state_size).
    h_t: the states, (batch, time, state_size).

    A cell adds its weights, with an op seed for each, and its step, `forward_pass`.
    """

    # A random op mixes the graph's seed with a seed of its own, which by default counts the ops
    # made so far. TensorFlow 1 and 2 count differently, and so draw different weights. Given
    # explicitly, op seeds make every version draw the same weights from a graph's seed.
    OP_SEEDS = {}  # noqa: RUF012
    # How many numbers in a state belong to each unit.
    STATES_PER_UNIT = 1

    def __init__(self, input_dimensions, hidden_size, dtype="float64", seed=None):
        self.input_dimensions, self.hidden_size = input_dimensions, hidden_size
        self.dtype = tf.as_dtype(dtype)
        if seed is not None:
            tf.set_random_seed(seed)

        def weight(name):
            """W takes the input to a gate, U the state, and b is the gate's bias."""
            shapes = {"W": (input_dimensions, hidden_size), "U": (hidden_size, hidden_size)}
            shape = shapes.get(name[0], (hidden_size,))
            return _variable(shape, self.dtype, seed, self.OP_SEEDS[name], name)

        self._add_weights(weight)
        self.input_layer = tf.placeholder(
            self.dtype, (None, None, self.input_channels), name="input"
        )
        self.x_t, self.h_0, self.h_t_transposed, self.h_t = self._scan(self.input_layer)

    @abstractmethod
    def _add_weights(self, weight):
        """Make the variables, each by `weight` of its name."""

    @abstractmethod
    def forward_pass(self, h_tm1, x_t):
        """One step: from the state h_{t-1} and the input x_t to the state h_t.

        h_tm1: (batch, state_size). x_t: (batch, input_channels). Returns (batch, state_size).
        """

    def first_state(self, x_1):
        """The same step from a state of zeros; x_1: (batch, input_channels)."""
        return self.forward_pass(self.initial_state(tf.shape(x_1)[0]), x_1)

    @property
    def input_channels(self):
        """How many numbers are fed for each step."""
        return self.input_dimensions

    @property
    def state_size(self):
        """How many numbers are in a state: the number of units, unless a unit keeps several."""
        return self.hidden_size * self.STATES_PER_UNIT

    @property
    def weights(self):
        """The variables by name."""
        return {name: getattr(self, name) for name in self.OP_SEEDS}

    def initial_state(self, batch_size):
        """The state before the first column: zeros of shape (batch, state_size)."""
        return tf.zeros((batch_size, self.state_size), self.dtype)

    def read(self, state):
        """What the output layer reads from a state: (..., hidden_size)."""
        return state

    def hidden_states(self, inputs, h_0=None):
        """Run the same variables over another tensor of shape (batch, time, input_dimensions).

        h_0: the state to start from, (batch, state_size), by default zeros. Returns the states,
        of shape (batch, time, state_size).
        """
        return self._scan(inputs, h_0)[-1]

    def _scan(self, inputs, h_0=None):
        x_t = tf.transpose(inputs, [1, 0, 2], name="x_t")
        if h_0 is None:
            # A product with zeros is zero and takes its batch size from the input.
            zeros = tf.zeros((self.input_channels, self.state_size), self.dtype)
            h_0 = tf.matmul(x_t[0, :, :], zeros, name="h_0")
        h_t_transposed = tf.scan(self.forward_pass, x_t, initializer=h_0, name="h_t_transposed")
        h_t = tf.transpose(h_t_transposed, [1, 0, 2], name="h_t")
        return x_t, h_0, h_t_transposed, h_t


class GRU(Cell):
    """A gated recurrent unit: Chung et al. 2014 (arXiv:1412.3555), section 3.2, with biases added.

        z_t = sigmoid(x_t Wz + h_{t-1} Uz + bz)
        r_t = sigmoid(x_t Wr + h_{t-1} Ur + br)
        h~_t = tanh(x_t Wh + (r_t * h_{t-1}) Uh + bh)
        h_t = (1 - z_t) * h_{t-1} + z_t * h~_t

    Two conventions differ between implementations. Here, as in the paper, the reset gate r_t acts
    on the state before the product with Uh, and the update gate z_t weighs the new state.

    Its weights, by the tutorial's names; the rest is as for `Cell`. r stands for the reset gate, z
    for the update gate, and h for the candidate state:
    Wr, Wz, Wh: variables of shape (input_dimensions, hidden_size).
    Ur, Uz, Uh: variables of shape (hidden_size, hidden_size).
    br, bz, bh: variables of shape (hidden_size,).
    """

    # What TensorFlow 1.3.0 counts. So every version draws the weights that 1.3.0 draws after
    # `tf.set_random_seed(seed)`, bit for bit.
    OP_SEEDS = {  # noqa: RUF012
        "Wr": 3, "Wz": 12, "Wh": 21, "Ur": 30, "Uz": 39, "Uh": 48, "br": 57, "bz": 66, "bh": 75,
    }  # fmt: skip

    def _add_weights(self, weight):
        # The input to each gate.
        self.Wr, self.Wz, self.Wh = weight("Wr"), weight("Wz"), weight("Wh")
        # The state to each gate.
        self.Ur, self.Uz, self.Uh = weight("Ur"), weight("Uz"), weight("Uh")
        # The bias of each gate.
        self.br, self.bz, self.bh = weight("br"), weight("bz"), weight("bh")

    def forward_pass(self, h_tm1, x_t):
        """One step; see `Cell.forward_pass`."""
        # The update gate: how much of each unit's state is replaced by the candidate.
        z_t = tf.sigmoid(tf.matmul(x_t, self.Wz) + tf.matmul(h_tm1, self.Uz) + self.bz)
        # The reset gate: how much of each unit's state the candidate may use.
        r_t = tf.sigmoid(tf.matmul(x_t, self.Wr) + tf.matmul(h_tm1, self.Ur) + self.br)
        # The candidate state: what the state would become if nothing of the old one were kept.
        h_proposal = tf.tanh(
            tf.matmul(x_t, self.Wh) + tf.matmul(tf.multiply(r_t, h_tm1), self.Uh) + self.bh
        )
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)


class AdditionModel:
    """A GRU that reads two numbers bit by bit and writes their sum: section 3 of the tutorial.

    hidden_size: int, the size of the GRU's state.
    learning_rate: float, Adam's step size; None for a model that will not be trained.
    dtype, seed: as for `GRU`.
    cell: the class of the cell, or a function that takes `GRU`'s arguments and returns a cell.

    Attributes, by the tutorial's names:
    gru: the cell, a `GRU` unless another is given; its `input_layer` takes the operands' bits,
        (batch, time, 2).
    W_output, b_output: variables of shape (hidden_size, 1) and (1,).
    output: for each column the sum's bit, as a real number near 0 or 1, (batch, time, 1).
    expected_output: placeholder for the sum's bits, (batch, time, 1).
    loss: scalar, half the squared error, summed over the columns, averaged over the batch.
    optimizer: the `tf.train.AdamOptimizer`.
    train_step: the op that takes one step of Adam.
    weights: all variables above by name, `Wr` to `b_output`.
    """

    # See `GRU.OP_SEEDS`.
    OP_SEEDS = {"W_output": 175, "b_output": 184}  # noqa: RUF012

    def __init__(
        self, hidden_size=16, learning_rate=0.001, dtype="float64", seed=None, *, cell=GRU
    ):
        self.gru = cell(2, hidden_size, dtype=dtype, seed=seed)
        dtype = self.gru.dtype

        # Unnamed in the graph, as in the tutorial, so that its checkpoints load.
        self.W_output = _variable((hidden_size, 1), dtype, seed, self.OP_SEEDS["W_output"])
        self.b_output = _variable((1,), dtype, seed, self.OP_SEEDS["b_output"])
        states = self.gru.read(self.gru.h_t)
        # Every state h_t of an example goes through the output layer, not only the last.
        self.output = tf.map_fn(lambda h_t: tf.matmul(h_t, self.W_output) + self.b_output, states)

        self.expected_output = tf.placeholder(dtype, (None, None, 1), name="expected_output")
        with tf.name_scope("batch_size"):
            batch_size = tf.cast(tf.shape(self.output)[0], dtype)
        # The compiled engine has the same loss, column by column, in `engines.compiled.loss_of`.
        squared_error = tf.pow(self.output - self.expected_output, 2)
        loss = tf.reduce_sum(0.5 * squared_error) / batch_size
        self.loss = self.with_penalty(loss)
        self.optimizer = self.train_step = None
        if learning_rate is not None:
            self.optimizer = optimizer_for(learning_rate)
            self.train_step = self.minimised(self.loss, self.optimizer)

    @property
    def weights(self):
        """The variables by name: the cell's, then `W_output b_output`."""
        return self.gru.weights | {"W_output": self.W_output, "b_output": self.b_output}

    def output_of(self, state):
        """The output for states of shape (..., hidden_size), in one product for all of them.

        The tutorial's `tf.map_fn` computes the same example by example, which is slower. Returns a
        tensor of shape (..., 1).
        """
        return tf.matmul(self.gru.read(state), self.W_output) + self.b_output

    def with_penalty(self, loss, step=None, times=1):
        """The loss to minimise: here the tutorial's. A model with a penalty overrides this.

        step: the state and the input of the one step to penalise, (batch, hidden_size) and
            (batch, input_channels); None to penalise all steps.
        times: a factor for the penalty, if the loss will later be divided by it.
        """
        return loss

    def minimised(self, loss, optimizer):
        """The op that takes one step of an optimizer. A model that does more overrides this."""
        return optimizer.minimize(loss)

    @classmethod
    def for_weights(cls, weights, cell=GRU):
        """A model of the size and type of the given weights, not for training.

        Returns the model, and the feed that sets it to the weights; raises the errors of
        `initial_values`.
        """
        dtype = np.result_type(weights["W_output"], np.float32)
        # Nothing is drawn, but a process may demand a seed for everything that could be.
        size = len(weights["W_output"])
        model = cls(size, learning_rate=None, dtype=dtype, seed=0, cell=cell)
        return model, model.initial_values(weights)

    def initial_values(self, weights):
        """Return the feed that makes the variables' initializer set them to `weights`.

        weights: arrays by name, `Wr` to `b_output`. Call this in the model's graph. Raises
            `ValueError` naming an array that is missing, unknown, or has the wrong shape or values.
        """
        unknown = [name for name in weights if name not in self.weights]
        if unknown:
            raise ValueError(
                f"weights must hold {', '.join(self.weights)}, not {brief(unknown[0])}"
            )
        # A session lets you replace any tensor, here the random numbers.
        return {
            variable.initial_value: real_array(name, weights.get(name), *variable.shape.as_list())
            for name, variable in self.weights.items()
        }


def optimizer_for(learning_rate):
    """The tutorial's optimizer. Both engines train with it."""
    return tf.train.AdamOptimizer(learning_rate)


def _variable(shape, dtype, seed, op_seed, name=None):
    op_seed = None if seed is None else op_seed
    return tf.Variable(
        tf.truncated_normal(shape, stddev=0.01, dtype=dtype, seed=op_seed), name=name
    )
