"""The caller's own data, to train on instead of drawn sums."""

import hashlib

import numpy as np

from gru_addition.support.checks import real_array


def check_data(config, data):
    """Return the four arrays of the caller's data; raise `ValueError` if they do not fit."""
    if config.fresh_batches:
        raise ValueError("data must be None with fresh_batches, which draws new sums")
    # Copies, since the caller may change theirs while the model trains.
    data = [np.array(array) for array in data]
    if len(data) != 4:
        raise ValueError(f"data must be four arrays, x_train to y_test, not {len(data)}")
    x_train, y_train, x_test, y_test = data
    x_train = real_array("x_train", x_train, "batch", "time", 2)
    y_train = real_array("y_train", y_train, *x_train.shape[:2], 1)
    x_test = real_array("x_test", x_test, "batch", "time", 2)
    y_test = real_array("y_test", y_test, *x_test.shape[:2], 1)
    return x_train, y_train, x_test, y_test


def digest(data):
    """Return the SHA-256 of the caller's data, by which a resumed run knows them again."""
    sha256 = hashlib.sha256()
    for array in data:
        sha256.update(repr(array.shape).encode())
        sha256.update(array.astype(np.float64).tobytes())
    return sha256.hexdigest()
