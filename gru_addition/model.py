"""The tutorial's TensorFlow 1 graph: a gated recurrent unit, and the model that adds with it.

Sections 2 and 3 of the tutorial. Everything is built in the caller's `tf.Graph`; nothing here opens
a session, and no process-wide setting is touched:

    with tf.Graph().as_default(), tf.Session() as session:
        model = AdditionModel(seed=0)
        session.run(tf.global_variables_initializer())
        session.run(model.output, {model.gru.input_layer: x})
"""

import numpy as np

from gru_addition.config import JACOBIAN_PENALTIES, LEARNING_RATES, RESOLUTIONS, STATE_NOISES
from gru_addition.support.checks import brief, named_arrays, number, real_array, whole_number
from gru_addition.support.quiet import quiet_import

with quiet_import():
    # The TensorFlow 1 interface that TensorFlow 2 still carries, without disabling TensorFlow 2.
    import tensorflow.compat.v1 as tf

# A random op mixes the graph's seed with one of its own, by default a count of ops: in TensorFlow 1
# of all those made before it, in TensorFlow 2 of the random ones. So the same code draws other
# weights in another version. These are the numbers that the tutorial's graph has in TensorFlow
# 1.3.0. Given explicitly, they make the weights the ones that 1.3.0 draws after
# `tf.set_random_seed(seed)`, bit for bit.
OP_SEEDS = {
    "Wr": 3,
    "Wz": 12,
    "Wh": 21,
    "Ur": 30,
    "Uz": 39,
    "Uh": 48,
    "br": 57,
    "bz": 66,
    "bh": 75,
    "W_output": 175,
    "b_output": 184,
}

# The distance over which `NoisyGRU.sensitivity` takes a difference, for each unit the largest.
SMALL_CHANGE = 0.1
# It is taken of one example in so many: of all, training would take three times as long as without.
EXAMPLES_PER_SENSITIVITY = 4


