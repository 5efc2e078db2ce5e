"""The caller's own data, to train on instead of drawn sums."""

import hashlib

import numpy as np

from gru_addition.support.checks import brief, real_array


def check_data(config, data):
    """Return the caller's data as arrays; raise `ValueError` if they do not fit."""
    if config.fresh_batches:
        raise ValueError("data must be None with fresh_batches, which draws new sums")
    try:
        x_train, y_train, x_test, y_test = data
    except (TypeError, ValueError):
        raise ValueError(
            f"data must be four arrays, (x_train, y_train, x_test, y_test), not {brief(data)}"
        ) from None
    x_train = real_array("x_train", x_train, "batch", "time", 2)
    y_train = real_array("y_train", y_train, *x_train.shape[:2], 1)
    x_test = real_array("x_test", x_test, "batch", "time", 2)
    y_test = real_array("y_test", y_test, *x_test.shape[:2], 1)
    if config.mini_batch_size is not None and config.mini_batch_size > len(x_train):
        raise ValueError(
            f"mini_batch_size must be at most the number of examples in x_train, {len(x_train)}, "
            f"not {config.mini_batch_size}"
        )
    return x_train, y_train, x_test, y_test


def digest(data):
    """Return the SHA-256 of the caller's data; an empty string if there are none."""
    if data is None:
        return ""
    sha256 = hashlib.sha256()
    for array in data:
        sha256.update(repr(array.shape).encode())
        sha256.update(array.astype(np.float64).tobytes())
    return sha256.hexdigest()
