"""Ctrl-C and SIGTERM, put off until a good moment; on Windows, Ctrl-Break too."""

import signal
import threading
from contextlib import contextmanager

SIGNALS = [s for s in signal.Signals if s.name in ("SIGINT", "SIGTERM", "SIGBREAK")]


class Interrupted(KeyboardInterrupt):
    """Raised when the signal of that number tells a command to end."""

    def __init__(self, number, message="interrupted"):
        super().__init__(message)
        self.number = number


def interrupt(number, frame):
    raise Interrupted(number)


@contextmanager
def handled_by(handler):
    """In the body, let `handler(number, frame)` handle `SIGNALS` where it can.

    Only the main thread can set a handler, and ignored signals stay ignored, as under `nohup`.
    """
    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            # None stands for a handler that was not set in Python, and can't be put back.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old_handler in previous.items():
            signal.signal(number, old_handler)


@contextmanager
def put_off():
    """Put off `SIGNALS` until the body ends, then let them act as usual.

    Yields a list that receives the number of a signal when it arrives. A second one is not put off
    but raises `Interrupted`.
    """
    received = []

    def note(number, frame):
        if received:
            interrupt(number, frame)
        received.append(number)

    try:
        with handled_by(note):
            yield received
    finally:
        for number in received:
            signal.raise_signal(number)
