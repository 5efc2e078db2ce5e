"""A model whose loss grows with how much each step stretches small changes of the state."""

from gru_addition.model import AdditionModel
from gru_addition.support import tf


class PenalisedModel(AdditionModel):
    """An `AdditionModel` of a `noisy` cell, with a penalty.

    jacobian_penalty: float; the sensitivities of all steps, times this factor, are added to the
        loss. The rest is as for `AdditionModel`.
    """

    def __init__(self, *arguments, jacobian_penalty, **options):
        self.jacobian_penalty = jacobian_penalty
        super().__init__(*arguments, **options)

    def with_penalty(self, loss, step=None, times=1):
        """Add the penalty; see `AdditionModel.with_penalty`."""
        if step is None:
            gru = self.gru
            step = tf.concat([gru.h_0[tf.newaxis], gru.h_t_transposed[:-1]], axis=0), gru.x_t
        penalty = self.jacobian_penalty * tf.reduce_sum(self.gru.sensitivity(*step))
        return loss + times * penalty
