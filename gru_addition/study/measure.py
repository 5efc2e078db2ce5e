"""Measure what one network has learnt, and up to what length it adds correctly.

Each network is tested on random sums and on structured ones, of up to 2,000 bits; on all sums of
two numbers from 0 to 249; and on 1024 + 16. Then `gru_addition.prove` tries to prove it right or
refute it. What is proved is challenged with more sums all the same.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import islice
from threading import get_ident

import numpy as np

from gru_addition.add import Adder
from gru_addition.config import Config
from gru_addition.dataset import add_columns, encode_pairs
from gru_addition.prove import PROVED, prove
from gru_addition.prove.challenge import challenge, random_pairs, structured_pairs
from gru_addition.train import train

# Rounded proofs round the state to multiples of 1 / 4, whatever the recipe.
ROUNDED_TO = 4
LENGTHS = 5, 10, 20, 50, 100, 200, 500, 1000, 2000
RANDOM_PAIRS = 100
# A network counts as having learnt to add when its validation loss per bit is below this.
LEARNT = 0.01
# As many as are tested of the longest sums, so nothing is compiled anew.
CHALLENGE = {2000: 128}
# A proved GRU is judged again with these gates at 1.
OPEN_GATES = {"z = 1": "z", "r = 1": "r", "z = r = 1": "zr"}


# A process trains many networks of the same kind. Each thread of an executor needs its own.
@lru_cache(maxsize=8)
def _program(config, thread):
    from gru_addition.engines.program import Program

    return Program(config)


def run_seed(settings):
    """Train one network, and return its measurements.

    settings: those of a `gru_addition.config.Config`, as a dict.

    Each row holds test, num_bits, measure and value; the number of bits may be None.
    """
    config = Config(**settings)
    # Nothing that these change is in the graph.
    program = _program(replace(config, seed=0, iterations=1, resolution=None), get_ident())
    run = train(config, program=program)
    random_state = np.random.RandomState(config.seed)
    return [*_losses(run), *_shares(run.adder, random_state), *_verdicts(run, random_state)]


def _losses(run):
    """The rows about training."""
    history, num_bits = run.history, run.config.num_bits
    yield "training", num_bits, "train loss", float(history.train_losses[-1])
    yield "training", num_bits, "validation loss", float(history.validation_losses[-1])
    is_learnt = history.validation_losses < LEARNT * num_bits
    if is_learnt.any():
        yield "training", num_bits, "iterations to learn", int(is_learnt.argmax())


def _shares(adder, random_state):
    """The rows about sums: the share that is right, and the share of their bits."""
    groups = [(20, [("1024 + 16", [(1024, 16)])])]
    groups += [(9, [("0 to 249", [(a, b) for a in range(250) for b in range(250)])])]
    for num_bits in LENGTHS:
        random = "random", random_pairs(num_bits, RANDOM_PAIRS, random_state)
        groups += [(num_bits, [random, *structured_pairs(num_bits, random_state)])]
    for num_bits, tests in groups:
        # All sums of a length are asked together, and compared as bits: integers would be slower.
        x = encode_pairs([pair for _, pairs in tests for pair in pairs], num_bits)
        wrong_bits = iter(((adder.predict(x) > 0.5) != add_columns(x)).sum(axis=(1, 2)))
        for test, pairs in tests:
            wrong = list(islice(wrong_bits, len(pairs)))
            yield test, num_bits, "exact share", float(np.mean(np.equal(wrong, 0)))
            yield test, num_bits, "bit share", float(1 - np.mean(wrong) / num_bits)


def _verdicts(run, random_state):
    """The rows about proofs."""
    resolutions = {"proof": run.config.resolution, "rounded proof": ROUNDED_TO}
    # They may be the same.
    proofs = {resolution: prove(run.weights, resolution) for resolution in {*resolutions.values()}}
    for test, resolution in resolutions.items():
        proof = proofs[resolution]
        yield test, None, "verdict", proof.verdict
        if proof.wrong_sum is not None:
            yield test, None, "bits of the wrong sum", proof.wrong_sum.num_bits
        if proof.certificate is not None:
            yield test, None, "states", len(proof.certificate["states"])
            # The run's own has compiled what the longest sums need.
            is_used = resolution == run.config.resolution
            adder = run.adder if is_used else Adder.from_weights(run.weights, resolution)
            yield test, None, "wrong in the challenge", challenge(adder, random_state, CHALLENGE)
            yield test, None, "function error allowed", proof.function_error
    if proofs[run.config.resolution].verdict == PROVED and run.config.cell == "gru":
        for name, gates in OPEN_GATES.items():
            opened = prove(with_open_gates(run.weights, gates), run.config.resolution)
            yield "proof", None, f"verdict with {name}", opened.verdict


def with_open_gates(weights, gates):
    """The weights of a GRU whose gates with these letters are 1, to the last digit, whatever h."""
    opened = {kind + gate: np.zeros_like(weights[kind + gate]) for kind in "WU" for gate in gates}
    return weights | opened | {"b" + gate: np.full_like(weights["b" + gate], 40) for gate in gates}
