"""The command line: `python -m gru_addition COMMAND`, or `gru-addition COMMAND`.

Each command is a function here: flags in, a call, text and a status out. The statuses are those of
the verdicts, 0, 1 and 3; 2 for every error, so that none is mistaken for a verdict; 130 after
Ctrl-C and 143 after SIGTERM. Bad input gets one line, and an unexpected error its traceback.
"""

import argparse
import atexit
import gc
import logging
import os
import re
import shlex
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields, replace
from decimal import ROUND_DOWN, Context
from pathlib import Path

from gru_addition.config import Config, check_setting
from gru_addition.support import process
from gru_addition.support.checks import brief, one_of, whole_number
from gru_addition.support.files import DamagedError, as_npz, prepare_directory, replace_file
from gru_addition.support.signals import Interrupted, handled_by, interrupt

PROGRAM = "python -m gru_addition"
DEFAULT_DIRECTORY = "runs/latest"
FROM = (
    "the directory of the network's run, its run.npz, a .json from the laboratory, a .keras, a "
    "PyTorch state_dict in an .npz, or a checkpoint of the tutorial's model, by the name that the "
    "saver returned"
)
# The tutorial's last question.
QUESTION = {"a": 1024, "b": 16, "num_bits": 20}
REPORT_EVERY = 50
# The longest numbers that are read, and the longest sum that is written out when it is wrong.
MOST_BITS, LONGEST_SHOWN = 1_000_000, 128
# How many columns, summed over pairs, `add` reads before it answers.
COLUMNS_PER_ANSWER = 1_000_000
# How many columns of a long sum `prove` shows, the highest ones.
COLUMNS_SHOWN = 40
CERTIFICATE, PROOF_FIGURE, PAGE = "certificate.npz", "proof.png", "page.html"
# The task that commands are about unless they are told another.
ADDITION = "addition"
# How many networks a page may show.
MOST_SHOWN = 3
SUMMARY, STUDY_FIGURE = "summary.csv", "study.png"
# A shell's status for a process that ended because nobody reads its output.
READER_HAS_LEFT = 141
# Objects made, less those freed, before Python looks for unused ones.
OBJECTS_BETWEEN_COLLECTIONS = 300_000


class UserError(Exception):
    """Bad input: one line that says what was wrong and what is allowed."""


def main(*beginning):
    """Run the command of this process, which begins with these words; return its exit status."""
    # A daemon may start us without it, and then `print` would write to standard output.
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    # No command opens a window, and a backend that is not there would end them all.
    os.environ.pop("MPLBACKEND", None)
    process.set_flags()
    # Python looks for unused objects again and again, and as it ends. With half a million of
    # TensorFlow's, most of them in use, that takes half a second, and a second at the end.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    # A file's name may hold what the terminal can't show.
    with suppress(AttributeError):  # In a notebook, `%run` has an output of its own.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Without a home to write to, Matplotlib says where it writes instead.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    return run([*beginning, *sys.argv[1:]])


def run(argv):
    """Run a command with these arguments, its name first; return its exit status."""
    if not argv or argv[0] in ("-h", "--help"):
        print("A GRU that learns to add. Commands (all accept --help):\n")
        for name, command in COMMANDS.items():
            print(f"{PROGRAM} {name:8}{command.__doc__ or ''}")
        return 0
    name, *arguments = argv
    try:
        with warnings.catch_warnings(), handled_by(interrupt):
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_: _say(name, message)
            if name not in COMMANDS:
                raise UserError(f"the command must be one of {', '.join(COMMANDS)}, not {name!r}")
            status = COMMANDS[name](arguments) or 0
            sys.stdout.flush()
            return status
    except Interrupted as interrupted:
        message, status = str(interrupted), 128 + interrupted.number
    except BrokenPipeError:
        # Python would write the rest as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_HAS_LEFT
    except (UserError, DamagedError, OSError, FloatingPointError) as error:
        message, status = str(error), 2
    except Exception as error:
        if not isinstance(error, ModuleNotFoundError) or f"{error.name}".startswith(__package__):
            traceback.print_exc()
            return 2
        of_proofs = f"{error.name}".partition(".")[0] in ("scipy", "flint")
        message, status = f"{error}{'; the extra [proof] brings it' if of_proofs else ''}", 2
    _say(name, message)
    return status


