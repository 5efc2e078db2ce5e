"""Measure over many seeds what networks learn from different recipes, and how far they add rightly.

    python -m gru_addition.study --seeds 32

The tutorial says that its network is independent of the length of the numbers, and shows one sum.
Here each recipe trains many networks, which are asked for random sums, and for sums that are hard
for them, of up to 2,000 bits; for all sums of the numbers from 0 to 249, the published test of
MDL-RNN (Lan et al. 2022, arXiv:2111.00600); and for 1024 + 16. Then each is proved right, or
refuted, by `gru_addition.prove`.

The directory of a study holds a file for each network, so that a study goes on where it was
stopped; a table of all numbers, `results.csv`; and pictures.
"""

import csv
import io
import os
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np
from tqdm import tqdm

from gru_addition import xla
from gru_addition.checks import brief, one_of, whole_number
from gru_addition.command_line import (
    Parser,
    UserError,
    naming_flags,
    number_or_text,
    run_command,
)
from gru_addition.config import Config
from gru_addition.dataset import add_columns
from gru_addition.storage import (
    DamagedError,
    as_json,
    locked,
    prepare_directory,
    read_json,
    replace_file,
)

COMMAND = "python -m gru_addition.study"
# The proofs that round the state round it to multiples of 1 / 4, whatever the recipe.
ROUNDED_TO = 4
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
LENGTHS = 5, 10, 20, 50, 100, 200, 500, 1000, 2000
RANDOM_PAIRS = 100
# What is put to each network that is proved right: a million sums, and one of a million bits.
CHALLENGE = {32: 980_000, 200: 16_000, 2000: 4_000}, 1_000_000
SUMS_AT_A_TIME = 10_000
MOST_SEEDS = 10_000
LARGEST_RESULT = 1_000_000
TABLE, FIGURE = "results.csv", "study.png"
COLUMNS = "recipe", "seed", "test", "num_bits", "measure", "value"


def run_seed(settings):
    """Train one network, and return all that is measured of it: rows of four, for JSON.

    settings: those of a `gru_addition.config.Config`, as a dict.

    A row is test, num_bits, measure and value: the last four of `COLUMNS`.
    """
    from gru_addition.prove import prove
    from gru_addition.train import train

    config = Config(**settings)
    run = train(config)
    rows = [
        ("training", config.num_bits, "train loss", float(run.history.train_losses[-1])),
        ("training", config.num_bits, "validation loss", float(run.history.validation_losses[-1])),
    ]
    random_state = np.random.RandomState(config.seed)
    groups = [(20, [("1024 + 16", [(1024, 16)])])]
    groups += [(9, [("0 to 249", [(a, b) for a in range(250) for b in range(250)])])]
    for num_bits in LENGTHS:
        random = "random", random_pairs(num_bits, RANDOM_PAIRS, random_state)
        groups += [(num_bits, [random, *hard_pairs(num_bits, random_state)])]
    for num_bits, tests in groups:
        # All of a length are asked together: XLA compiles anew for each number of sums.
        answers = iter(
            run.adder.add_pairs([pair for _, pairs in tests for pair in pairs], num_bits)
        )
        for test, pairs in tests:
            wrong = [(next(answers) ^ (a + b)).bit_count() for a, b in pairs]
            exact = float(np.mean(np.equal(wrong, 0)))
            rows.append((test, num_bits, "exact share", exact))
            rows.append((test, num_bits, "bit share", float(1 - np.mean(wrong) / num_bits)))
    for test, resolution in (("proof", config.resolution), ("rounded proof", ROUNDED_TO)):
        proof = prove(run.weights, resolution)
        rows.append((test, None, "verdict", proof.verdict))
        if proof.wrong_sum is not None:
            rows.append((test, None, "bits of the wrong sum", proof.wrong_sum.num_bits))
        if proof.certificate is not None:
            rows.append((test, None, "states", len(proof.certificate["states"])))
        if test == "proof" and proof.verdict == "proved":
            wrong_sums = challenge(run.adder, random_state, *CHALLENGE)
            rows.append(("challenge", None, "wrong sums", wrong_sums))
    return rows


def challenge(adder, random_state, sums_by_length, longest):
    """Return how many sums an adder gets wrong, half of them random, half repeating some columns.

    sums_by_length: how many sums of each number of bits. longest: the bits of one more.
    """
    wrong = 0
    for num_bits, number in sums_by_length.items():
        for start in range(0, number, SUMS_AT_A_TIME):
            size = min(SUMS_AT_A_TIME, number - start)
            x = random_state.randint(0, 2, size=(size, num_bits, 2))
            # What stands before and after the repeated word stays random.
            begin = random_state.randint(0, 3, size=(size, 1))
            word = random_state.randint(1, 9, size=(size, 1))
            columns = np.arange(num_bits)
            repeated = begin + (columns - begin) % word
            is_kept = (columns < begin) | (columns >= num_bits - 2)
            is_kept[::2] = True
            source = np.where(is_kept, columns, repeated)
            x = np.take_along_axis(x, source[:, :, np.newaxis], axis=1)
            y = adder.predict(x) > 0.5
            wrong += int((y != add_columns(x)).any(axis=(1, 2)).sum())
    ((a, b),) = random_pairs(longest, 1, random_state)
    return wrong + int(adder.add(a, b, longest) != a + b)


