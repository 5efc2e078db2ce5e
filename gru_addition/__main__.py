"""`python -m gru_addition`: list the commands."""

import sys

from gru_addition.support.checks import brief
from gru_addition.support.command_line import UserError, run_command

COMMAND = "python -m gru_addition"
COMMANDS = {
    "train": "train a network on sums, save the run, and ask it for 1024 + 16",
    "add": "ask a trained network for sums",
    "export": "write a trained network as a SavedModel, for TensorFlow 2",
    "prove": "prove a network right at every length, or find a sum that it gets wrong",
    "verify": "check a proof",
    "show": "write a page about trained networks, to open in a browser",
    "study": "train many networks by several recipes, and say what they can do",
}


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _list, sys.argv[1:] if argv is None else argv)


def _list(argv):
    if argv not in ([], ["-h"], ["--help"]):
        name = argv[0] if argv[0] in COMMANDS else "train"
        raise UserError(
            f"it takes no arguments; use a command such as {COMMAND}.{name}, "
            f"not {brief(' '.join(argv))}"
        )
    print("A GRU that learns to add. Commands (all accept --help):\n")
    for name, what in COMMANDS.items():
        print(f"{COMMAND}.{name:8}{what}")


if __name__ == "__main__":
    raise SystemExit(main())
