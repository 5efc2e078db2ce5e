"""`python -m gru_addition.verify`: check a certificate."""

from gru_addition.commands.networks import (
    add_resolution,
    add_source,
    name_network,
    read_resolution,
    tell_other_network,
)
from gru_addition.runs.checkpoints import load_network
from gru_addition.support.command_line import Parser, run_command
from gru_addition.verify import RefusedError, read_certificate, verify

COMMAND = "python -m gru_addition.verify"


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _verify_and_say, argv)


def _verify_and_say(argv):
    parser = Parser(
        prog=COMMAND,
        description="Check that a certificate proves a trained network right at every length.",
        epilog="The exit status is 0 if it does, 1 if it does not, and 2 if an argument is wrong.",
    )
    parser.add_argument(
        "certificate", metavar="FILE", help="what python -m gru_addition.prove wrote"
    )
    add_source(parser)
    add_resolution(parser)
    options = vars(parser.parse_args(argv))
    resolution = read_resolution(options)
    source = options["from"]
    try:
        certificate = read_certificate(options["certificate"])
    except RefusedError as error:
        print(f"refused: {error}")
        return 1
    weights, saved_resolution = load_network(source)
    resolution = saved_resolution if resolution is None else resolution
    name = name_network(source, resolution)
    try:
        verify(certificate, weights, resolution)
    except RefusedError as error:
        print(f"refused for the {name}: {error}")
        tell_other_network(source, resolution, saved_resolution)
        return 1
    states = len(certificate["states"])
    print(f"holds: {states:,} states, {4 * states:,} steps, each checked in ball arithmetic")
    print(f"The {name} adds every pair correctly at every length.")
    tell_other_network(source, resolution, saved_resolution)
    return 0
