"""`python -m gru_addition.train`: train, save the run, and ask the tutorial's last question."""

import time
from contextlib import ExitStack
from dataclasses import replace

from tqdm import tqdm

from gru_addition.add import show_sum
from gru_addition.commands.networks import DEFAULT_DIRECTORY
from gru_addition.config import Config
from gru_addition.runs.directory import open_run
from gru_addition.support import xla
from gru_addition.support.command_line import (
    Parser,
    naming_flags,
    number_or_text,
    run_command,
)
from gru_addition.support.signals import Interrupted
from gru_addition.support.stopwatch import doing, table
from gru_addition.support.system import quoted
from gru_addition.train import train_in

COMMAND = "python -m gru_addition.train"
# The tutorial's last question.
QUESTION = {"a": 1024, "b": 16, "num_bits": 20}
REPORT_EVERY = 50


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _train_and_ask, argv)


def _train_and_ask(argv):
    given, output_dir, resume, overwrite, profile = _parse(argv)
    with ExitStack() as stack:
        with naming_flags(["output_dir", "resume", "overwrite", *vars(Config())]):
            config = Config(**given) if resume is False else None
            directory = stack.enter_context(open_run(output_dir, resume, overwrite))
            if directory.resumed is not None:
                directory.resumed.check_continues(given, None)
                config = replace(directory.resumed.config, **given)
        xla.prepare_for(config)
        try:
            run = _train_with_reports(config, directory, output_dir)
        except Interrupted as interrupted:
            if directory.iteration is None:
                raise
            raise Interrupted(
                interrupted.number,
                f"interrupted; {directory.iteration:,} iterations are saved; to resume: "
                f"{COMMAND} --resume --output-dir={quoted(output_dir)}",
            ) from None
    with doing("asking"):
        _ask(run.adder)
    if profile:
        print(f"\nWhere the time went:\n\n{table()}")


def _parse(argv):
    """Return the settings that are given, then each of the other options."""
    parser = Parser(
        prog=COMMAND,
        description="Train a GRU to add two numbers bit by bit, save the run, and ask it for "
        f"{QUESTION['a']} + {QUESTION['b']} on {QUESTION['num_bits']} bits.",
        epilog="The exit status is 0 if the network was trained and saved, whatever its answer; 2 "
        "if an argument is wrong or the run can't be saved; 130 after Ctrl-C and 143 after "
        "SIGTERM, which save the run first.",
    )
    parser.add_settings(Config)
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        default=DEFAULT_DIRECTORY,
        help="where to save the checkpoints and the figure (default: %(default)s)",
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        type=number_or_text(int),
        default=False,
        const=True,
        metavar="ITERATION",
        help="resume the run in that directory, from the checkpoint of that iteration, by default "
        "the last; its settings are used again, but you may raise --iterations and change those "
        "that affect no number",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the run that the directory holds"
    )
    parser.add_argument(
        "--profile", action="store_true", help="print where the time of this run went"
    )
    given = vars(parser.parse_args(argv))
    others = "output_dir", "resume", "overwrite", "profile"
    return given, *(given.pop(name) for name in others)


def _train_with_reports(config, directory, output_dir):
    """Train; print the tutorial's line every 50 iterations, and show a bar on a terminal."""
    started = time.perf_counter()
    done = 0
    if directory.resumed is not None:
        done = len(directory.resumed.history)
        print(f"Resuming after {done:,} iterations, saved in {output_dir}")
    next_report = -(-done // REPORT_EVERY) * REPORT_EVERY
    with tqdm(total=config.iterations, initial=done, unit="it", disable=None, leave=False) as bar:

        def report(history):
            nonlocal next_report
            while next_report < len(history):
                train_loss = history.train_losses[next_report]
                test_loss = history.validation_losses[next_report]
                with tqdm.external_write_mode():
                    print(
                        f"Iteration: {next_report}, "
                        f"train loss: {train_loss:.4f}, test loss: {test_loss:.4f}",
                        flush=True,
                    )
                next_report += REPORT_EVERY
            train_loss, test_loss = history.train_losses[-1], history.validation_losses[-1]
            bar.set_postfix_str(f"train {train_loss:.4f}, test {test_loss:.4f}", refresh=False)
            bar.update(len(history) - bar.n)

        run = train_in(directory, config, report)
    seconds = time.perf_counter() - started
    print(f"\n{len(run.history) - done:,} iterations in {seconds:.1f} s, saved in {output_dir}\n")
    return run


def _ask(adder):
    """Print the tutorial's last question and the network's answer."""
    a, b, num_bits = QUESTION.values()
    print(f"What is {a} + {b}, on {num_bits} bits?\n")
    answer = adder.add(a, b, num_bits)
    print(show_sum(a, b, answer, num_bits))
    verdict = "right" if answer == a + b else f"wrong: it is {a + b}"
    print(f"\nThe network says {answer}, which is {verdict}.")
