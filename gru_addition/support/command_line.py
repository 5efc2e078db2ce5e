"""What the project's commands share: flags from settings, and errors in one line."""

import argparse
import io
import logging
import os
import re
import sys
import warnings
from contextlib import contextmanager
from dataclasses import fields

from gru_addition.support import system, unexpected, xla
from gru_addition.support.checks import brief
from gru_addition.support.quiet import without_kept_output
from gru_addition.support.signals import Interrupted, handled_by

LONGEST_MESSAGE = 200
# A shell's status for a process that ended because nobody reads its output.
READER_HAS_LEFT = 141


class UserError(Exception):
    """Bad input: one line that says what was wrong and what is allowed."""


def run_command(name, command, argv):
    """Call `command(argv)` and return a status; report any error in one line.

    Warnings get one line too, and so do unexpected errors, whose traceback is shown if the
    environment variable `GRU_ADDITION_TRACEBACK` is set.
    If all goes well, the status is what `command` returns, or 0. It is 2 for every error, so no
    error can be mistaken for a verdict of `command`; 141 if the reader of the output has left, 130
    after Ctrl-C, and 143 after SIGTERM.
    """
    for stream in "stdout", "stderr":
        if getattr(sys, stream) is None:
            # It was closed, which few writers expect.
            setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    # Matplotlib logs a line for each text in a picture if it dislikes the user's settings.
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    # File names may hold characters that the terminal can't show. In a locale without an encoding,
    # Python keeps the bytes of a name as surrogates, which the output turns back into bytes.
    is_utf8 = sys.getfilesystemencoding() == "utf-8"
    for stream in [sys.stdout] if is_utf8 else [sys.stdout, sys.stderr]:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace" if is_utf8 else "surrogateescape")
    try:
        with warnings.catch_warnings(), handled_by(_interrupt), without_kept_output():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_: say(name, message)
            status = command(argv) or 0
        sys.stdout.flush()
        return status
    except Interrupted as interrupted:
        message, status = str(interrupted), 128 + interrupted.number
    except MemoryError:
        message, status = "out of memory; smaller settings need less", 2
    except (UserError, OSError, FloatingPointError) as error:
        if system.reader_has_left(error):
            _drop_output()
            return READER_HAS_LEFT
        message, status = str(error), 2
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            raise  # Help was asked for, and given.
        message, status = unexpected.in_one_line(error), unexpected.ERROR
    say(name, message)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    return status


def _drop_output():
    """Drop unwritten output, which would make Python end with a status of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(number, frame):
    raise Interrupted(number)


def say(name, message):
    """Print a command's message to standard error, in one line."""
    unexpected.write(f"{name}: {' '.join(str(message).splitlines())}\n")


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UserError` instead of printing its usage."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message):
        if len(message) > LONGEST_MESSAGE:
            message = message[:LONGEST_MESSAGE] + "..."
        raise UserError(message)

    def parse_args(self, argv):
        """Parse the arguments; refuse unknown ones by name, even empty ones.

        Flags in the environment that TensorFlow does not accept are refused too.
        """
        options, unknown = self.parse_known_args(argv)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(map(brief, unknown))}")
        # Up to Python 3.12, argparse turns '--' into an empty list.
        if [] in vars(options).values():
            self.error("an argument must have a value, not '--'")
        try:
            xla.check_flags()
        except ValueError as error:
            self.error(str(error))
        return options

    def add_settings(self, config_class):
        """Add a flag for each field of a settings class like `gru_addition.config.Config`.

        Only the flags given appear among the parsed arguments.
        """
        for setting in fields(config_class):
            options = {"help": setting.metadata["description"], "default": argparse.SUPPRESS}
            if setting.type is bool:
                options["action"] = "store_true"
            elif setting.type is str:
                options["metavar"] = "{" + ",".join(setting.metadata["allowed"]) + "}"
            else:
                options["metavar"] = "X" if setting.type is float else "N"
                options["type"] = number_or_text(float if setting.type is float else int)
            if setting.default is not None and setting.default is not False:
                options["help"] += f" (default: {setting.default})"
            self.add_argument(_flag(setting.name), **options)


@contextmanager
def naming_flags(names):
    """Turn a `TypeError` or `ValueError` that names arguments into a `UserError` naming flags."""
    try:
        yield
    except OSError:  # Some are a ValueError too; they name files.
        raise
    except (TypeError, ValueError) as error:
        # What follows "not" is the user's own text.
        allowed, separator, given = str(error).partition(", not ")
        allowed = re.sub(rf"\b({'|'.join(names)})\b", lambda name: _flag(name[1]), allowed)
        raise UserError(allowed + separator + given) from None


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
