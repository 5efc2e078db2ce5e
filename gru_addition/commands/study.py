"""`python -m gru_addition.study`: train many networks, and say what they can do.

The directory of a study also gets a table of the means over the seeds with 95% intervals,
`summary.csv`, and a picture.
"""

import time
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack

from tqdm import tqdm

from gru_addition.study.executors import dask_cluster, local_processes
from gru_addition.study.recipes import GROUPS
from gru_addition.study.sweep import TABLE, as_csv, study
from gru_addition.support.checks import one_of, whole_number
from gru_addition.support.command_line import (
    Parser,
    UserError,
    naming_flags,
    number_or_text,
    run_command,
)
from gru_addition.support.files import prepared_directory, replace_file
from gru_addition.support.signals import Interrupted

COMMAND = "python -m gru_addition.study"
MOST_SEEDS = 10_000
SUMMARY, FIGURE = "summary.csv", "study.png"


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _study_and_say, argv)


def _study_and_say(argv):
    group, recipes, seeds, directory, address = _parse(argv)
    # Help should not wait for these.
    from gru_addition.study.pictures import selections_figure, study_figure
    from gru_addition.study.report import SUMMARY_COLUMNS, challenged, intervals, summary
    from gru_addition.support.pictures import as_png

    executors = local_processes() if address is None else dask_cluster(address)
    started, done_before = time.perf_counter(), 0
    with ExitStack() as stack:
        with naming_flags(["output_dir"]):
            path = stack.enter_context(prepared_directory(directory))
        bar = stack.enter_context(tqdm(unit="run", disable=None, leave=False))

        def report(number, done):
            nonlocal done_before
            if bar.total is None:
                done_before = done
            if bar.total is None and done > 0:
                print(f"Resuming: {done:,} of {number:,} runs are done, saved in {directory}")
            elif bar.disable and bar.total is not None:
                print(f"{done:,} of {number:,} runs are done", flush=True)
            bar.total = number
            bar.update(done - bar.n)

        try:
            with naming_flags(["dask", "output_dir"]), executors as executor:
                rows = study(recipes, seeds, path, executor, report)
        except Interrupted as interrupted:
            saved = "finished runs are saved; start the study again to resume it"
            raise Interrupted(interrupted.number, f"interrupted; {saved}") from None
        except BrokenExecutor:
            raise UserError(
                "a process was killed, or the cluster is gone; finished runs are saved; start the "
                "study again to resume it"
            ) from None
    table = summary(rows, with_iterations=group in ("cells", "sizes"))
    print(f"{table}\n\n{challenged(rows)}")
    replace_file(path, SUMMARY, as_csv(SUMMARY_COLUMNS, intervals(rows)))
    tables = f"{TABLE}, {SUMMARY}"
    draw = selections_figure if group in ("ablation", "cells") else study_figure
    picture = as_png(draw, rows)
    if picture is not None:
        replace_file(path, FIGURE, picture)
    number, minutes = len({row[:2] for row in rows}), (time.perf_counter() - started) / 60
    print(f"{number - done_before:,} of {number:,} runs in {minutes:.1f} minutes")
    print(f"Saved in {directory}: {tables}{'' if picture is None else f' and {FIGURE}'}")


def _parse(argv):
    parser = Parser(
        prog=COMMAND,
        description="Train networks by several recipes with many seeds, and measure how far each "
        "adds correctly. To resume a study that was stopped, start it again.",
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
        "--group",
        metavar="NAME",
        default="recipes",
        help=f"what to compare, one of: {', '.join(GROUPS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe",
        action="append",
        metavar="NAME",
        help=f"one of a group, {'; '.join(map(_listed, GROUPS))}; may be given several times "
        "(default: all of the group)",
    )
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        help="where to save the results and the picture (default: runs/study, or runs/ and the "
        "name of another group)",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="train on the Dask cluster with this scheduler, tcp://host:port, instead of on the "
        "cores of this machine",
    )
    options = vars(parser.parse_args(argv))
    with naming_flags(["seeds", "group", "recipe"]):
        seeds = whole_number("seeds", options["seeds"], 1, MOST_SEEDS)
        group = one_of("group", options["group"], tuple(GROUPS))
        recipes = GROUPS[group]
        names = [one_of("recipe", name, tuple(recipes)) for name in options["recipe"] or recipes]
    directory = options["output_dir"]
    if directory is None:
        directory = "runs/study" if group == "recipes" else f"runs/{group}"
    return group, {name: recipes[name] for name in names}, seeds, directory, options["dask"]


def _listed(group):
    return f"{group}: {', '.join(GROUPS[group])}"
