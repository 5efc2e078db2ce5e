"""Where the networks of a study are trained: in processes on this machine, or on a Dask cluster."""

import os
import signal
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process

from gru_addition.support.checks import brief
from gru_addition.support.quiet import silence
from gru_addition.support.system import MOST_PROCESSES, START_METHOD

# What a run imports, including TensorFlow.
PRELOADED = ["gru_addition.engines.program", "gru_addition.prove"]


@contextmanager
def local_processes():
    """An executor on the cores of this machine, in processes that have TensorFlow loaded."""
    context = get_context(START_METHOD)
    if START_METHOD == "forkserver":
        from multiprocessing import forkserver

        context.set_forkserver_preload(PRELOADED)
        with silence():
            forkserver.ensure_running()
    number = min(os.cpu_count() or 1, MOST_PROCESSES)
    try:
        executor = ProcessPoolExecutor(number, mp_context=context, initializer=_prepare_process)
    except OSError as error:
        reason = f"no semaphores can be made; Linux keeps them in /dev/shm ({error.strerror})"
        raise OSError(f"a study can't start processes here: {reason}") from None
    with executor:
        try:
            yield executor
        except BaseException:
            # An interrupted study does not wait for the runs under way.
            processes = list(executor._processes.values())
            executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            raise


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


@contextmanager
def dask_cluster(address):
    """An executor on the workers of a Dask cluster, which must have this package too."""
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ValueError(
            'dask needs the library Dask, not installed here: pip install --editable ".[dask]"'
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"dask must be the address of a scheduler, tcp://..., not {brief(address)}: "
            f"{brief(str(error))}"
        ) from None
    with client:
        try:
            yield client.get_executor(pure=False)
        except (CommClosedError, KilledWorker) as error:
            raise BrokenExecutor(str(error)) from None
