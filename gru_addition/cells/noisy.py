"""A cell that learns to tolerate small changes of its state by meeting them in training."""

from functools import cache

from gru_addition.model import Cell
from gru_addition.support import tf

# The largest distance, for each unit, over which `Noisy.sensitivity` takes a difference.
SMALL_CHANGE = 0.1
# One example in this many is measured: with all of them, training would take three times as long.
EXAMPLES_PER_SENSITIVITY = 4


@cache
def noisy(cell):
    """The class of a cell with noise; `cell` is a `gru_addition.model.Cell`.

    Its input has `state_size` more channels after the `input_dimensions` of x_t, one for each
    number in the state. They hold random numbers between -1 and 1. Zeros make it a plain cell.

    The class takes the cell's arguments, and state_noise, a float: the random numbers, times this
    factor, are added to the state after every step.
    """

    class Noisy(cell):
        def __init__(self, *arguments, state_noise=0.0, **options):
            self.state_noise = state_noise
            super().__init__(*arguments, **options)

        @property
        def input_channels(self):
            return self.input_dimensions + self.state_size

        def forward_pass(self, h_tm1, x_t):
            """One step, then the noise; x_t has shape (batch, input_channels)."""
            x_t, noise_t = self._without_noise(x_t)
            return super().forward_pass(h_tm1, x_t) + self.state_noise * noise_t

        def first_state(self, x_1):
            if cell.first_state is Cell.first_state:
                # It takes the step above, noise and all.
                return super().first_state(x_1)
            x_1, noise_1 = self._without_noise(x_1)
            return super().first_state(x_1) + self.state_noise * noise_1

        def sensitivity(self, h_tm1, x_t):
            """How much a step stretches small changes of the state in the noise's directions.

            h_tm1: (..., batch, state_size). x_t: (..., batch, input_channels). Returns a tensor of
            shape (...), a mean over some of the examples. Averaged over the noise, it is close to
            the mean squared Frobenius norm of the Jacobian dh_t / dh_{t-1} (Hoffman et al. 2019,
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

    return Noisy
