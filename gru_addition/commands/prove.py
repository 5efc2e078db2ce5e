"""`python -m gru_addition.prove`: prove a network right, or find a sum that it gets wrong."""

import io
import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from gru_addition.add import Adder, show_sum
from gru_addition.commands.networks import (
    add_resolution,
    add_source,
    name_network,
    read_resolution,
    tell_other_network,
)
from gru_addition.commands.verify import COMMAND as VERIFY
from gru_addition.inside.portraits import proof_figure
from gru_addition.proof.automaton import Automaton
from gru_addition.proof.pairs import CHALLENGE, challenge
from gru_addition.prove import PROVED, REFUTED, UNDECIDED, prove
from gru_addition.runs.checkpoints import load_network
from gru_addition.support.command_line import Parser, naming_flags, run_command
from gru_addition.support.files import prepared_directory, replace_file
from gru_addition.support.integers import write_integer
from gru_addition.support.pictures import as_png
from gru_addition.support.system import quoted
from gru_addition.verify import RefusedError, read_certificate, verify

COMMAND = "python -m gru_addition.prove"
CERTIFICATE, FIGURE = "certificate.npz", "proof.png"
STATUSES = {PROVED: 0, REFUTED: 1, UNDECIDED: 3}
# How many columns of a long sum are shown, the highest ones.
COLUMNS_SHOWN = 40


def main(argv=None):
    """Run the command with these arguments, by default the program's; return its exit status."""
    return run_command(COMMAND, _prove_and_say, argv)


def _prove_and_say(argv):
    source, given_resolution, directory, is_challenged = _parse(argv)
    weights, saved_resolution = load_network(source)
    resolution = saved_resolution if given_resolution is None else given_resolution
    with ExitStack() as stack:
        with naming_flags(["output_dir"]):
            stack.enter_context(prepared_directory(directory))
        proof = prove(weights, resolution)
        print(_in_words(proof, name_network(source, resolution)), flush=True)
        tell_other_network(source, resolution, saved_resolution)
        _save(proof, weights, resolution, directory)
    if proof.verdict != PROVED:
        return STATUSES[proof.verdict]
    options = "" if given_resolution is None else f" --resolution={given_resolution}"
    path = quoted(str(Path(directory, CERTIFICATE)))
    print("Certificate, and how to check it again:")
    print(f"{VERIFY} {path} --from={quoted(source)}{options}")
    if is_challenged:
        adder = Adder.from_weights(weights, resolution)
        wrong = challenge(adder, np.random.RandomState(0), *CHALLENGE)
        number, longest = sum(CHALLENGE[0].values()) + 1, CHALLENGE[1]
        print(f"\nChallenged: {wrong:,} of {number:,} sums of up to {longest:,} bits are wrong.")
        if wrong > 0:
            print("So the proof, or what it assumes about this machine, has a hole.")
            return STATUSES[UNDECIDED]
    return STATUSES[PROVED]


def _save(proof, weights, resolution, directory):
    """Save the certificate, if there is one, and then the picture, which matters less."""
    if proof.verdict == PROVED:
        certificate = io.BytesIO()
        np.savez(certificate, **proof.certificate)
        replace_file(directory, CERTIFICATE, certificate.getvalue())
    elif _is_for_another_network(Path(directory, CERTIFICATE), weights, resolution):
        Path(directory, CERTIFICATE).unlink()
        print(f"\nRemoved {Path(directory, CERTIFICATE)}, which was for another network.")
    picture = as_png(proof_figure, weights, resolution, proof)
    if picture is not None:
        replace_file(directory, FIGURE, picture)
        print(f"\nPicture: {Path(directory, FIGURE)}")


def _is_for_another_network(path, weights, resolution):
    """Whether there is a certificate, and it does not hold for these weights."""
    try:
        verify(read_certificate(path), weights, resolution)
    except RefusedError:
        return True
    except OSError:  # There is none, or it can't be read.
        pass
    return False


def _parse(argv):
    parser = Parser(
        prog=COMMAND,
        description="Prove that a trained network adds every pair of numbers correctly at every "
        "length, or find the smallest sum that it gets wrong.",
        epilog="The exit status is 0 if it is proved, 1 if it is refuted, 3 if it is "
        "undecided, and 2 if an argument is wrong or no network can be read.",
    )
    add_source(parser)
    add_resolution(parser)
    parser.add_argument(
        "--challenge",
        action="store_true",
        help="if it is proved, test it all the same: on a million sums, half of them random, half "
        "repeating some columns, and on one of a million bits",
    )
    parser.add_argument(
        "--output-dir",
        metavar="DIR",
        help=f"where to write {CERTIFICATE}, if it is proved, and {FIGURE} (default: the directory "
        "of the run)",
    )
    options = vars(parser.parse_args(argv))
    source, resolution = options["from"], read_resolution(options)
    # A checkpoint of TensorFlow 1 is given by the name of its files.
    beside = source if os.path.isdir(source) else os.path.dirname(source) or "."
    directory = options["output_dir"]
    directory = beside if directory is None else directory
    return source, resolution, directory, options["challenge"]


def _in_words(proof, network):
    """Say what is known about a network; network: its name, in words."""
    if proof.verdict == PROVED:
        automaton = Automaton.of_certificate(proof.certificate)
        states, smallest = len(automaton.targets), len(automaton.minimised()[0].targets)
        balls = "states" if proof.certificate["resolution"] else "balls around states"
        return (
            f"proved: the {network} adds every pair correctly at every length\n\n"
            f"{states:,} {balls} hold whatever it can remember, and from each of them the four "
            f"pairs of bits\nlead to others. Minimised, they are {smallest}: the carry."
        )
    if proof.verdict == UNDECIDED:
        tried = "\n".join(f"- {what}" for what in proof.tried)
        return f"undecided: found no wrong sum of the {network}, and no proof\n\nTried:\n{tried}"
    wrong = proof.wrong_sum
    name = "the smallest wrong sum" if proof.is_smallest else "the smallest wrong sum found"
    sum_ = f"{_shown(wrong.a)} + {_shown(wrong.b)}, on {wrong.num_bits:,} bits"
    lines = [
        f"refuted: {name} of the {network} is {sum_}",
        "",
        _columns(wrong, proof.answer),
        "",
    ]
    if proof.is_smallest:
        lines.append("It is the smallest: all before it were tried, and are right.")
    elif proof.has_fewest_bits:
        lines.append("None has fewer bits, but a smaller one may have as many.")
    else:
        lines.append(
            f"All sums of up to {proof.right_bits:,} bits are right; a smaller wrong one may lie "
            "in between."
        )
    return "\n".join(lines)


def _shown(number):
    return write_integer(number) if number.bit_length() <= 128 else hex(number)


def _columns(wrong, answer):
    """The sum in columns; for a long one, the highest."""
    lines = show_sum(wrong.a, wrong.b, answer, wrong.num_bits).splitlines()
    if wrong.num_bits <= COLUMNS_SHOWN:
        return "\n".join(lines)
    # Labels take the first eleven characters, and every column two.
    end = 11 + 2 * COLUMNS_SHOWN
    return "\n".join(line[:end].rstrip() + (" ..." if line[end:] else "") for line in lines)
