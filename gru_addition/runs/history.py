"""The losses of a training run, as they come."""

import numpy as np


class History:
    """The losses of a run so far.

    iterations: how many there will be.
    train_losses, validation_losses: float64 arrays, one number for each iteration done. The
        training loss is measured before the iteration's step, the validation loss after it.
    losses: both, an array of shape (2, iterations done).

    These arrays are views, which can't be written to: what is saved is read from them.
    """

    def __init__(self, iterations):
        self.iterations = iterations
        self._losses = np.empty((2, iterations))
        self._done = 0

    def __len__(self):
        return self._done

    def extend(self, train_losses, validation_losses):
        """Append the losses of the next iterations, one number for each.

        Raises `FloatingPointError` if one of them is not finite.
        """
        done = self._done + len(train_losses)
        new = self._losses[:, self._done : done]
        new[:] = train_losses, validation_losses
        finite = np.isfinite(new).all(axis=0)
        if not finite.all():
            raise FloatingPointError(
                f"the losses are no longer finite at iteration {self._done + finite.argmin()}; "
                "a smaller learning_rate may help"
            )
        self._done = done

    @property
    def is_complete(self):
        return self._done == self.iterations

    @property
    def losses(self):
        view = self._losses[:, : self._done]
        view.flags.writeable = False
        return view

    @property
    def train_losses(self):
        return self.losses[0]

    @property
    def validation_losses(self):
        return self.losses[1]
