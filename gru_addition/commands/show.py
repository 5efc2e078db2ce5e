"""`python -m gru_addition.show`: write a page about a few networks, to open in a browser."""

import os
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from gru_addition.commands.networks import DEFAULT_DIRECTORY
from gru_addition.commands.prove import CERTIFICATE
from gru_addition.config import Config
from gru_addition.runs.checkpoints import load_network, load_with_weights
from gru_addition.show import MOST_NETWORKS, TITLE, page, page_data
from gru_addition.support.checks import brief
from gru_addition.support.command_line import Parser, UserError, naming_flags, run_command
from gru_addition.support.files import prepared_directory, replace_file
from gru_addition.verify import RefusedError, read_certificate, verify

COMMAND = "python -m gru_addition.show"
PAGE = "page.html"


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _show_and_say, argv)


def _show_and_say(argv):
    sources, output = _parse(argv)
    html = page([_describe(source) for source in sources])
    with ExitStack() as stack:
        with naming_flags(["output"]):
            directory = stack.enter_context(prepared_directory(output.parent))
        replace_file(directory, output.name, html.encode())
    print(f"Page: {output}\nOpen it in a browser.")


def _describe(source):
    """What the page has to know about the network of a run, or of a checkpoint."""
    history, about = None, "A checkpoint of the tutorial's model."
    if os.path.isdir(source):
        checkpoint, weights = load_with_weights(source)
        resolution, history = checkpoint.config.resolution, checkpoint.history
        about = _in_words(checkpoint.config)
    else:
        weights, resolution = load_network(source)
    certificate = None
    path = Path(source, CERTIFICATE)
    if path.exists():
        try:
            certificate = read_certificate(path)
            verify(certificate, weights, resolution)
            about += f" Proved right at every length, with {len(certificate['states'])} balls."
        except RefusedError as error:
            certificate = None
            print(f"{path} is not shown, because {error}")
    return page_data(weights, str(source), about, resolution, certificate, history)


def _in_words(config):
    """Say which settings are not the tutorial's."""
    tutorial = asdict(Config())
    changes = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in asdict(config).items()
        if value != tutorial[name]
    ]
    return f"The tutorial's settings{', but ' if changes else ''}{', '.join(changes)}."


def _parse(argv):
    parser = Parser(
        prog=COMMAND,
        description="Write a page about trained networks, one HTML file to open in a browser. "
        "There you type sums, and watch the networks add them, column by column.",
        epilog="The exit status is 0 if it was written, and 2 if that is not possible.",
    )
    parser.add_argument(
        "--from",
        metavar="DIR",
        action="append",
        help="the directory of a network's run, or a checkpoint as for add; up to "
        f"{MOST_NETWORKS} (default: {DEFAULT_DIRECTORY})",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"where to write the page (default: {PAGE} in the directory of the first run)",
    )
    options = vars(parser.parse_args(argv))
    sources = options["from"] or [DEFAULT_DIRECTORY]
    if len(sources) > MOST_NETWORKS:
        raise UserError(f"--from may be given at most {MOST_NETWORKS} times, not {len(sources)}")
    output = options["output"]
    if output is None:
        beside = sources[0] if os.path.isdir(sources[0]) else os.path.dirname(sources[0])
        output = os.path.join(beside, PAGE)
    if not os.path.basename(output) or os.path.isdir(output):
        raise UserError(f"--output must be the name of a file, not {brief(output)}")
    if os.path.lexists(output) and not _is_page(output):
        raise UserError(f"--output must be a new file or a page to replace, not {brief(output)}")
    return sources, Path(output)


def _is_page(path):
    """Whether a file begins as a page does."""
    try:
        with open(path, encoding="utf-8") as file:
            return TITLE in file.read(1000)
    except (OSError, UnicodeDecodeError):
        return False
