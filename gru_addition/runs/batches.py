"""The batch of each iteration, and the state needed to resume with the same ones."""

import numpy as np

from gru_addition.dataset import generate_batch

# The arrays of a saved state.
STATE_KEYS = "mersenne_twister", "position", "order"
WORDS_OF_MERSENNE_TWISTER = 624


class Batches:
    """An endless iterator over the batches `(x, y)` that a run trains on.

    config: the settings, which choose the whole training set, mini-batches of it, or new sums each
        time.
    x, y: the training set.
    random_state: the `np.random.RandomState` to draw from.
    noise_channels: how many random numbers follow the operands' bits in each column of x.

    Mini-batches come in a new random order each epoch. If their size does not divide the number of
    examples, the last one of an epoch is topped up with the first examples of the next, so all have
    the same size and no example is left out.

    The random numbers lie between -1 and 1; `gru_addition.cells.noisy` reads them.
    """

    def __init__(self, config, x, y, random_state, noise_channels):
        self._config, self._x, self._y, self._random_state = config, x, y, random_state
        self._noise_channels = noise_channels
        # The examples still to come in the epochs begun so far.
        self._order = np.empty(0, int)

    def __iter__(self):
        return self

    def __next__(self):
        x, y = self._next_sums()
        if self._noise_channels:
            shape = *x.shape[:2], self._noise_channels
            x = np.concatenate([x, self._random_state.uniform(-1, 1, shape)], axis=2)
        return x, y

    def _next_sums(self):
        config, size = self._config, self._config.mini_batch_size
        if config.fresh_batches:
            return generate_batch(config.num_bits, config.batch_size, self._random_state)
        if size is None:
            return self._x, self._y
        while len(self._order) < size:
            next_epoch = self._random_state.permutation(len(self._x))
            self._order = np.concatenate([self._order, next_epoch])
        chosen, self._order = self._order[:size], self._order[size:]
        return self._x[chosen], self._y[chosen]

    def without_noise(self, x):
        """Return operands from elsewhere, with zeros if the settings ask for noise."""
        return np.pad(x, [(0, 0), (0, 0), (0, self._noise_channels)])

    @property
    def state(self):
        """The state of the random streams: arrays by name."""
        stream = self._random_state.get_state(legacy=False)["state"]
        values = stream["key"], np.array(stream["pos"]), self._order
        return dict(zip(STATE_KEYS, values, strict=True))

    @state.setter
    def state(self, state):
        """Resume from `state`; raises `ValueError` if it is not valid."""
        if state.keys() != {*STATE_KEYS}:
            raise ValueError(f"the state must hold {', '.join(STATE_KEYS)}")
        ends = 2**32, WORDS_OF_MERSENNE_TWISTER + 1, len(self._x)
        for name, end in zip(STATE_KEYS, ends, strict=True):
            array = state[name]
            if array.dtype.kind not in "iu" or not ((array >= 0) & (array < end)).all():
                raise ValueError(f"{name} must hold whole numbers from 0 to {end - 1}")
        words, position, order = (state[name] for name in STATE_KEYS)
        if words.shape != (WORDS_OF_MERSENNE_TWISTER,) or (position.ndim, order.ndim) != (0, 1):
            raise ValueError("mersenne_twister, position and order must have the right shape")
        self._random_state.set_state(("MT19937", words.astype(np.uint32), int(position)))
        self._order = order.astype(int)
