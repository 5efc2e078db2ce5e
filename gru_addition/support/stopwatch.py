"""Where a command's time goes.

    with doing("saving"):
        ...
    print(table())

It imports only Python's standard library, so its clock starts before anything else is imported.
"""

import time
from contextlib import contextmanager

_started = time.perf_counter()
# Seconds by activity, in the order in which they were first begun.
_seconds = {}


@contextmanager
def doing(activity):
    """Count the body's time for an activity, without what is counted for others meanwhile."""
    _seconds.setdefault(activity, 0.0)
    started, counted_before = time.perf_counter(), sum(_seconds.values())
    try:
        yield
    finally:
        counted_meanwhile = sum(_seconds.values()) - counted_before
        _seconds[activity] += time.perf_counter() - started - counted_meanwhile


def table():
    """The seconds spent on each activity, on everything else, and in all, as text."""
    total = time.perf_counter() - _started
    rows = _seconds | {"everything else": total - sum(_seconds.values()), "in all": total}
    return "\n".join(f"{seconds:8.2f} s  {activity}" for activity, seconds in rows.items())
