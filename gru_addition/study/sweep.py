"""Measure over many seeds what networks learn from different recipes, and how far they add rightly.

    python -m gru_addition.study --seeds 32

The tutorial says that its network is independent of the length of the numbers, and shows one sum.
Here each recipe trains many networks, and `gru_addition.study.measure` finds out what they can do.

The directory of a study holds a file for each network, so that a study goes on where it was
stopped; a table of all numbers, `results.csv`, and one of their means over the seeds with 95%
intervals, `summary.csv`; and a picture.
"""

import csv
import io
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver, get_context, parent_process

from tqdm import tqdm

from gru_addition.study.measure import ROUNDED_TO, run_seed
from gru_addition.support.checks import brief, one_of, whole_number
from gru_addition.support.command_line import (
    Parser,
    UserError,
    naming_flags,
    number_or_text,
    run_command,
)
from gru_addition.support.files import (
    DamagedError,
    as_json,
    locked,
    prepared_directory,
    read_json,
    replace_file,
)
from gru_addition.support.quiet import silence
from gru_addition.support.signals import Interrupted

COMMAND = "python -m gru_addition.study"
FRESH = {"num_bits": 12, "fresh_batches": True}
# What each recipe changes of the tutorial's settings.
RECIPES = {
    "tutorial": {},
    "more iterations": {"iterations": 20_000},
    "longer numbers": {"num_bits": 12},
    "fresh batches": FRESH,
    "fresh + state noise": FRESH | {"state_noise": 0.25, "resolution": ROUNDED_TO},
    "fresh + Jacobian penalty": FRESH | {"jacobian_penalty": 0.01, "learning_rate": 0.003},
    "tutorial + Jacobian penalty": {
        "jacobian_penalty": 0.01,
        "state_noise": 0.1,
        "learning_rate": 0.003,
    },
}
MOST_SEEDS = 10_000
LARGEST_RESULT = 1_000_000
TABLE, SUMMARY, FIGURE = "results.csv", "summary.csv", "study.png"
COLUMNS = "recipe", "seed", "test", "num_bits", "measure", "value"


def study(recipes, seeds, output_dir, executor, on_progress=None, run=run_seed):
    """Run what is not yet done of a study, and return its rows, `COLUMNS` each.

    recipes: settings by name, such as `RECIPES`.
    seeds: how many networks each recipe trains, from seed 0 on.
    output_dir: where its results are kept. Those that are there are not computed again.
    executor: any `concurrent.futures.Executor`, such as that of a Dask client.
    on_progress: a function of how many runs there are and how many are done.
    run: the function of settings that is handed to the executor.

    Raises `ValueError` if the directory is in use, or holds another study's results, or damaged
    ones.
    """
    jobs = {
        (name, seed): settings | {"seed": seed}
        for seed in range(seeds)
        for name, settings in recipes.items()
    }
    with prepared_directory(output_dir) as path, locked(path):
        done = {job: _read(path, job, settings) for job, settings in jobs.items()}
        done = {job: rows for job, rows in done.items() if rows is not None}
        futures = {
            executor.submit(run, settings): job for job, settings in jobs.items() if job not in done
        }
        _report(on_progress, jobs, done)
        failed = None
        try:
            for future in as_completed(futures):
                job = futures[future]
                error = BrokenExecutor() if future.cancelled() else future.exception()
                if error is None:
                    done[job] = [tuple(row) for row in future.result()]
                    content = {"settings": jobs[job], "rows": done[job]}
                    replace_file(path, _file_of(job), as_json(content, indent=None))
                    _report(on_progress, jobs, done)
                elif failed is None:
                    failed = _naming(error, job)
                    # What is under way is still waited for, and saved.
                    _cancel(futures)
        finally:
            _cancel(futures)
        if failed is not None:
            raise failed
        rows = [(*job, *row) for job in jobs for row in done[job]]
        replace_file(path, TABLE, as_csv(COLUMNS, rows))
    return rows