def random_pairs(num_bits, number, random_state):
    """Draw pairs of numbers at random whose sum fits in `num_bits` bits."""
    drawn = random_state.bytes(2 * number * ((num_bits + 7) // 8))
    size = len(drawn) // (2 * number)
    numbers = [
        int.from_bytes(drawn[i : i + size], "little") % (1 << (num_bits - 1))
        for i in range(0, len(drawn), size)
    ]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def hard_pairs(num_bits, random_state):
    """Return pairs, by the name of what is hard in them, whose sums fit in `num_bits` bits."""
    # The highest bit is left for the sum.
    length = num_bits - 1
    ones = (1 << length) - 1
    fives = ((1 << (length + length % 2)) - 1) // 3
    tens = ones ^ fives
    top = 1 << (length - 1)
    doubled = [a for a, _ in random_pairs(num_bits, 15, random_state)]
    return [
        ("carry all along", [(ones, 1), (1, ones), (ones, ones)]),
        ("alternating bits", [(fives, tens), (tens, fives), (fives, fives), (fives, ones)]),
        ("long run of zeros", [(0, 0), (1, 0), (0, 1), (1, 1), (top, top), (top | 1, top | 1)]),
        ("equal operands", [(a, a) for a in doubled]),
    ]


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
    path = prepare_directory(output_dir)
    with locked(path):
        done = {job: _read(path, job, settings) for job, settings in jobs.items()}
        done = {job: rows for job, rows in done.items() if rows is not None}
        futures = {
            executor.submit(run, settings): job for job, settings in jobs.items() if job not in done
        }
        _report(on_progress, jobs, done)
        failed = None
        try:
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                failed = failed or future.exception()
                if failed is not None:
                    # What is under way is still waited for, and saved.
                    _cancel(futures)
                if future.exception() is None:
                    job = futures[future]
                    done[job] = [tuple(row) for row in future.result()]
                    content = {"settings": jobs[job], "rows": done[job]}
                    replace_file(path, _file_of(job), as_json(content, indent=None))
                    _report(on_progress, jobs, done)
        finally:
            _cancel(futures)
        if failed is not None:
            raise failed
        rows = [(*job, *row) for job in jobs for row in done[job]]
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])
        replace_file(path, TABLE, table.getvalue().encode())
    return rows


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
    return [tuple(row) for row in rows]


@contextmanager
def local_processes():
    """An executor on the cores of this machine, in processes that have TensorFlow loaded."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["gru_addition.engines", "gru_addition.prove"])
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as executor:
        try:
            yield executor
        except BaseException:
            # Whoever interrupts the study does not want to wait for the runs under way.
            executor.shutdown(wait=False, cancel_futures=True)
            for process in list((executor._processes or {}).values()):
                process.kill()
            raise


@contextmanager
def dask_cluster(address):
    """An executor on the workers of a Dask cluster, which must have this package too."""
    try:
        from dask.distributed import Client
    except ImportError:
        raise UserError(
            "--dask must not be given without Dask; pip install 'gru_addition[dask]'"
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"--dask must be the address of a scheduler, tcp://..., not {brief(address)}: "
            f"{brief(str(error))}"
        ) from None
    with client:
        yield client.get_executor(pure=False)


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _study_and_say, argv)


def _study_and_say(argv):
    from gru_addition.study_report import study_figure, summary

    names, seeds, directory, address = _parse(argv)
    recipes = {name: RECIPES[name] for name in names}
    executors = local_processes() if address is None else dask_cluster(address)
    with naming_flags(["output_dir"]), tqdm(unit="run", disable=None, leave=False) as bar:

        def report(number, done):
            if bar.total is None and done:
                print(f"Going on: {done:,} of {number:,} runs are done, saved in {directory}")
            elif not bar.disable or done == number:
                pass
            elif bar.total is not None:
                print(f"{done:,} of {number:,} runs are done", flush=True)
            bar.total = number
            bar.update(done - bar.n)

        path = prepare_directory(directory)
        try:
            with executors as executor:
                rows = study(recipes, seeds, path, executor, report)
        except BrokenExecutor:
            raise UserError(
                "a process was killed, perhaps because memory ran out; what is done is saved, and "
                "the study goes on if it is started again"
            ) from None
    print(summary(rows))
    png = io.BytesIO()
    study_figure(rows).savefig(png, format="png")
    replace_file(path, FIGURE, png.getvalue())
    print(f"\nSaved in {directory}: {TABLE} and {FIGURE}")


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


if __name__ == "__main__":
    xla.prepare_process()
    # Each process has a core for itself; NumPy would use all of them in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
