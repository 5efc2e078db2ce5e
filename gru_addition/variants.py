"""Our changes to the tutorial's model: other cells, and what makes networks provable.

A variant is a cell to pass to `AdditionModel`, or a model that adds a penalty to its loss:

    AdditionModel(cell=LSTM)
    AdditionModel(cell=partial(NoisyGRU, state_noise=0.25))

`GRU` and `AdditionModel` know nothing of them. `noisy` and `rounded` change any cell. `model_for`
composes the model that a `Config` asks for, and `trained_model` one for trained weights.
"""

from functools import cache, partial

from gru_addition.config import JACOBIAN_PENALTIES, RESOLUTIONS, STATE_NOISES, STATES_PER_UNIT
from gru_addition.model import GRU, AdditionModel, Cell
from gru_addition.runs.weights import cell_of
from gru_addition.support.checks import named_arrays, number, whole_number
from gru_addition.support.tensorflow1 import tf

# The largest distance, for each unit, over which `Noisy.sensitivity` takes a difference.
SMALL_CHANGE = 0.1
# One example in this many is measured: with all of them, training would take three times as long.
EXAMPLES_PER_SENSITIVITY = 4


class Elman(Cell):
    """A recurrent network without gates (Elman 1990, Finding Structure in Time), with tanh.

        h_t = tanh(x_t Wh + h_{t-1} Uh + bh)

    Wh, Uh, bh: variables of shape (input_dimensions, hidden_size), (hidden_size, hidden_size) and
    (hidden_size,). The rest is as for `Cell`.
    """

    OP_SEEDS = {"Wh": 3, "Uh": 12, "bh": 21}  # noqa: RUF012

    def _add_weights(self, weight):
        self.Wh, self.Uh, self.bh = weight("Wh"), weight("Uh"), weight("bh")

    def forward_pass(self, h_tm1, x_t):
        """One step; see `Cell.forward_pass`."""
        return tf.tanh(tf.matmul(x_t, self.Wh) + tf.matmul(h_tm1, self.Uh) + self.bh)

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        return tf.tanh(tf.matmul(x_1, self.Wh) + self.bh)


class LSTM(Cell):
    """A long short-term memory with a forget gate (Gers, Schmidhuber and Cummins 2000).

        i_t, f_t, o_t = sigmoid(x_t W + h_{t-1} U + b)                   with weights of their own
        c_t = f_t * c_{t-1} + i_t * tanh(x_t Wc + h_{t-1} Uc + bc)
        h_t = o_t * tanh(c_t)

    Its state is h_t and behind it c_t, (batch, 2 hidden_size). The output layer reads h_t.

    Wi, Wf, Wo, Wc, Ui, Uf, Uo, Uc, bi, bf, bo, bc: variables of the shapes of those of a `GRU`. The
    rest is as for `Cell`.
    """

    OP_SEEDS = {  # noqa: RUF012
        "Wi": 3, "Wf": 12, "Wo": 21, "Wc": 30, "Ui": 39, "Uf": 48, "Uo": 57, "Uc": 66,
        "bi": 75, "bf": 84, "bo": 93, "bc": 102,
    }  # fmt: skip
    STATES_PER_UNIT = STATES_PER_UNIT["lstm"]

    def _add_weights(self, weight):
        self.Wi, self.Wf, self.Wo, self.Wc = map(weight, ("Wi", "Wf", "Wo", "Wc"))
        self.Ui, self.Uf, self.Uo, self.Uc = map(weight, ("Ui", "Uf", "Uo", "Uc"))
        self.bi, self.bf, self.bo, self.bc = map(weight, ("bi", "bf", "bo", "bc"))

    def read(self, state):
        """The part h_t of a state."""
        return state[..., : self.hidden_size]

    def forward_pass(self, h_tm1, x_t):
        """One step; h_tm1 holds h_{t-1} and c_{t-1}. See `Cell.forward_pass`."""
        h, c = tf.split(h_tm1, 2, axis=-1)
        # What to write to the cell, what to keep in it, and what to show of it.
        i_t = tf.sigmoid(tf.matmul(x_t, self.Wi) + tf.matmul(h, self.Ui) + self.bi)
        f_t = tf.sigmoid(tf.matmul(x_t, self.Wf) + tf.matmul(h, self.Uf) + self.bf)
        o_t = tf.sigmoid(tf.matmul(x_t, self.Wo) + tf.matmul(h, self.Uo) + self.bo)
        candidate = tf.tanh(tf.matmul(x_t, self.Wc) + tf.matmul(h, self.Uc) + self.bc)
        c_t = tf.multiply(f_t, c) + tf.multiply(i_t, candidate)
        return tf.concat([tf.multiply(o_t, tf.tanh(c_t)), c_t], axis=-1)

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        i_1 = tf.sigmoid(tf.matmul(x_1, self.Wi) + self.bi)
        o_1 = tf.sigmoid(tf.matmul(x_1, self.Wo) + self.bo)
        c_1 = tf.multiply(i_1, tf.tanh(tf.matmul(x_1, self.Wc) + self.bc))
        return tf.concat([tf.multiply(o_1, tf.tanh(c_1)), c_1], axis=-1)


# By the names that `Config.cell` takes.
CELLS = {"gru": GRU, "elman": Elman, "lstm": LSTM}


