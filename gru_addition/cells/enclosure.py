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

NUMBERS = "centre", "slopes", "spread", "low", "high"


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
        parts = {name: getattr(self, name)[key] for name in NUMBERS}
        return Enclosure(radius=self.radius, **parts)

    def join(self, other):
        """These numbers and others of the same balls."""
        parts = {name: join(getattr(self, name), getattr(other, name)) for name in NUMBERS}
        return Enclosure(radius=self.radius, **parts)

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
        return self._applied(sigmoid, lambda s: s * (1 - s))

    def tanh(self):
        return self._applied(np.tanh, lambda t: 1 - t**2)

    def _applied(self, function, slope_of_value):
        """An increasing function of the numbers, steepest at zero."""
        low, high, middle = function(self.low), function(self.high), function(0.0)
        ends = slope_of_value(low), slope_of_value(high)
        is_inside = (low < middle) & (high > middle)
        steepest = np.where(is_inside, slope_of_value(middle), np.maximum(*ends))
        slopes, spread = self._slopes_times(np.minimum(*ends), steepest)
        return Enclosure(function(self.centre), slopes, spread, self.radius, low, high)

    def _slopes_times(self, low, high):
        """The slopes of these numbers times others, each of which lies between low and high."""
        low, high = low[..., np.newaxis, :], high[..., np.newaxis, :]
        middle, half = (high + low) / 2, (high - low) / 2
        spread = abs(self.slopes) * half + self.spread * (abs(middle) + half)
        return self.slopes * middle, spread
