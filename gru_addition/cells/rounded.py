"""A cell whose state is rounded, which makes it a finite automaton."""

from functools import cache

from gru_addition.config import check_setting
from gru_addition.support import tf


@cache
def rounded(cell):
    """The class of a cell whose state is rounded to multiples of 1 / resolution after every step.

    cell: a `gru_addition.model.Cell`. The class takes its arguments, and resolution, an int.
    """

    class Rounded(cell):
        def __init__(self, *arguments, resolution, **options):
            self.resolution = check_setting("resolution", resolution)
            super().__init__(*arguments, **options)

        def forward_pass(self, h_tm1, x_t):
            return self._rounded(super().forward_pass(h_tm1, x_t))

        def first_state(self, x_1):
            return self._rounded(super().first_state(x_1))

        def _rounded(self, h_t):
            return tf.round(h_t * self.resolution) / self.resolution

    return Rounded
