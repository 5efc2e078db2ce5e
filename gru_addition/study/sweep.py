"""Train a network for each recipe and each seed, measure it, and keep the results.

The directory of a study holds a file for each network, so a stopped study can resume, and a table
of all numbers, `results.csv`.
"""

import csv
import io
import os
from concurrent.futures import BrokenExecutor, as_completed

from gru_addition.study.measure import run_seed
from gru_addition.support.checks import brief
from gru_addition.support.files import (
    DamagedError,
    as_json,
    locked,
    prepared_directory,
    read_json,
    replace_file,
)

LARGEST_RESULT = 1_000_000
TABLE = "results.csv"
COLUMNS = "recipe", "seed", "test", "num_bits", "measure", "value"


def study(recipes, seeds, output_dir, executor, on_progress=None, run=run_seed):
    """Run what is left of a study, and return all its rows, each of these `COLUMNS`.

    recipes: settings by name, such as `RECIPES`.
    seeds: how many networks each recipe trains, from seed 0 on.
    output_dir: where its results are kept. Existing ones are not computed again.
    executor: any `concurrent.futures.Executor`, such as a Dask client's.
    on_progress: a function of the number of runs and the number done.
    run: the function of settings to hand to the executor.

    Raises `ValueError` if the directory is in use, or holds damaged results or another study's.
    """
    jobs = {
        (name, seed): settings | {"seed": seed}
        for name, settings in recipes.items()
        for seed in range(seeds)
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
                    # Runs under way are still waited for, and saved.
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
    """An error that names the run it happened in, if it is about a run."""
    is_from_cluster = type(error).__module__.startswith("distributed")
    if is_from_cluster or isinstance(error, (BrokenExecutor, ModuleNotFoundError)):
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
    """The rows of a finished run, or None; `DamagedError` if they are not what they should be."""
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