class GRU:
    """A gated recurrent unit: Chung et al. 2014 (arXiv:1412.3555), section 3.2, with biases added.

        z_t = sigmoid(x_t Wz + h_{t-1} Uz + bz)
        r_t = sigmoid(x_t Wr + h_{t-1} Ur + br)
        h~_t = tanh(x_t Wh + (r_t * h_{t-1}) Uh + bh)
        h_t = (1 - z_t) * h_{t-1} + z_t * h~_t

    Two conventions differ between implementations. Here, as in the paper, the reset gate r_t acts
    on the state before the product with Uh, and the update gate z_t weighs the new state.

    input_dimensions: int, the size of an input vector x_t.
    hidden_size: int, the size of the state h_t.
    dtype: tf.float64 or tf.float32.
    seed: int, or None. Becomes the seed of the graph and fixes the weights, in every TensorFlow
        version. With None they are drawn as the graph's own seed says, by default at random.
    is_drawn: bool. If False, no weights are drawn: the graph holds no random op, and initial values
        must be fed to the initializer, see `AdditionModel.initial_values`.

    Attributes, by the tutorial's names:
    Wr, Wz, Wh: variables of shape (input_dimensions, hidden_size).
    Ur, Uz, Uh: variables of shape (hidden_size, hidden_size).
    br, bz, bh: variables of shape (hidden_size,).
    input_layer: placeholder of shape (batch, time, input_dimensions).
    x_t: the input with time in front, as `tf.scan` wants it.
    h_0: the initial state, zeros of shape (batch, hidden_size).
    h_t_transposed: the states as `tf.scan` returns them, (time, batch, hidden_size).
    h_t: the states, (batch, time, hidden_size).
    """

    def __init__(self, input_dimensions, hidden_size, dtype=tf.float64, seed=None, is_drawn=True):
        self.input_dimensions = whole_number("input_dimensions", input_dimensions, minimum=1)
        self.hidden_size = whole_number("hidden_size", hidden_size, minimum=1)
        self.dtype = _float_dtype(dtype)
        _seed_graph(seed)

        def weight(name, *shape):
            return _variable(name, shape, self.dtype, seed, is_drawn, name_in_graph=name)

        # The input to each gate.
        self.Wr = weight("Wr", input_dimensions, hidden_size)
        self.Wz = weight("Wz", input_dimensions, hidden_size)
        self.Wh = weight("Wh", input_dimensions, hidden_size)
        # The state to each gate.
        self.Ur = weight("Ur", hidden_size, hidden_size)
        self.Uz = weight("Uz", hidden_size, hidden_size)
        self.Uh = weight("Uh", hidden_size, hidden_size)
        # The bias of each gate.
        self.br = weight("br", hidden_size)
        self.bz = weight("bz", hidden_size)
        self.bh = weight("bh", hidden_size)

        self.input_layer = tf.placeholder(
            self.dtype, (None, None, self.input_channels), name="input"
        )
        self.x_t, self.h_0, self.h_t_transposed, self.h_t = self._scan(self.input_layer)

    @property
    def input_channels(self):
        """How many numbers are fed for each step."""
        return self.input_dimensions

    @property
    def weights(self):
        """The variables by name: `Wr Wz Wh Ur Uz Uh br bz bh`."""
        return {kind + gate: getattr(self, kind + gate) for kind in "WUb" for gate in "rzh"}

    def forward_pass(self, h_tm1, x_t):
        """One step: from the state h_{t-1} and the input x_t to the state h_t.

        h_tm1: (batch, hidden_size). x_t: (batch, input_dimensions). Returns (batch, hidden_size).
        """
        # The update gate: how much of each unit's state is replaced by the proposal.
        z_t = tf.sigmoid(tf.matmul(x_t, self.Wz) + tf.matmul(h_tm1, self.Uz) + self.bz)
        # The reset gate: how much of each unit's state the proposal may look at.
        r_t = tf.sigmoid(tf.matmul(x_t, self.Wr) + tf.matmul(h_tm1, self.Ur) + self.br)
        # The proposal: what the state would become if nothing of the old one were kept.
        h_proposal = tf.tanh(
            tf.matmul(x_t, self.Wh) + tf.matmul(tf.multiply(r_t, h_tm1), self.Uh) + self.bh
        )
        return tf.multiply(1 - z_t, h_tm1) + tf.multiply(z_t, h_proposal)

    def hidden_states(self, inputs, h_0=None):
        """Run the same variables over another tensor of shape (batch, time, input_dimensions).

        h_0: the state to start from, (batch, hidden_size), by default zeros. Returns the states,
        of shape (batch, time, hidden_size).
        """
        return self._scan(inputs, h_0)[-1]

    def _scan(self, inputs, h_0=None):
        x_t = tf.transpose(inputs, [1, 0, 2], name="x_t")
        if h_0 is None:
            # A product with zeros is zero and takes its batch size from the input.
            zeros = tf.zeros((self.input_channels, self.hidden_size), self.dtype)
            h_0 = tf.matmul(x_t[0, :, :], zeros, name="h_0")
        h_t_transposed = tf.scan(self.forward_pass, x_t, initializer=h_0, name="h_t_transposed")
        h_t = tf.transpose(h_t_transposed, [1, 0, 2], name="h_t")
        return x_t, h_0, h_t_transposed, h_t


class RoundedGRU(GRU):
    """A GRU whose state is rounded to multiples of 1 / resolution after every step.

    It has finitely many states, which makes it a finite automaton. resolution: int, at least 1; the
    rest is as for `GRU`.
    """

    def __init__(self, input_dimensions, hidden_size, resolution, **options):
        self.resolution = whole_number("resolution", resolution, *RESOLUTIONS)
        super().__init__(input_dimensions, hidden_size, **options)

    def forward_pass(self, h_tm1, x_t):
        """One step, then rounded; otherwise like `GRU.forward_pass`."""
        return tf.round(super().forward_pass(h_tm1, x_t) * self.resolution) / self.resolution


class NoisyGRU(GRU):
    """A GRU that learns to forgive small changes of its state, by meeting them while it is trained.

    Behind the `input_dimensions` channels of x_t its input has `hidden_size` more, one for each
    unit, which hold random numbers between -1 and 1. Zeros make it a plain GRU.

    state_noise: float, times which they are added to the state after every step.
    """

    def __init__(self, input_dimensions, hidden_size, state_noise=0.0, **options):
        self.state_noise = state_noise
        super().__init__(input_dimensions, hidden_size, **options)

    @property
    def input_channels(self):
        return self.input_dimensions + self.hidden_size

    def forward_pass(self, h_tm1, x_t):
        """One step, then the noise; x_t has shape (batch, input_channels)."""
        x_t, noise_t = self._without_noise(x_t)
        return super().forward_pass(h_tm1, x_t) + self.state_noise * noise_t

    def sensitivity(self, h_tm1, x_t):
        """How much a step stretches small changes of the state, in the noise's random directions.

        h_tm1: (..., batch, hidden_size). x_t: (..., batch, input_channels). Returns a tensor of
        shape (...), a mean over some of the examples. Its own mean over the noise is nearly that of
        the squared Frobenius norm of the Jacobian dh_t / dh_{t-1} (Hoffman et al. 2019,
        arXiv:1908.02729, section 2.3, with a finite difference). It is zero if there is no noise.
        """
        some = (..., slice(None, None, EXAMPLES_PER_SENSITIVITY), slice(None))
        h_tm1, (x_t, noise_t) = h_tm1[some], self._without_noise(x_t[some])
        moved = super().forward_pass(h_tm1 + SMALL_CHANGE * noise_t, x_t)
        change = (moved - super().forward_pass(h_tm1, x_t)) / SMALL_CHANGE
        # A number drawn between -1 and 1 has a mean square of 1/3.
        return 3 * tf.reduce_mean(tf.reduce_sum(tf.square(change), axis=-1), axis=-1)

    def _without_noise(self, x_t):
        return x_t[..., : self.input_dimensions], x_t[..., self.input_dimensions :]


