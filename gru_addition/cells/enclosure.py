"""Bounds on numbers that depend on a state, for all states in a ball, by interval arithmetic.

The numbers are known at the centre of the ball. For each there are bounds on its slopes, that is on
its partial derivatives, in the whole ball. By the mean value inequality, the number is nowhere
farther from that at the centre than the radius times the length of the slopes.

    ball = Enclosure.ball(np.zeros((1, 16)), np.array([0.1]))
    tanh = Enclosure.tanh(ball @ weights["Uh"])
    tanh.low, tanh.high                                     # in the ball, tanh lies between these
"""

import numpy as np

from gru_addition.cells.kind import join, sigmoid


class Enclosure:
    """Numbers of shape (n, ..., m), each row of them in a ball of its own.

    centre: the numbers at the centres of the balls.
    slopes, spread: each slope is within `spread` of `slopes`; both of shape (n, ..., k, m), where k
        is the number of directions.
    low, high: bounds on the numbers in the balls, besides those that follow from the slopes.
    radius: (n, 1, ...), the radii of the balls.
    """

    # NumPy leaves its operators to this class.
    __array_ufunc__ = None

    def __init__(self, centre, slopes, spread, radius, low=-np.inf, high=np.inf):
        self.centre, self.slopes, self.spread, self.radius = centre, slopes, spread, radius
        reach = radius * np.linalg.norm(abs(slopes) + spread, axis=-2)
        self.low, self.high = np.maximum(low, centre - reach), np.minimum(high, centre + reach)

    @classmethod
    def ball(cls, centres, radii, slopes=None):
        """The states themselves, for the balls with these centres, (n, m), and radii, (n,).

        slopes: (k, m), the change of a state for a unit step in each of k directions at right
            angles; by default those of the coordinates.
        """
        slopes = np.eye(centres.shape[-1]) if slopes is None else slopes
        radius = radii[:, np.newaxis, np.newaxis]
        return cls(centres[:, np.newaxis], slopes, np.zeros_like(slopes), radius)

    def __getitem__(self, key):
        """Some of the numbers; the key must begin with `...`."""
        slopes, spread = self.slopes[key], self.spread[key]
        return Enclosure(
            self.centre[key], slopes, spread, self.radius, self.low[key], self.high[key]
        )

    def join(self, other):
        """These numbers and others of the same balls."""
        pairs = [
            (getattr(self, name), getattr(other, name))
            for name in ("centre", "slopes", "spread", "low", "high")
        ]
        centre, slopes, spread, low, high = (join(*pair) for pair in pairs)
        return Enclosure(centre, slopes, spread, self.radius, low, high)

    def __matmul__(self, matrix):
        return Enclosure(
            self.centre @ matrix, self.slopes @ matrix, self.spread @ abs(matrix), self.radius
        )

    def __add__(self, other):
        if not isinstance(other, Enclosure):
            low, high = self.low + other, self.high + other
            return Enclosure(self.centre + other, self.slopes, self.spread, self.radius, low, high)
        slopes, spread = self.slopes + other.slopes, self.spread + other.spread
        low, high = self.low + other.low, self.high + other.high
        return Enclosure(self.centre + other.centre, slopes, spread, self.radius, low, high)

    def __sub__(self, other):
        slopes, spread = self.slopes - other.slopes, self.spread + other.spread
        low, high = self.low - other.high, self.high - other.low
        return Enclosure(self.centre - other.centre, slopes, spread, self.radius, low, high)

    def __mul__(self, other):
        slopes, spread = self._slopes_times(other.low, other.high)
        others_slopes, others_spread = other._slopes_times(self.low, self.high)
        slopes, spread = slopes + others_slopes, spread + others_spread
        products = [p * q for p in (self.low, self.high) for q in (other.low, other.high)]
        low, high = np.minimum.reduce(products), np.maximum.reduce(products)
        return Enclosure(self.centre * other.centre, slopes, spread, self.radius, low, high)

    def sigmoid(self):
        """All values of the sigmoid, s, whose slope is s (1 - s)."""
        low, high = sigmoid(self.low), sigmoid(self.high)
        ends = low * (1 - low), high * (1 - high)
        steepest = np.where((low < 0.5) & (high > 0.5), 0.25, np.maximum(*ends))
        slopes, spread = self._slopes_times(np.minimum(*ends), steepest)
        return Enclosure(sigmoid(self.centre), slopes, spread, self.radius, low, high)

    def tanh(self):
        """All values of tanh, t, whose slope is 1 - t^2."""
        low, high = np.tanh(self.low), np.tanh(self.high)
        ends = 1 - low**2, 1 - high**2
        steepest = np.where((low < 0) & (high > 0), 1.0, np.maximum(*ends))
        slopes, spread = self._slopes_times(np.minimum(*ends), steepest)
        return Enclosure(np.tanh(self.centre), slopes, spread, self.radius, low, high)

    def _slopes_times(self, low, high):
        """The slopes of these numbers times others, each of which lies between low and high."""
        middle, half = (
            ((high + low) / 2)[..., np.newaxis, :],
            ((high - low) / 2)[..., np.newaxis, :],
        )
        spread = abs(self.slopes) * half + self.spread * (abs(middle) + half)
        return self.slopes * middle, spread
