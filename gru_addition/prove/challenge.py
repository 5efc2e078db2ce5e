"""Sums to put to a network: random ones, structured ones, and a million at a time."""

import numpy as np

from gru_addition.dataset import add_columns

# The number of sums of each length, a million in all, and the bits of one more.
MILLION_SUMS = {32: 980_000, 200: 16_000, 2000: 4_000}, 1_000_000
SUMS_AT_A_TIME = 10_000


def challenge(adder, random_state, sums_by_length, longest=None):
    """Return how many sums an adder gets wrong; half are random, half repeat some columns.

    sums_by_length: how many sums of each number of bits. longest: the bits of one more, if
    any.
    """
    wrong = 0
    for num_bits, number in sums_by_length.items():
        for start in range(0, number, SUMS_AT_A_TIME):
            size = min(SUMS_AT_A_TIME, number - start)
            x = random_state.randint(0, 2, size=(size, num_bits, 2))
            # The columns before and after the repeated word stay random.
            begin = random_state.randint(0, 3, size=(size, 1))
            word = random_state.randint(1, 9, size=(size, 1))
            columns = np.arange(num_bits)
            repeated = begin + (columns - begin) % word
            is_kept = (columns < begin) | (columns >= num_bits - 2)
            is_kept[::2] = True
            source = np.where(is_kept, columns, repeated)
            x = np.take_along_axis(x, source[:, :, np.newaxis], axis=1)
            y = adder.predict(x) > 0.5
            wrong += int((y != add_columns(x)).any(axis=(1, 2)).sum())
    if longest is None:
        return wrong
    ((a, b),) = random_pairs(longest, 1, random_state)
    return wrong + int(adder.add(a, b, longest) != a + b)


def random_pairs(num_bits, number, random_state):
    """Draw random pairs of numbers whose sums fit in `num_bits` bits."""
    drawn = random_state.bytes(2 * number * ((num_bits + 7) // 8))
    size = len(drawn) // (2 * number)
    numbers = [
        int.from_bytes(drawn[i : i + size], "little") % (1 << (num_bits - 1))
        for i in range(0, len(drawn), size)
    ]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def structured_pairs(num_bits, random_state):
    """Return pairs, by the name of their structure, whose sums fit in `num_bits` bits."""
    # The highest bit is left for the sum.
    length = num_bits - 1
    ones = (1 << length) - 1
    fives = ((1 << (length + length % 2)) - 1) // 3
    tens = ones ^ fives
    top = 1 << (length - 1)
    doubled = [a for a, _ in random_pairs(num_bits, 15, random_state)]
    return [
        ("carry all along", [(ones, 1), (1, ones), (ones, ones)]),
        ("alternating bits", [(fives, tens), (tens, fives), (fives, fives), (fives, ones)]),
        ("long run of zeros", [(0, 0), (1, 0), (0, 1), (1, 1), (top, top), (top | 1, top | 1)]),
        ("equal operands", [(a, a) for a in doubled]),
    ]