def _say(name, message):
    """Print a command's message to standard error, in one line."""
    name = f" {name}" if name in COMMANDS else ""
    print(f"{PROGRAM}{name}: {' '.join(str(message).splitlines())}", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UserError` instead of printing its usage."""

    def __init__(self, command, statuses):
        what = command.__doc__ or " "  # `python -OO` drops it.
        super().__init__(
            prog=f"{PROGRAM} {command.__name__}",
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=f"The exit status is {statuses}, and 2 after any error.",
            allow_abbrev=False,
        )

    def error(self, message):
        raise UserError(message if len(message) <= 200 else f"{message[:200]}...")

    def parse(self, argv):
        """Return the arguments by name; refuse unknown ones by name, even empty ones."""
        options, unknown = self.parse_known_args(argv)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(map(brief, unknown))}")
        # Up to Python 3.12, argparse turns '--' into an empty list.
        if [] in vars(options).values():
            self.error("an argument must have a value, not '--'")
        return vars(options)

    def add_settings(self):
        """Add a flag for each setting of a `Config`; only those given are among the arguments."""
        from gru_addition.cells.weights import CELLS

        for setting in fields(Config):
            options = {"help": setting.metadata["description"], "default": argparse.SUPPRESS}
            if setting.type is bool:
                options["action"] = "store_true"
            elif setting.type is str:
                options["metavar"] = "{" + ",".join(setting.metadata["allowed"] or CELLS) + "}"
            else:
                options["metavar"] = "X" if setting.type is float else "N"
                options["type"] = number_or_text(float if setting.type is float else int)
            if setting.default is not None and setting.default is not False:
                options["help"] += f" (default: {setting.default})"
            self.add_argument(_flag(setting.name), **options)

    def add(self, name, metavar, help, **options):
        """Add an argument that takes a value: a whole number if it is called N, or a path."""
        if metavar == "N":
            options["type"] = number_or_text(int)
        elif metavar in ("DIR", "FILE", "PATH"):
            # The shell leaves the ~ of --output-dir=~/runs alone.
            options["type"] = os.path.expanduser
        self.add_argument(name, metavar=metavar, help=help, **options)

    def add_switch(self, flag, help):
        """Add a flag that takes no value."""
        self.add_argument(flag, help=help, action="store_true")

    def add_task(self):
        """Add the flag for what the network shall do, `--task`."""
        from gru_addition.cells.machine import MACHINES

        tasks = ", ".join(MACHINES)
        self.add("--task", "NAME", f"what it shall do, one of: {tasks} (default: {ADDITION})")

    def add_network(self):
        """Add flags for the network to use, `--from` and `--resolution`."""
        self.add("--from", "PATH", f"{FROM} (default: {DEFAULT_DIRECTORY})")
        self.add(
            "--resolution", "N",
            "round the state to multiples of 1/N after every step (default: as the run says)",
        )  # fmt: skip


def _flag(name):
    return "--" + name.replace("_", "-")


def number_or_text(number_type):
    """Return an argument converter that leaves what is not a number to later checks."""

    def convert(text):
        try:
            return number_type(text)
        except ValueError:
            return text

    return convert


@contextmanager
def naming_flags(*names):
    """Turn a `TypeError` or `ValueError` about arguments into a `UserError` that names flags."""
    try:
        yield
    except (TypeError, ValueError) as error:
        # What follows "not" is the user's own text.
        allowed, separator, given = str(error).partition(", not ")
        argument = rf"\b({'|'.join(names)})\b"
        if not re.match(rf"{argument}.* must ", allowed):
            raise
        allowed = re.sub(argument, lambda name: _flag(name[1]), allowed)
        raise UserError(allowed + separator + given) from None


def train(argv):
    """train a network on sums, save the run, and ask it for 1024 + 16"""
    parser = Parser(
        train, "0 if the network was trained and saved, whatever its answer; 130 after Ctrl-C and "
        "143 after SIGTERM, which save the run first"
    )  # fmt: skip
    parser.add_settings()
    where = (
        f"where to save the run (default: {DEFAULT_DIRECTORY}; a run that stands there is moved "
        "aside, to a directory named after the time at which it was finished)"
    )
    how = (
        "resume the run in that directory; its settings are used again, but you may raise "
        "--iterations and change those that affect no number"
    )
    parser.add("--output-dir", "DIR", where)
    parser.add_switch("--resume", how)
    parser.add_switch("--overwrite", "replace the run that the directory holds")
    given = parser.parse(argv)
    output_dir, resume, overwrite = (given.pop(n) for n in ("output_dir", "resume", "overwrite"))
    directory = DEFAULT_DIRECTORY if output_dir is None else output_dir

    from gru_addition.cells.weights import kind_named
    from gru_addition.runs.directory import move_aside
    from gru_addition.runs.state import is_run, read_state

    done = 0
    with naming_flags("output_dir", "resume", "overwrite", *vars(Config())):
        if resume:
            saved = read_state(directory)
            config, done = replace(saved.config, **given), saved.losses.shape[1]
        else:
            config = Config(**given)
            kind_named(config.cell)
            if output_dir is None and not overwrite and (moved := move_aside(directory)):
                print(f"The earlier run is now in {moved}\n")
        process.set_threads(config)
        try:
            _train_and_ask(config, directory, done, resume=resume, overwrite=overwrite)
        except Interrupted as interrupted:
            if not is_run(directory):
                raise
            raise Interrupted(
                interrupted.number,
                f"interrupted; {read_state(directory).losses.shape[1]:,} iterations are saved; "
                f"to resume: {PROGRAM} train --resume --output-dir={_quoted(directory)}",
            ) from None


def _train_and_ask(config, directory, done, **options):
    """Train; print the tutorial's line every 50 iterations, and show a bar on a terminal."""
    from tqdm import tqdm

    from gru_addition.add import show_sum
    from gru_addition.train import train

    started, is_resumed = time.perf_counter(), done > 0
    next_report = -(-done // REPORT_EVERY) * REPORT_EVERY
    with tqdm(total=config.iterations, initial=done, unit="it", disable=None, leave=False) as bar:

        def report(history):
            nonlocal next_report, is_resumed
            if is_resumed:
                print(f"Resuming after {done:,} iterations, saved in {directory}")
                is_resumed = False
            losses = "train loss: {:.4f}, test loss: {:.4f}"
            while next_report < len(history):
                i = next_report
                text = losses.format(history.train_losses[i], history.validation_losses[i])
                with tqdm.external_write_mode():
                    print(f"Iteration: {i}, {text}", flush=True)
                next_report += REPORT_EVERY
            text = losses.format(history.train_losses[-1], history.validation_losses[-1])
            bar.set_postfix_str(text.replace(" loss:", ""), refresh=False)
            bar.update(len(history) - bar.n)

        run = train(config, directory, on_progress=report, **options)
    seconds = time.perf_counter() - started
    print(f"\n{len(run.history) - done:,} iterations in {seconds:.1f} s, saved in {directory}\n")
    a, b, num_bits = QUESTION.values()
    print(f"What is {a} + {b}, on {num_bits} bits?\n")
    answer = run.adder.add(a, b, num_bits)
    print(show_sum(a, b, answer, num_bits))
    verdict = "right" if answer == a + b else f"wrong: it is {a + b}"
    print(f"\nThe network says {answer}, which is {verdict}.")


def _quoted(word):
    """Quote a word for the shell."""
    return shlex.quote(word) if os.name == "posix" else subprocess.list2cmdline([word])


def add(argv):
    """ask a trained network for sums"""
    parser = Parser(add, "0 if the network is right, 1 if it is wrong")
    number = (
        "a number in decimal, 0x... or 0b...; or - to read pairs of them from standard input, one "
        "pair a line, answered many at a time"
    )
    columns = "how many columns the network is given (default: just enough for the sum)"
    parser.add("a", "A", number)
    parser.add("b", "B", "the second number", nargs="?")
    parser.add_network()
    parser.add("--num-bits", "N", columns)
    parser.add_switch("--show-bits", "show the sum in columns, and mark the wrong bits")
    options = parser.parse(argv)

    from gru_addition.add import Adder, enough_columns, show_sum, write_integer

    num_bits = options["num_bits"]
    if num_bits is not None:
        with naming_flags("num_bits"):
            num_bits = whole_number("num_bits", num_bits, 1, MOST_BITS + 1)
    words = [options["a"], options["b"]]
    if words == ["-", None]:
        pairs = _pairs_from_standard_input(num_bits)
    elif "-" in words or None in words:
        raise UserError("A and B must be two numbers, or A must be - and B left out")
    else:
        pairs = [_read_pair(words, num_bits)]
    adder = Adder.restore(options["from"] or DEFAULT_DIRECTORY, _resolution(options))
    answered, wrong = 0, []
    for group in _in_groups(pairs, num_bits):
        for (a, b), answer in zip(group, adder.add_pairs(group, num_bits), strict=True):
            text = write_integer(answer)
            if options["show_bits"]:
                shown = show_sum(a, b, answer, num_bits or enough_columns(a, b))
                text = "\n" * (answered > 0) + shown
            print(text)
            answered += 1
            if answer != a + b:
                wrong.append((answered, a, b, answer))
        sys.stdout.flush()
    if wrong:
        number, a, b, answer = wrong[0]
        where = f" in {len(wrong):,} of {answered:,} sums, first in number {number:,}"
        if max(a + b, answer).bit_length() <= LONGEST_SHOWN:
            what = f"{a} + {b} is {a + b}, not {answer}"
        else:
            what = f"{(answer ^ (a + b)).bit_count():,} of {enough_columns(a, b):,} bits are wrong"
        _say(
            "add",
            f"the network is wrong{where if answered > 1 else ''}: {what}; it is a neural network, "
            "which learnt to add from examples",
        )
    return int(bool(wrong))


def _resolution(options):
    """Return the number after `--resolution`, or None."""
    with naming_flags("resolution"):
        return check_setting("resolution", options["resolution"])


def _pairs_from_standard_input(num_bits):
    """Yield the pairs on the lines of standard input; raise `UserError` at a line without one."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        # PowerShell may send a UTF-8 byte order mark first.
        words = line.decode("utf-8-sig", "replace").split()
        try:
            if len(words) not in (0, 2):
                raise UserError(f"it must hold two numbers, A and B, not {brief(' '.join(words))}")
            if words:
                yield _read_pair(words, num_bits)
        except UserError as error:
            raise UserError(f"line {number:,} of standard input: {error}") from None


def _read_pair(words, num_bits):
    """Read two numbers; raise `UserError` if they are invalid or their sum needs more columns."""
    from gru_addition.add import enough_columns

    a, b = (read_integer(name, word) for name, word in zip("AB", words, strict=True))
    if num_bits is not None:
        with naming_flags("num_bits"):
            whole_number("num_bits", num_bits, enough_columns(a, b), MOST_BITS + 1)
    return a, b


def read_integer(name, text):
    """Read a decimal, 0x... or 0b... number; raise `UserError` if it is not one or is too long."""
    import gmpy2

    match = re.fullmatch(r"(0x)([0-9a-f]+)|(0b)([01]+)|()([0-9]+)", text, re.I | re.A)
    if match is not None and len(text) <= MOST_BITS + 2:
        prefix, digits = (group for group in match.groups() if group is not None)
        # Python refuses decimals of over 4,300 digits.
        number = int(gmpy2.mpz(digits, {"0x": 16, "0b": 2, "": 10}[prefix.lower()]))
        if number.bit_length() <= MOST_BITS:
            return number
    raise UserError(
        f"{name} must be a whole number of at least 0 and at most {MOST_BITS:,} bits, in decimal, "
        f"0x... or 0b..., not {brief(text)}"
    )


def _in_groups(pairs, num_bits):
    """Yield the pairs in lists of at most about `COLUMNS_PER_ANSWER` columns each."""
    group, longest = [], 0
    try:
        for a, b in pairs:
            columns = num_bits or (a + b).bit_length()
            longest = max(longest, columns)
            if group and longest * (len(group) + 1) > COLUMNS_PER_ANSWER:
                yield group
                group, longest = [], columns
            group.append((a, b))
    except UserError:
        # Pairs before the mistake are answered first.
        yield group
        raise
    yield group


def export(argv):
    """write a trained network as a SavedModel, for TensorFlow 2"""
    parser = Parser(export, "0 if it was exported")
    where = "where to write it; must not exist yet (default: %(default)s)"
    parser.add("directory", "DIR", where, nargs="?", default="runs/saved_model")
    parser.add_network()
    parser.add_switch("--overwrite", "replace the SavedModel that the directory holds")
    options = parser.parse(argv)
    directory, overwrite = options["directory"], options["overwrite"]

    from gru_addition.engines.export import check_target
    from gru_addition.engines.export import export as write

    try:
        check_target(directory, overwrite)
    except ValueError as error:
        raise UserError(f"{error}".replace("overwrite", "--overwrite", 1)) from None
    network = _Network(options)
    write(network.weights, directory, overwrite, network.resolution)
    print(f"The {network.name} is exported to {directory}.")


class _Network:
    """The network that a command is about, by its `--from` and `--resolution`, and words for it."""

    def __init__(self, options):
        from gru_addition.cells.weights import load_network

        self.source = options["from"] or DEFAULT_DIRECTORY
        self.given = _resolution(options)
        self.weights, self.saved = load_network(self.source)
        self.resolution = self.saved if self.given is None else self.given
        self.name = f"network of {self.source}{_rounded(self.resolution)}"
        # Its own directory, or that of its files.
        is_directory = os.path.isdir(self.source)
        self.directory = self.source if is_directory else os.path.dirname(self.source) or "."

    def tell_other(self):
        """If a verdict is not about the network that is used by default, say so."""
        if self.resolution != self.saved:
            default = _rounded(self.saved) or " without rounding its state"
            print(
                f"By default, add and export run the network of {self.source}{default}.\n"
                f"To run the one judged here, use --from={_quoted(self.source)} "
                f"--resolution={self.resolution}."
            )


def _rounded(resolution):
    return "" if resolution is None else f" with its state rounded to multiples of 1/{resolution}"


def prove(argv):
    """prove a network right at every length, or find the smallest sum that it gets wrong"""
    parser = Parser(prove, "0 if it is proved, 1 if it is refuted, 3 if it is undecided")
    challenge = (
        "if it is proved, test it all the same: on a million sums, half of them random, half "
        "repeating some columns, and on one of a million bits"
    )
    where = f"where to save {CERTIFICATE} and {PROOF_FIGURE} (default: beside the network)"
    parser.add_network()
    parser.add_task()
    parser.add_switch("--challenge", challenge)
    parser.add("--output-dir", "DIR", where)
    options = parser.parse(argv)
    task, machine = _task(options)
    if options["challenge"] and task != ADDITION:
        raise UserError(f"--challenge is a test of sums, and must not be given with --task={task}")

    from gru_addition.prove import PROVED, REFUTED, UNDECIDED
    from gru_addition.prove import prove as judge

    network = _Network(options)
    directory = network.directory if options["output_dir"] is None else options["output_dir"]
    with naming_flags("output_dir"):
        prepare_directory(directory)
    proof = judge(network.weights, network.resolution, machine)
    print(_in_words(proof, network.name, task, machine), flush=True)
    network.tell_other()
    certificate = _save_proof(proof, network, directory, task, machine)
    if proof.verdict == PROVED:
        rounding = "" if network.given is None else f" --resolution={network.given}"
        of_task = "" if task == ADDITION else f" --task={task}"
        source, path = _quoted(network.source), _quoted(str(certificate))
        print("Certificate, and how to check it again:")
        print(f"{PROGRAM} verify {path} --from={source}{rounding}{of_task}")
        if options["challenge"] and not _stands_the_challenge(network):
            return 3
    return {PROVED: 0, REFUTED: 1, UNDECIDED: 3}[proof.verdict]


def _save_proof(proof, network, directory, task, machine):
    """Save the certificate, if there is one, and then the picture, which matters less.

    Returns the path of the certificate. Each task has files of its own.
    """
    from gru_addition.inside.portraits import proof_figure
    from gru_addition.support.pictures import as_png
    from gru_addition.verify import RefusedError, read_certificate, verify

    names = map(Path, (CERTIFICATE, PROOF_FIGURE))
    if task != ADDITION:
        names = (name.with_stem(f"{name.stem}-{task}") for name in names)
    path, figure = (Path(directory, name) for name in names)
    if proof.certificate is not None:
        replace_file(path, as_npz(proof.certificate))
    elif path.is_file():
        try:
            verify(read_certificate(path), network.weights, network.resolution, machine)
        except (RefusedError, OSError):
            path.unlink()
            print(f"\nRemoved {path}, which is no proof of this network.")
    picture = as_png(proof_figure, network.weights, network.resolution, proof, machine)
    if picture is not None:
        replace_file(figure, picture)
        print(f"\nPicture: {figure}")
    return path


def _stands_the_challenge(network):
    """Test a network that is proved; say and return whether it is right."""
    import numpy as np

    from gru_addition.add import Adder
    from gru_addition.prove.challenge import MILLION_SUMS, challenge

    adder = Adder.from_weights(network.weights, network.resolution)
    wrong = challenge(adder, np.random.RandomState(0), *MILLION_SUMS)
    number, longest = sum(MILLION_SUMS[0].values()) + 1, MILLION_SUMS[1]
    print(f"\nChallenged: {wrong:,} of {number:,} sums of up to {longest:,} bits are wrong.")
    if wrong > 0:
        print("So the proof, or what it assumes about this machine, has a hole.")
    return wrong == 0


def _in_words(proof, network, task, machine):
    """Say what is known about a network; network: its name, in words."""
    from gru_addition.add import show_sum, write_integer

    what = "sum" if task == ADDITION else "input"
    if proof.certificate is not None:
        states, smallest = len(proof.certificate["states"]), len(proof.machine.targets)
        cover = "balls around states contain every state"
        if proof.certificate["resolution"]:
            cover = "states are all"
        return (
            f"proved: the {network} {_achieves(task)}\n\n"
            f"{states:,} {cover} that it can reach. From each of them, every pair of bits\n"
            f"leads into one of them. Minimised, they are {smallest}"
            f"{': the carry' if task == ADDITION else ''}.\n"
            f"{_bears(proof.function_error)}"
        )
    if proof.wrong_sum is None:
        tried = "\n".join(f"- {what}" for what in proof.tried)
        return f"undecided: found no wrong {what} of the {network}, and no proof\n\nTried:\n{tried}"
    wrong = proof.wrong_sum
    found = "" if proof.is_smallest else " found"
    a, b = (write_integer(n) if n.bit_length() <= 128 else hex(n) for n in (wrong.a, wrong.b))
    columns = show_sum(wrong.a, wrong.b, proof.answer, wrong.num_bits, machine).splitlines()
    if wrong.num_bits > COLUMNS_SHOWN:
        # Labels take the first eleven characters, and every column two.
        end = 11 + 2 * COLUMNS_SHOWN
        columns = [line[:end].rstrip() + (" ..." if line[end:] else "") for line in columns]
    if proof.is_smallest:
        rest = "It is the smallest: all before it were tried, and are right."
    elif proof.has_fewest_bits:
        rest = "None has fewer bits, but a smaller one may have as many."
    else:
        rest = f"All {what}s of up to {proof.right_bits:,} bits are right; a smaller wrong one may "
        rest += "lie in between."
    operands = f"{a} {'+' if task == ADDITION else 'and'} {b}, on {wrong.num_bits:,} bits"
    first = f"refuted: the smallest wrong {what}{found} of the {network} is {operands}"
    return "\n".join([first, "", *columns, "", rest])


def _achieves(task):
    """What a network does that is proved right, in words."""
    if task == ADDITION:
        return "adds every pair correctly at every length"
    return f"is right at {task} for every pair at every length"


def _task(options):
    """The name of the task that a command is about, and its machine."""
    from gru_addition.cells.machine import MACHINES

    with naming_flags("task"):
        task = one_of("task", options["task"] or ADDITION, tuple(MACHINES))
    return task, MACHINES[task]


def _bears(function_error):
    """How wrong sigmoid and tanh may be, in words."""
    error = Context(2, ROUND_DOWN).create_decimal_from_float(function_error)
    return f"It holds even if sigmoid and tanh are wrong by {error:.1e}."


def verify(argv):
    """check a proof"""
    parser = Parser(verify, "0 if the certificate proves the network right at every length, else 1")
    parser.add("certificate", "FILE", f"what {PROGRAM} prove wrote")
    parser.add_network()
    parser.add_task()
    options = parser.parse(argv)
    task, machine = _task(options)

    from gru_addition.verify import RefusedError, read_certificate
    from gru_addition.verify import verify as check

    network, what = None, ""
    try:
        certificate = read_certificate(options["certificate"])
        network = _Network(options)
        what = f" for the {network.name}"
        function_error = check(certificate, network.weights, network.resolution, machine)
        states = len(certificate["states"])
        print(f"holds: {states:,} states, {4 * states:,} steps, each checked in ball arithmetic")
        print(_bears(function_error))
        print(f"The {network.name} {_achieves(task)}.")
        status = 0
    except RefusedError as error:
        print(f"refused{what}: {error}")
        status = 1
    if network is not None:
        network.tell_other()
    return status


def show(argv):
    """write a page about trained networks, on which you can watch them add, for a browser"""
    parser = Parser(show, "0 if it was written")
    source = f"{FROM}; up to {MOST_SHOWN} of them (default: {DEFAULT_DIRECTORY})"
    parser.add("--from", "PATH", source, action="append")
    parser.add(
        "--output", "FILE", f"where to write the page (default: {PAGE} beside the first network)"
    )
    options = parser.parse(argv)

    from gru_addition.show import is_page, page

    sources = options["from"] or [DEFAULT_DIRECTORY]
    if len(sources) > MOST_SHOWN:
        raise UserError(f"--from may be given at most {MOST_SHOWN} times, not {len(sources)}")
    networks = [_Network({"from": source, "resolution": None}) for source in sources]
    output = options["output"]
    output = os.path.join(networks[0].directory, PAGE) if output is None else output
    if not os.path.basename(output) or os.path.isdir(output):
        raise UserError(f"--output must be the name of a file, not {brief(output)}")
    if os.path.lexists(output) and not is_page(output):
        raise UserError(f"--output must be a new file or a page to replace, not {brief(output)}")
    with naming_flags("output"):
        prepare_directory(os.path.dirname(output) or ".", "output")
    replace_file(
        output, page([_described(network) for network in networks]).encode(errors="surrogateescape")
    )
    print(f"Page: {output}\nOpen it in a browser.")


def _described(network):
    """What the page has to know about a network."""
    from gru_addition.runs.state import is_run
    from gru_addition.show import page_data
    from gru_addition.train import Run

    history, about = None, "How it was trained, its file does not say."
    if is_run(network.source):
        run, tutorial = Run.restore(network.source), asdict(Config())
        history = run.history
        changes = [
            f"{name.replace('_', ' ')} {value}"
            for name, value in asdict(run.config).items()
            if value != tutorial[name]
        ]
        about = f"The tutorial's settings{', but ' if changes else ''}{', '.join(changes)}."
    certificate, path = None, Path(network.directory, CERTIFICATE)
    if path.is_file():
        from gru_addition.verify import RefusedError, read_certificate, verify

        try:
            certificate = read_certificate(path)
            verify(certificate, network.weights, network.resolution)
            about += f" Proved right at every length, with {len(certificate['states'])} balls."
        except RefusedError as error:
            certificate = None
            print(f"{path} is not shown, because {error}")
    name = str(network.source)
    return page_data(network.weights, name, about, network.resolution, certificate, history)


def study(argv):
    """train many networks by several recipes, and say what they can do"""
    from gru_addition.study.recipes import GROUPS

    parser = Parser(study, "0 if the study is done (if it was stopped, start it again to resume)")
    parser.add("--seeds", "N", "networks for each recipe (default: %(default)s)", default=32)
    group = f"what to compare, one of: {', '.join(GROUPS)} (default: %(default)s)"
    parser.add("--group", "NAME", group, default="recipes")
    groups = "; ".join(f"{group}: {', '.join(GROUPS[group])}" for group in GROUPS)
    recipe = f"one of a group, {groups}; may be given several times (default: all of the group)"
    parser.add("--recipe", "NAME", recipe, action="append")
    where = "where to save the results and the picture (default: runs/study, or runs/GROUP)"
    parser.add("--output-dir", "DIR", where)
    options = parser.parse(argv)
    with naming_flags("seeds", "group", "recipe"):
        seeds = whole_number("seeds", options["seeds"], 1, 10_000)
        group = one_of("group", options["group"], tuple(GROUPS))
        recipes = GROUPS[group]
        names = [one_of("recipe", name, tuple(recipes)) for name in options["recipe"] or recipes]
    directory = options["output_dir"]
    if directory is None:
        directory = f"runs/{'study' if group == 'recipes' else group}"
    # Each process has a core to itself; NumPy and TensorFlow would use all cores in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault(process.THREADS, "1")

    from gru_addition.study.pictures import selections_figure, study_figure
    from gru_addition.study.report import (
        SUMMARY_COLUMNS,
        challenged,
        intervals,
        open_gates,
        summary,
    )
    from gru_addition.study.sweep import TABLE, as_csv
    from gru_addition.support.pictures import as_png

    started = time.perf_counter()
    with naming_flags("output_dir"):
        path = prepare_directory(directory)
        rows, new = _train_all({name: recipes[name] for name in names}, seeds, directory)
    table = summary(rows, with_iterations=group in ("cells", "sizes"))
    print(f"{table}\n\n{challenged(rows)}")
    if gates := open_gates(rows):
        print(f"\nStill proved with the update gates z, the reset gates r, or both at 1:\n{gates}")
    replace_file(path / SUMMARY, as_csv(SUMMARY_COLUMNS, intervals(rows)))
    draw = selections_figure if group in ("ablation", "baselines", "cells") else study_figure
    picture = as_png(draw, rows)
    if picture is not None:
        replace_file(path / STUDY_FIGURE, picture)
    minutes = (time.perf_counter() - started) / 60
    print(f"{new:,} of {seeds * len(names):,} runs in {minutes:.1f} minutes")
    saved = f"{TABLE}, {SUMMARY}{'' if picture is None else f' and {STUDY_FIGURE}'}"
    print(f"Saved in {directory}: {saved}")


def _train_all(recipes, seeds, directory):
    """Run a study with a bar or lines; return its rows, and how many of its runs were new."""
    from concurrent.futures import BrokenExecutor

    from tqdm import tqdm

    from gru_addition.study import study
    from gru_addition.study.executors import local_processes

    counts, saved = [], "finished runs are saved; start the study again to resume it"
    with tqdm(unit="run", disable=None, leave=False) as bar:

        def report(number, done):
            if counts and bar.disable:
                print(f"{done:,} of {number:,} runs are done", flush=True)
            elif done > 0 and not counts:
                print(f"Resuming: {done:,} of {number:,} runs are done, saved in {directory}")
            counts.append(done)
            bar.total = number
            bar.update(done - bar.n)

        try:
            with local_processes() as executor:
                rows = study(recipes, seeds, directory, executor, report)
        except Interrupted as interrupted:
            raise Interrupted(interrupted.number, f"interrupted; {saved}") from None
        except BrokenExecutor:
            raise UserError(f"a process was killed; {saved}") from None
    return rows, counts[-1] - counts[0]


COMMANDS = {
    command.__name__: command for command in (train, add, export, prove, verify, show, study)
}