def as_csv(header, rows):
    """Write rows as the content of a CSV file; None becomes an empty field."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([header, *rows])
    return table.getvalue().encode()


def _naming(error, job):
    """An error that tells in which run it happened, if it is one of a run."""
    if isinstance(error, BrokenExecutor) or type(error).__module__.startswith("distributed"):
        return error
    kind = FloatingPointError if isinstance(error, FloatingPointError) else RuntimeError
    named = kind(f"{job[0]}, seed {job[1]}: {error}")
    named.__cause__ = error
    return named


def _cancel(futures):
    for future in futures:
        future.cancel()


def _report(on_progress, jobs, done):
    if on_progress is not None:
        on_progress(len(jobs), len(done))


def _file_of(job):
    name, seed = job
    return f"{''.join(c if c.isalnum() else '-' for c in name)}-{seed}.json"


def _read(path, job, settings):
    """The rows of a run that is done, or None; `DamagedError` if they are not what they must be."""
    file = path / _file_of(job)
    if not os.path.lexists(file):
        return None
    match read_json(file, LARGEST_RESULT):
        case {"settings": dict(saved), "rows": [*rows]} if all(
            isinstance(row, list) and len(row) == len(COLUMNS) - 2 for row in rows
        ):
            pass
        case _:
            raise DamagedError(f"{file} is damaged: it does not hold the results of a run")
    if saved != settings:
        raise DamagedError(f"{file} holds the results of other settings, {brief(saved)}")
    if not rows or not all(isinstance(row[0], str) and isinstance(row[2], str) for row in rows):
        raise DamagedError(f"{file} is damaged: it does not hold the results of a run")
    return [tuple(row) for row in rows]


@contextmanager
def local_processes():
    """An executor on the cores of this machine, in processes that have TensorFlow loaded."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["gru_addition.engines.compiled", "gru_addition.prove"])
    # What processes have to say comes back as a result; what they log when they are killed does not
    # belong on the terminal.
    with silence():
        forkserver.ensure_running()
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=context, initializer=_prepare_process
    ) as executor:
        try:
            yield executor
        except BaseException:
            # Whoever interrupts the study does not want to wait for the runs under way.
            processes = list(executor._processes.values())
            executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            raise


def _prepare_process():
    """Leave Ctrl-C to the study's own process, and end with it, however that ends."""
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
        raise UserError(
            "--dask must not be given without Dask; pip install --editable '.[dask]'"
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"--dask must be the address of a scheduler, tcp://..., not {brief(address)}: "
            f"{brief(str(error))}"
        ) from None
    with client:
        try:
            yield client.get_executor(pure=False)
        except (CommClosedError, KilledWorker) as error:
            raise BrokenExecutor(str(error)) from None


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _study_and_say, argv)


def _study_and_say(argv):
    from gru_addition.plotting import as_png
    from gru_addition.study.report import SUMMARY_COLUMNS, intervals, study_figure, summary

    names, seeds, directory, address = _parse(argv)
    recipes = {name: RECIPES[name] for name in names}
    executors = local_processes() if address is None else dask_cluster(address)
    with ExitStack() as stack:
        with naming_flags(["output_dir"]):
            path = stack.enter_context(prepared_directory(directory))
        bar = stack.enter_context(tqdm(unit="run", disable=None, leave=False))

        def report(number, done):
            if bar.total is None and done > 0:
                print(f"Going on: {done:,} of {number:,} runs are done, saved in {directory}")
            elif bar.disable and bar.total is not None:
                print(f"{done:,} of {number:,} runs are done", flush=True)
            bar.total = number
            bar.update(done - bar.n)

        try:
            with executors as executor, naming_flags(["output_dir"]):
                rows = study(recipes, seeds, path, executor, report)
        except Interrupted as interrupted:
            saved = "what is done is saved; the study goes on if it is started again"
            raise Interrupted(interrupted.number, f"interrupted; {saved}") from None
        except BrokenExecutor:
            raise UserError(
                "a process was killed, or a cluster is gone; what is done is saved, and the study "
                "goes on if it is started again"
            ) from None
    print(summary(rows))
    replace_file(path, SUMMARY, as_csv(SUMMARY_COLUMNS, intervals(rows)))
    tables = f"{TABLE}, {SUMMARY}"
    picture = as_png(study_figure, rows)
    if picture is not None:
        replace_file(path, FIGURE, picture)
    print(f"\nSaved in {directory}: {tables}{'' if picture is None else f' and {FIGURE}'}")


def _parse(argv):
    parser = Parser(
        prog=COMMAND,
        description="Train networks by several recipes with many seeds, and measure how far each "
        "adds rightly. A study that was stopped goes on if it is started again.",
        epilog="The exit status is 0 if the study is done, and 2 if an argument is wrong or it "
        "can't be saved.",
    )
    parser.add_argument(
        "--seeds",
        type=number_or_text(int),
        default=32,
        metavar="N",
        help="networks for each recipe (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe",
        action="append",
        metavar="NAME",
        help=f"one of: {', '.join(RECIPES)}; may be given several times (default: all)",
    )
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        default="runs/study",
        help="where to save the results and the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="train on the Dask cluster with this scheduler, tcp://host:port, instead of on the "
        "cores of this machine",
    )
    options = vars(parser.parse_args(argv))
    with naming_flags(["seeds", "recipe"]):
        seeds = whole_number("seeds", options["seeds"], 1, MOST_SEEDS)
        names = options["recipe"] or list(RECIPES)
        names = list(dict.fromkeys(one_of("recipe", name, tuple(RECIPES)) for name in names))
    return names, seeds, options["output_dir"], options["dask"]