class AdditionModel:
    """A GRU that reads two numbers bit by bit and writes their sum: section 3 of the tutorial.

    hidden_size: int, the size of the GRU's state.
    learning_rate: float, Adam's step size; None for a model that is not to be trained.
    dtype, seed, is_drawn: as for `GRU`.
    resolution: int, for a `RoundedGRU`; None for one that is not rounded.
    state_noise, jacobian_penalty: floats; if one of them is not zero, the model has a `NoisyGRU`.
        The penalty is added to the loss for each column, times the sensitivity of its step.

    Attributes, by the tutorial's names:
    gru: the `GRU`; its `input_layer` takes the operands' bits, (batch, time, 2).
    W_output, b_output: variables of shape (hidden_size, 1) and (1,).
    output: for each column the sum's bit, as a real number near 0 or 1, (batch, time, 1).
    expected_output: placeholder for the sum's bits, (batch, time, 1).
    loss: scalar, half the squared error, summed over the columns, averaged over the batch; with the
        penalty, if there is one.
    optimizer: the `tf.train.AdamOptimizer`.
    train_step: the op that takes one step of Adam.
    weights: all variables above by name, `Wr` to `b_output`.
    """

    def __init__(
        self,
        hidden_size=16,
        learning_rate=0.001,
        dtype=tf.float64,
        seed=None,
        *,
        is_drawn=True,
        resolution=None,
        state_noise=0.0,
        jacobian_penalty=0.0,
    ):
        if learning_rate is not None:
            learning_rate = number("learning_rate", learning_rate, *LEARNING_RATES)
        state_noise = number("state_noise", state_noise, *STATE_NOISES)
        jacobian_penalty = number("jacobian_penalty", jacobian_penalty, *JACOBIAN_PENALTIES)
        if resolution is not None and (state_noise or jacobian_penalty):
            raise ValueError(
                "resolution must be None for a model with state_noise or jacobian_penalty, "
                f"not {brief(resolution)}"
            )
        if resolution is not None:
            self.gru = RoundedGRU(
                2, hidden_size, resolution, dtype=dtype, seed=seed, is_drawn=is_drawn
            )
        elif state_noise or jacobian_penalty:
            self.gru = NoisyGRU(
                2, hidden_size, state_noise, dtype=dtype, seed=seed, is_drawn=is_drawn
            )
        else:
            self.gru = GRU(2, hidden_size, dtype, seed, is_drawn)
        self.jacobian_penalty = jacobian_penalty
        dtype = self.gru.dtype

        # Unnamed in the graph, as in the tutorial, so that its checkpoints load.
        self.W_output = _variable("W_output", (hidden_size, 1), dtype, seed, is_drawn)
        self.b_output = _variable("b_output", (1,), dtype, seed, is_drawn)
        # Every state h_t of an example goes through the output layer, not only the last.
        self.output = tf.map_fn(
            lambda h_t: tf.matmul(h_t, self.W_output) + self.b_output, self.gru.h_t
        )

        self.expected_output = tf.placeholder(dtype, (None, None, 1), name="expected_output")
        with tf.name_scope("batch_size"):
            batch_size = tf.cast(tf.shape(self.output)[0], dtype)
        squared_error = tf.pow(self.output - self.expected_output, 2)
        self.loss = tf.reduce_sum(0.5 * squared_error) / batch_size
        if jacobian_penalty:
            h_tm1 = tf.concat([self.gru.h_0[tf.newaxis], self.gru.h_t_transposed[:-1]], axis=0)
            self.loss += self._penalty(h_tm1, self.gru.x_t)
        self.optimizer = self.train_step = None
        if learning_rate is not None:
            self.optimizer = tf.train.AdamOptimizer(learning_rate)
            self.train_step = self.optimizer.minimize(self.loss)

    @classmethod
    def for_weights(cls, weights, resolution=None):
        """A model of the size and type of given weights, not to be trained; none are drawn.

        Returns it with the feed that sets it to them, and raises the errors of `initial_values`.
        """
        u_z = named_arrays("weights", weights).get("Uz")
        u_z = real_array("Uz", u_z, "hidden_size", "hidden_size")
        dtype = np.result_type(u_z, np.float32)
        model = cls(
            len(u_z), learning_rate=None, dtype=dtype, is_drawn=False, resolution=resolution
        )
        return model, model.initial_values(weights)

    @property
    def weights(self):
        """The variables by name: `Wr Wz Wh Ur Uz Uh br bz bh W_output b_output`."""
        return self.gru.weights | {"W_output": self.W_output, "b_output": self.b_output}

    def output_of(self, h_t):
        """The output for states h_t of shape (..., hidden_size), in one product for all of them.

        It is what the tutorial's `tf.map_fn` computes example by example, and faster. Returns a
        tensor of shape (..., 1).
        """
        return tf.matmul(h_t, self.W_output) + self.b_output

    def loss_of(self, x, y):
        """The loss on other tensors than the placeholders.

        x: (batch, time, 2), for a `NoisyGRU` with its noise. y: (batch, time, 1).

        The loss is summed up on the way, column by column, by `tf.foldl`, which keeps only the last
        of what `tf.scan` would return. For the states that `tf.scan` returns, XLA copies all of
        them in each step of the backward pass, which takes quadratic time. Returns a scalar tensor.
        """

        def add_column(state_and_loss, column):
            h_tm1, loss = state_and_loss
            x_t, y_t = column
            h_t = self.gru.forward_pass(h_tm1, x_t)
            loss += tf.reduce_sum(0.5 * tf.pow(self.output_of(h_t) - y_t, 2))
            if self.jacobian_penalty:
                loss += batch_size * self._penalty(h_tm1, x_t)
            return h_t, loss

        batch_size = tf.cast(tf.shape(x)[0], x.dtype)
        h_0 = tf.zeros((tf.shape(x)[0], self.gru.hidden_size), x.dtype)
        columns = tf.transpose(x, [1, 0, 2]), tf.transpose(y, [1, 0, 2])
        _, loss = tf.foldl(add_column, columns, initializer=(h_0, tf.zeros((), x.dtype)))
        return loss / batch_size

    def _penalty(self, h_tm1, x_t):
        return self.jacobian_penalty * tf.reduce_sum(self.gru.sensitivity(h_tm1, x_t))

    def initial_values(self, weights):
        """Return the feed with which the variables' initializer sets them to `weights`.

        weights: arrays by name, `Wr` to `b_output`. To be called in the model's graph. Raises
            `TypeError` if it is no mapping, and `ValueError` naming the array that is missing,
            unknown, or has a wrong shape or values.
        """
        weights = named_arrays("weights", weights)
        unknown = [name for name in weights if name not in self.weights]
        if unknown:
            raise ValueError(
                f"weights must hold {', '.join(self.weights)}, not {brief(unknown[0])}"
            )
        feed = {}
        for name, variable in self.weights.items():
            value = real_array(name, weights.get(name), *variable.shape.as_list())
            # A session lets one replace any tensor, here the random numbers, if they are drawn.
            feed[variable.initial_value] = value
        return feed


def _variable(name, shape, dtype, seed, is_drawn, name_in_graph=None):
    if is_drawn:
        op_seed = None if seed is None else OP_SEEDS[name]
        initial_value = tf.truncated_normal(shape, stddev=0.01, dtype=dtype, seed=op_seed)
    else:
        initial_value = tf.placeholder(dtype, shape)
    return tf.Variable(initial_value, name=name_in_graph)


def _seed_graph(seed):
    if seed is not None:
        tf.set_random_seed(whole_number("seed", seed, minimum=0, maximum=2**32 - 1))


def _float_dtype(dtype):
    try:
        converted = tf.as_dtype(dtype)
    except TypeError:
        converted = None
    if converted not in (tf.float32, tf.float64):
        raise ValueError(f"dtype must be float32 or float64, not {brief(dtype)}")
    return converted
