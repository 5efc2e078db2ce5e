"""Sums of random numbers, written as bits: what the network is trained on.

Section 1 of the tutorial. A number is a list of bits, least significant bit first, so the network
meets the columns of a sum in the order you add them on paper:

        column   0 1 2 3 4
        a = 5    1 0 1 0 0
        b = 7    1 1 1 0 0
        a + b    0 0 1 1 0   = 12

A batch of sums is an array of shape `(batch, time, channel)`, where time runs over the columns.
"""

import numpy as np

from gru_addition.support.checks import brief, whole_number


def as_bytes(num, final_size):
    """Write a non-negative integer as a list of `final_size` bits, least significant bit first.

    The name is the tutorial's. Raises `ValueError` if the number is negative or needs more bits.

    >>> as_bytes(3, 5)
    [1, 1, 0, 0, 0]
    """
    return _bits([num], final_size)[0].tolist()


def from_bytes(bits):
    """Read a sequence of bits, least significant bit first, as an integer.

    Raises `ValueError` if it is not a flat sequence of zeros and ones.

    >>> from_bytes([1, 1, 0, 0, 0])
    3
    """
    array = np.asarray(bits)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ValueError(f"bits must be a flat sequence of zeros and ones, not {brief(bits)}")
    little_endian = np.packbits(array.astype(bool), bitorder="little")
    return int.from_bytes(little_endian.tobytes(), "little")


def generate_example(num_bits, random_state):
    """Draw a sum a + b = c, each number a list of `num_bits` bits, least significant bit first.

    `random_state` is a `np.random.RandomState`, or the `np.random` module itself. As in the
    tutorial, a and b are below 2**(num_bits - 1) - 1, and the same state draws the tutorial's
    numbers. Beyond 64 bits, where the tutorial's code fails, they are below 2**(num_bits - 1).

    >>> generate_example(3, np.random.RandomState(4))
    ([0, 1, 0], [0, 1, 0], [0, 0, 1])
    """
    x, y = generate_batch(num_bits, 1, random_state)
    return tuple(np.concatenate([x, y], axis=2)[0].T.astype(int).tolist())


def generate_batch(num_bits, batch_size, random_state):
    """Draw `batch_size` sums, as `generate_example` does, one after the other.

    Returns the operands' bits, x of shape `(batch, time, 2)`, and the sums' bits, y of shape
    `(batch, time, 1)`: float64, least significant bit first.

    >>> x, y = generate_batch(3, 1, np.random.RandomState(4))
    >>> x[0, :, 0], x[0, :, 1], y[0, :, 0]
    (array([0., 1., 0.]), array([0., 1., 0.]), array([0., 0., 1.]))
    """
    if num_bits <= 64:
        # The operands fit in NumPy's integers.
        largest = 2 ** (num_bits - 1) - 1
        # A single call for all numbers draws the same ones as a call for each.
        operands = random_state.randint(0, largest, size=(batch_size, 2), dtype=np.int64)
        x = operands[:, np.newaxis, :] >> np.arange(num_bits)[:, np.newaxis] & 1
    else:
        bits = random_state.randint(0, 2, size=(batch_size, 2, num_bits - 1), dtype=np.int64)
        # The highest bit stays free for the sum.
        x = np.pad(bits, [(0, 0), (0, 0), (0, 1)]).transpose(0, 2, 1)
    return x.astype(np.float64), add_columns(x).astype(np.float64)


def add_columns(x):
    """Add operands of shape `(batch, time, 2)` column by column, as one does on paper.

    Returns the bits of the sums, `(batch, time, 1)`; a carry out of the last column is dropped.
    """
    y = np.empty_like(x[:, :, :1])
    carry = 0
    for column in range(x.shape[1]):
        total = x[:, column, 0] + x[:, column, 1] + carry
        y[:, column, 0] = total & 1
        carry = total >> 1
    return y


def encode(a, b, num_bits):
    """Write two numbers as one input of shape `(1, num_bits, 2)`, least significant bit first.

    Raises `ValueError` if either is negative or needs more bits.
    """
    return encode_pairs([(a, b)], num_bits).astype(np.float64)


def encode_pairs(pairs, num_bits):
    """Write pairs of numbers as one input of shape `(pairs, num_bits, 2)`, of type uint8.

    Otherwise like `encode`, but much faster than a call for each pair.

    >>> encode_pairs([(1, 6), (0, 3)], 3)[:, :, 1].tolist()
    [[0, 1, 1], [1, 1, 0]]
    """
    bits = _bits([num for pair in pairs for num in pair], num_bits)
    return bits.reshape(len(pairs), 2, num_bits).transpose(0, 2, 1)


def _bits(numbers, final_size):
    """Return the bits of `as_bytes` for one or more numbers, an array with a row for each."""
    numbers = [whole_number("num", num, minimum=0) for num in numbers]
    final_size = whole_number("final_size", final_size, minimum=0, maximum=10**9)
    largest = max(numbers)
    if largest.bit_length() > final_size:
        raise ValueError(
            f"num must fit in final_size, {final_size:,} bits, not {brief(largest)}, which needs "
            f"{largest.bit_length():,}"
        )
    size = (final_size + 7) // 8
    little_endian = b"".join(num.to_bytes(size, "little") for num in numbers)
    rows = np.frombuffer(little_endian, np.uint8).reshape(len(numbers), size)
    return np.unpackbits(rows, axis=1, bitorder="little", count=final_size)