class Rounded(Cell):
    """A cell whose state is rounded to multiples of 1 / resolution after every step.

    It has finitely many states, which makes it a finite automaton. resolution: int, at least 1;
    the rest is as for the cell that `rounded` is given.
    """

    def __init__(self, *arguments, resolution, **options):
        self.resolution = whole_number("resolution", resolution, *RESOLUTIONS)
        super().__init__(*arguments, **options)

    def forward_pass(self, h_tm1, x_t):
        """One step, then rounded; see `Cell.forward_pass`."""
        return self._rounded(super().forward_pass(h_tm1, x_t))

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        return self._rounded(super().first_state(x_1))

    def _rounded(self, state):
        return tf.round(state * self.resolution) / self.resolution


class Noisy(Cell):
    """A cell that learns to tolerate small changes of its state by meeting them in training.

    Its input has `state_size` more channels after the `input_dimensions` of x_t, one for each
    number in the state. They hold random numbers between -1 and 1. Zeros make it a plain cell.

    state_noise: float; the numbers, times this factor, are added to the state after every step.
    """

    def __init__(self, *arguments, state_noise=0.0, **options):
        self.state_noise = number("state_noise", state_noise, *STATE_NOISES)
        super().__init__(*arguments, **options)

    @property
    def input_channels(self):
        return self.input_dimensions + self.state_size

    def forward_pass(self, h_tm1, x_t):
        """One step, then the noise; x_t has shape (batch, input_channels)."""
        x_t, noise_t = self._without_noise(x_t)
        return super().forward_pass(h_tm1, x_t) + self.state_noise * noise_t

    def first_state(self, x_1):
        """The same from a state of zeros; see `Cell.first_state`."""
        x_1, noise_1 = self._without_noise(x_1)
        return super().first_state(x_1) + self.state_noise * noise_1

    def sensitivity(self, h_tm1, x_t):
        """How much a step stretches small changes of the state in the noise's random directions.

        h_tm1: (..., batch, state_size). x_t: (..., batch, input_channels). Returns a tensor of
        shape (...), a mean over some of the examples. Averaged over the noise, it is close to the
        mean squared Frobenius norm of the Jacobian dh_t / dh_{t-1} (Hoffman et al. 2019,
        arXiv:1908.02729, section 2.3, with a finite difference). Without noise it is zero.
        """
        some = (..., slice(None, None, EXAMPLES_PER_SENSITIVITY), slice(None))
        h_tm1, (x_t, noise_t) = h_tm1[some], self._without_noise(x_t[some])
        moved = super().forward_pass(h_tm1 + SMALL_CHANGE * noise_t, x_t)
        change = (moved - super().forward_pass(h_tm1, x_t)) / SMALL_CHANGE
        # A number drawn between -1 and 1 has a mean square of 1/3.
        return 3 * tf.reduce_mean(tf.reduce_sum(tf.square(change), axis=-1), axis=-1)

    def _without_noise(self, x_t):
        return x_t[..., : self.input_dimensions], x_t[..., self.input_dimensions :]


@cache
def rounded(cell):
    """The class of a cell whose state is rounded, see `Rounded`."""
    return type(f"Rounded{cell.__name__}", (Rounded, cell), {})


@cache
def noisy(cell):
    """The class of a cell that learns with noise, see `Noisy`."""
    return type(f"Noisy{cell.__name__}", (Noisy, cell), {})


RoundedGRU, NoisyGRU = rounded(GRU), noisy(GRU)


class PenalisedModel(AdditionModel):
    """A model whose loss grows with how much each step stretches small changes of the state.

    jacobian_penalty: float; the sensitivities of all steps, times this factor, are added to the
        loss. The cell is `noisy`; the rest is as for `AdditionModel`.
    """

    def __init__(self, *arguments, jacobian_penalty, cell=NoisyGRU, **options):
        self.jacobian_penalty = number("jacobian_penalty", jacobian_penalty, *JACOBIAN_PENALTIES)
        super().__init__(*arguments, cell=cell, **options)

    def with_penalty(self, loss, step=None, times=1):
        """Add the penalty; see `AdditionModel.with_penalty`."""
        if step is None:
            gru = self.gru
            step = tf.concat([gru.h_0[tf.newaxis], gru.h_t_transposed[:-1]], axis=0), gru.x_t
        penalty = self.jacobian_penalty * tf.reduce_sum(self.gru.sensitivity(*step))
        return loss + times * penalty


def model_for(config, with_train_step=True):
    """The model that a `Config` asks for, built in the current graph.

    with_train_step: whether it gets the tutorial's training step.
    """
    learning_rate = config.learning_rate if with_train_step else None
    settings = config.hidden_size, learning_rate, config.dtype, config.seed
    cell = CELLS[config.cell]
    if not config.has_noise:
        return AdditionModel(*settings, cell=cell)
    cell = partial(noisy(cell), state_noise=config.state_noise)
    if not config.jacobian_penalty:
        return AdditionModel(*settings, cell=cell)
    return PenalisedModel(*settings, cell=cell, jacobian_penalty=config.jacobian_penalty)


def trained_model(weights, resolution=None):
    """A model for trained weights, rounded to multiples of 1 / resolution unless that is None.

    The names of the weights tell the cell. Returns what `AdditionModel.for_weights` does, and
    raises its errors.
    """
    cell = CELLS[cell_of(named_arrays("weights", weights))]
    if resolution is not None:
        cell = partial(rounded(cell), resolution=resolution)
    return AdditionModel.for_weights(weights, cell)
