"""What the commands about a trained network share: its flags, and words for it."""

from gru_addition.config import RESOLUTIONS
from gru_addition.support.checks import whole_number
from gru_addition.support.command_line import naming_flags, number_or_text
from gru_addition.support.system import quoted

DEFAULT_DIRECTORY = "runs/latest"


def add_source(parser):
    """Add a flag for the network to use, `--from`."""
    parser.add_argument(
        "--from",
        metavar="PATH",
        default=DEFAULT_DIRECTORY,
        help="the directory of the network's run, or a checkpoint of the tutorial's model, by the "
        "name that the saver returned (default: %(default)s)",
    )


def add_resolution(parser):
    """Add a flag for rounding the state, `--resolution`, for `read_resolution`."""
    parser.add_argument(
        "--resolution",
        type=number_or_text(int),
        metavar="N",
        help="round the state to multiples of 1/N after every step (default: as the run says)",
    )


def read_resolution(options):
    """Return the number after `--resolution`, or None; raise `UserError` if it is invalid."""
    with naming_flags(["resolution"]):
        if options["resolution"] is None:
            return None
        return whole_number("resolution", options["resolution"], *RESOLUTIONS)


def name_network(source, resolution):
    """Name a network by its source, and say if its state is rounded."""
    return f"network of {source}{_rounded(resolution)}"


def tell_other_network(source, resolution, saved_resolution):
    """If a verdict is not about the network that is used by default, say so."""
    if resolution != saved_resolution:
        default = _rounded(saved_resolution) or " without rounding its state"
        print(
            f"By default, add and export run the network of {source}{default}.\n"
            f"To run the one judged here, use --from={quoted(source)} "
            f"--resolution={resolution}."
        )


def _rounded(resolution):
    return "" if resolution is None else f" with its state rounded to multiples of 1/{resolution}"
