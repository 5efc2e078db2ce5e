"""Bounds on the rounding errors of a step in floating point, whatever the signs of the numbers."""

import numpy as np

from gru_addition.cells.kind import join


class ErrorBound:
    """Numbers of at most these sizes, computed with at most these errors.

    sizes, errors: arrays, all at least 0.
    epsilon: twice the largest relative error of an operation.
    of_sum: the same for a sum of products with weights, in any order (Higham 2002, Accuracy and
        Stability of Numerical Algorithms, section 3.1).

    Sigmoid and tanh may be off by 100 epsilon.
    """

    # NumPy leaves its operators to this class.
    __array_ufunc__ = None

    def __init__(self, sizes, errors, epsilon, of_sum):
        self.sizes, self.errors, self.epsilon, self.of_sum = sizes, errors, epsilon, of_sum

    def __getitem__(self, key):
        return self._with(self.sizes[key], self.errors[key])

    def join(self, other):
        return self._with(join(self.sizes, other.sizes), join(self.errors, other.errors))

    def __matmul__(self, matrix):
        sizes, errors = self.sizes @ abs(matrix), self.errors @ abs(matrix)
        return self._with(sizes, errors + self.of_sum * sizes)

    def __add__(self, other):
        if not isinstance(other, ErrorBound):
            other = abs(other)
            return self._with(self.sizes + other, self.errors + self.of_sum * other)
        sizes = self.sizes + other.sizes
        return self._with(sizes, self.errors + other.errors + self.epsilon * sizes)

    __sub__ = __add__

    def __mul__(self, other):
        sizes = self.sizes * other.sizes
        errors = (self.sizes + self.errors) * other.errors + self.errors * other.sizes
        return self._with(sizes, errors + self.epsilon * sizes)

    def sigmoid(self):
        return self._with(np.ones_like(self.sizes), self.errors / 4 + 100 * self.epsilon)

    def tanh(self):
        return self._with(np.ones_like(self.sizes), self.errors + 100 * self.epsilon)

    def _with(self, sizes, errors):
        return ErrorBound(sizes, errors, self.epsilon, self.of_sum)
