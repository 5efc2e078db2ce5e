"""The batch of each iteration, and the state needed to resume with the same ones."""

import numpy as np

from gru_addition.dataset import generate_batch

WORDS_OF_MERSENNE_TWISTER = 624
STATE = "mersenne_twister", "position", "order"


class Batches:
    """An endless iterator over the batches `(x, y)` that a run trains on.

    config: the settings, which choose the whole training set, mini-batches of it, or new sums each
        time.
    x, y: the training set.
    random_state: the `np.random.RandomState` to draw from.

    Mini-batches come in a new random order each epoch. If their size does not divide the number of
    examples, the last one of an epoch is topped up with the first examples of the next, so all have
    the same size and no example is left out.

    If the settings ask for noise, random numbers between -1 and 1 follow the operands' bits in x,
    one channel for each number in a state, as `gru_addition.variants.Noisy` reads them.
    """

    def __init__(self, config, x, y, random_state):
        self._config, self._x, self._y, self._random_state = config, x, y, random_state
        # The examples still to come in the epochs begun so far.
        self._order = np.empty(0, int)

    def __iter__(self):
        return self

    def __next__(self):
        x, y = self._next_sums()
        if self._config.has_noise:
            shape = *x.shape[:2], self._config.state_size
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
        channels = self._config.state_size if self._config.has_noise else 0
        return np.pad(x, [(0, 0), (0, 0), (0, channels)])

    @property
    def state(self):
        """The state of the random streams: a dict of numbers and lists, for JSON."""
        mersenne_twister = self._random_state.get_state(legacy=False)["state"]
        words, position = mersenne_twister["key"].tolist(), int(mersenne_twister["pos"])
        return dict(zip(STATE, (words, position, self._order.tolist()), strict=True))

    @state.setter
    def state(self, state):
        """Resume from `state`; raises `ValueError` if it is not valid."""
        if state.keys() != set(STATE):
            raise ValueError(f"the state must hold {', '.join(STATE)}, not {', '.join(state)}")
        words = _integers("mersenne_twister", state["mersenne_twister"], 2**32)
        (position,) = _integers("position", [state["position"]], WORDS_OF_MERSENNE_TWISTER + 1)
        order = _integers("order", state["order"], len(self._x))
        if len(words) != WORDS_OF_MERSENNE_TWISTER or len(order) >= max(1, len(self._x)):
            raise ValueError("mersenne_twister and order must have the right length")
        self._random_state.set_state(("MT19937", words.astype(np.uint32), position))
        self._order = order


def _integers(name, value, end):
    """Return a list as an array of whole numbers from 0 to below `end`, else raise `ValueError`."""
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        raise ValueError(f"{name} must be whole numbers")
    if not all(0 <= number < end for number in value):
        raise ValueError(f"{name} must be numbers from 0 to {end - 1}")
    return np.array(value, int)
