"""What the project's commands have in common: flags from settings, and errors in one line."""

import argparse
import io
import os
import re
import sys
import warnings
from contextlib import contextmanager
from dataclasses import fields


class UserError(Exception):
    """Bad input, told in one line that says what was wrong and what is allowed."""


def run_command(name, command, argv):
    """Call `command(argv)`; return 0, or say in one line what went wrong and return its status.

    Warnings get one line too.
    The status is 2 for a `UserError`, if a file can't be read or written, if training diverges, or
    if memory runs out; 1 if the reader of the output has left; and 130 after Ctrl-C.
    """
    for stream in "stdout", "stderr":
        if getattr(sys, stream) is None:
            # It was closed, which few who write to it expect.
            setattr(sys, stream, open(os.devnull, "w"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names may hold characters that the terminal can't show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_: _say(name, message)
            command(argv)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        # Python would complain when it flushes the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        message, status = "interrupted", 130
    except MemoryError:
        message, status = "out of memory; smaller settings need less", 2
    except (UserError, OSError, FloatingPointError) as error:
        message, status = str(error), 2
    _say(name, message)
    return status


def _say(name, message):
    print(f"{name}: {' '.join(str(message).split())}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UserError` instead of printing its usage."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message):
        raise UserError(message)

    def add_settings(self, config_class):
        """Add a flag for each field of a settings class like `gru_addition.config.Config`."""
        for setting in fields(config_class):
            options = {"help": setting.metadata["description"], "default": setting.default}
            if setting.type is bool:
                options["action"] = "store_true"
            elif setting.type is str:
                options["metavar"] = "{" + ",".join(setting.metadata["allowed"]) + "}"
            else:
                options["metavar"] = "X" if setting.type is float else "N"
                options["type"] = _number_or_text(float if setting.type is float else int)
            if setting.default is not None and setting.default is not False:
                options["help"] += " (default: %(default)s)"
            self.add_argument(_flag(setting.name), **options)


@contextmanager
def naming_flags(names):
    """Turn a `TypeError` or `ValueError` that names arguments into a `UserError` naming flags."""
    try:
        yield
    except (TypeError, ValueError) as error:
        # What stands behind "not" is the user's own.
        allowed, separator, given = str(error).partition(", not ")
        allowed = re.sub(rf"\b({'|'.join(names)})\b", lambda name: _flag(name[1]), allowed)
        raise UserError(allowed + separator + given) from None


def _flag(name):
    return "--" + name.replace("_", "-")


def _number_or_text(number_type):
    """Convert what is a number, and leave the rest to the settings, which say what is allowed."""

    def convert(text):
        try:
            return number_type(text)
        except ValueError:
            return text

    return convert
