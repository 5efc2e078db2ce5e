"""A model whose weights are kept small: what the study compares the penalty with."""

from functools import cache

from gru_addition.support import tf

# The bound on a spectral norm takes the 64th power; for 16 units it is at most 2.2 % too large.
SQUARINGS = 5


@cache
def shrunk(model):
    """The class of a model whose weights shrink after every training step.

    model: an `AdditionModel`. The class takes its arguments, and

    shrink: float; matrices are multiplied by 1 - shrink (decoupled weight decay: Loshchilov and
        Hutter 2019, arXiv:1711.05101, with `shrink` for the product of rate and decay).
    spectral_norm: float; then each matrix U is divided by as much as keeps its spectral norm below
        this (as in Miyato et al. 2018, arXiv:1802.05957, but as a bound). 0 for no bound.
    """

    class Shrunk(model):
        def __init__(self, *arguments, shrink, spectral_norm, **options):
            self.shrink, self.spectral_norm = shrink, spectral_norm
            super().__init__(*arguments, **options)

        def minimised(self, loss, optimizer):
            """The step of an optimizer, and then ours; see `AdditionModel.minimised`."""
            step = super().minimised(loss, optimizer)
            with tf.control_dependencies([step]):
                matrices = {n: w for n, w in self.weights.items() if len(w.shape) == 2}
                return tf.group(*(w.assign(self._smaller(n, w)) for n, w in matrices.items()))

        def _smaller(self, name, weight):
            value = (1 - self.shrink) * weight.read_value()
            if self.spectral_norm and name[0] == "U":
                factor = self.spectral_norm / tf.maximum(_spectral_norm(value), self.spectral_norm)
                value *= tf.cast(factor, value.dtype)
            return value

    return Shrunk


def _spectral_norm(matrix):
    """A bound on the largest singular value, in float64, whose powers can't overflow."""
    matrix = tf.cast(matrix, "float64")
    power = tf.matmul(matrix, matrix, transpose_a=True)
    for _ in range(SQUARINGS):
        power = tf.matmul(power, power)
    return tf.sqrt(tf.reduce_sum(tf.square(power))) ** 0.5 ** (SQUARINGS + 1)
