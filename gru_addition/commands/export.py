"""`python -m gru_addition.export`: write a trained network as a SavedModel."""

from gru_addition.commands.networks import (
    add_resolution,
    add_source,
    name_network,
    read_resolution,
)
from gru_addition.export import check_target, export
from gru_addition.runs.checkpoints import load_network
from gru_addition.support.command_line import Parser, naming_flags, run_command

COMMAND = "python -m gru_addition.export"


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _export_and_say, argv)


def _export_and_say(argv):
    parser = Parser(
        prog=COMMAND,
        description="Export a trained network as a SavedModel, for tf.saved_model.load.",
        epilog="The exit status is 0 if it was exported, and 2 if that is not possible.",
    )
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        default="runs/saved_model",
        help="where to write it; must not exist yet (default: %(default)s)",
    )
    add_source(parser)
    add_resolution(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the SavedModel that the directory holds"
    )
    options = vars(parser.parse_args(argv))
    directory, overwrite = options["directory"], options["overwrite"]
    with naming_flags(["overwrite"]):
        check_target(directory, overwrite)
    weights, resolution = load_network(options["from"], read_resolution(options))
    export(weights, directory, overwrite, resolution)
    print(f"The {name_network(options['from'], resolution)} is exported to {directory}.")
