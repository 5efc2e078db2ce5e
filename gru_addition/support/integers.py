"""Non-negative integers of any size as text, read and written fast.

Python refuses decimals of more than 4,300 digits, and up to Python 3.11 it takes quadratic time for
them.
"""

import re

import gmpy2

from gru_addition.support.checks import brief

MOST_BITS = 10_000_000
NOTATION = re.compile(r"0x(?P<hexadecimal>[0-9a-f]+)|0b(?P<binary>[01]+)|(?P<decimal>[0-9]+)", re.I)
BASES = {"hexadecimal": 16, "binary": 2, "decimal": 10}


def read_integer(name, text):
    """Read a decimal, 0x... or 0b... number; raise `ValueError` if it is not one or is too long.

    >>> read_integer("a", "0b101")
    5
    """
    message = (
        f"{name} must be a whole number of at least 0 and at most {MOST_BITS:,} bits, in decimal, "
        f"0x... or 0b..., not "
    )
    match = NOTATION.fullmatch(text)
    if match is None or len(text) > MOST_BITS + 2:
        raise ValueError(message + brief(text))
    number = int(gmpy2.mpz(match[match.lastgroup], BASES[match.lastgroup]))
    if number.bit_length() > MOST_BITS:
        raise ValueError(message + brief(number))
    return number


def write_integer(number):
    """Write a non-negative integer in decimal.

    >>> len(write_integer(2**1_000_000))
    301030
    """
    return gmpy2.mpz(number).digits()
