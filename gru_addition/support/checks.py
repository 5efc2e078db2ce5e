"""Checks of arguments, with errors that name the argument, its value and what is allowed.

>>> whole_number("num_bits", "five", minimum=2)
Traceback (most recent call last):
    ...
TypeError: num_bits must be a whole number of at least 2, not 'five'
"""

import numbers
import operator

import numpy as np


def brief(value):
    """Return `value`'s repr on one line of at most 60 characters."""
    if isinstance(value, int) and value.bit_length() > 128:
        # Python refuses to write very long integers in decimal.
        return f"an integer of {value.bit_length():,} bits"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def whole_number(name, value, minimum, maximum=None):
    """Return `value` as an int between `minimum` and `maximum`, both included.

    Raises `TypeError` if it is not an integer and `ValueError` if it is out of range.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is not None and number >= minimum and (maximum is None or number <= maximum):
        return number
    upper = "" if maximum is None else f" and at most {maximum:,}"
    message = f"{name} must be a whole number of at least {minimum:,}{upper}, not {brief(value)}"
    raise TypeError(message) if number is None else ValueError(message)


def number(name, value, minimum, maximum):
    """Return `value` as a float between `minimum` and `maximum`, both included.

    Raises `TypeError` if it is not a real number, and `ValueError` if it is out of range or not
    finite.
    """
    message = f"{name} must be a number from {minimum:g} to {maximum:g}, not {brief(value)}"
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(message)
    if not minimum <= value <= maximum:
        raise ValueError(message)
    return float(value)


def real_array(name, value, *shape):
    """Return `value` as an array of finite real numbers of that shape, else raise `ValueError`.

    shape: sizes; a word, such as "batch", stands for any size but zero.
    """
    sizes = ", ".join(map(str, shape))
    message = f"{name} must be an array of finite real numbers of shape ({sizes}), not "
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(message + brief(value))
    fits = array.ndim == len(shape) and all(
        size > 0 if isinstance(wanted, str) else size == wanted
        for size, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{message}of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{message}with {array[~np.isfinite(array)][0]}")
    return array


def one_of(name, value, choices):
    """Return `value` if it is one of the strings in `choices`; else raise `ValueError`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be {' or '.join(choices)}, not {brief(value)}")
    return value
