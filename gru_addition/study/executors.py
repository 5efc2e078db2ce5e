"""Where the networks of a study are trained: in processes on this machine."""

import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process

# `ProcessPoolExecutor` refuses more on Windows.
MOST_PROCESSES = 61


@contextmanager
def local_processes():
    """An executor on the cores of this machine, in processes that each load TensorFlow once."""
    number = min(os.cpu_count() or 1, MOST_PROCESSES)
    # Forking is not safe once libraries have threads.
    with ProcessPoolExecutor(number, get_context("spawn"), _prepare_process) as executor:
        try:
            with _without_ctrl_c():
                # A process is started for each, since none is idle yet.
                for _ in range(number):
                    executor.submit(os.getpid)
            yield executor
        except BaseException:
            # An interrupted study does not wait for the runs under way.
            processes = list(executor._processes.values())
            executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            raise


@contextmanager
def _without_ctrl_c():
    """Put off Ctrl-C in the body. Processes that are started there never see one.

    Windows can't do that: there, one that has just been started may still show a traceback.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_process():
    """Leave Ctrl-C to the study's own process, and end when it does, however it ends.

    Processes report through their results; what they log when killed does not belong on the
    terminal.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    parent_process().join()
    os._exit(1)
