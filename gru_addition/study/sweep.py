"""Train a network for each recipe and each seed, measure it, and keep the results.

The directory of a study holds a file for each network, so a stopped study can resume, and a table
of all numbers, `results.csv`.
"""

import csv
import io
import json
from concurrent.futures import BrokenExecutor, as_completed

from gru_addition.runs.directory import alone
from gru_addition.study.measure import run_seed
from gru_addition.support.checks import brief
from gru_addition.support.files import DamagedError, prepare_directory, replace_file

TABLE = "results.csv"
COLUMNS = "recipe", "seed", "test", "num_bits", "measure", "value"


def study(recipes, seeds, output_dir, executor, on_progress=None, run=run_seed):
    """Run what is left of a study, and return all its rows, each of these `COLUMNS`.

    recipes: settings by name, such as `RECIPES`.
    seeds: how many networks each recipe trains, from seed 0 on.
    output_dir: where its results are kept. Existing ones are not computed again.
    executor: any `concurrent.futures.Executor`. `executors.local_processes` makes one for the cores
        of this machine. For those of many machines, hand over what `get_executor(pure=False)` of a
        Dask client returns; its workers need this package, and one thread each.
    on_progress: a function of the number of runs and the number done.
    run: the function of settings to hand to the executor; it returns rows like `run_seed`.

    Raises `ValueError` if the directory is in use, or holds damaged results or another study's.
    """
    jobs = {
        (name, seed): settings | {"seed": seed}
        for name, settings in recipes.items()
        for seed in range(seeds)
    }
    path = prepare_directory(output_dir)
    report = on_progress or (lambda number, done: None)
    with alone(path):
        done = {job: _read(path / _file_of(job), settings) for job, settings in jobs.items()}
        done = {job: rows for job, rows in done.items() if rows is not None}
        futures = {
            executor.submit(run, settings): job for job, settings in jobs.items() if job not in done
        }
        report(len(jobs), len(done))
        failure = None
        try:
            for future in as_completed(futures):
                job = futures[future]
                error = BrokenExecutor() if future.cancelled() else future.exception()
                if error is not None:
                    failure = failure or _naming(error, job)
                    # Runs under way are still waited for, and saved.
                    _cancel(futures)
                    continue
                done[job] = [tuple(row) for row in future.result()]
                content = {"settings": jobs[job], "rows": done[job]}
                replace_file(path / _file_of(job), json.dumps(content).encode())
                report(len(jobs), len(done))
        except Exception:
            # After Ctrl-C the executor's owner ends it. Cancelled futures would make a pool of
            # processes print a traceback as it ends.
            _cancel(futures)
            raise
        if failure is not None:
            raise failure
        rows = [(*job, *row) for job in jobs for row in done[job]]
        replace_file(path / TABLE, as_csv(COLUMNS, rows))
    return rows


def as_csv(header, rows):
    """Write rows as the content of a CSV file; None becomes an empty field."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([header, *rows])
    return table.getvalue().encode()


def _naming(error, job):
    """An error that names the run it happened in, if it is about a run."""
    if isinstance(error, (BrokenExecutor, ModuleNotFoundError)):
        return error
    kind = FloatingPointError if isinstance(error, FloatingPointError) else RuntimeError
    named = kind(f"{job[0]}, seed {job[1]}: {error}")
    named.__cause__ = error
    return named


def _cancel(futures):
    for future in futures:
        future.cancel()


def _file_of(job):
    name, seed = job
    return f"{''.join(c if c.isalnum() else '-' for c in name)}-{seed}.json"


def _read(file, settings):
    """The rows of a finished run with these settings, or None if there is none."""
    if not file.exists():
        return None
    try:
        saved = json.loads(file.read_bytes())
        theirs = saved["settings"]
        rows = [(test, bits, measure, value) for test, bits, measure, value in saved["rows"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{file} is damaged: {brief(str(error))}") from None
    if theirs != settings:
        raise DamagedError(f"{file} holds the results of other settings, {brief(theirs)}")
    return rows
