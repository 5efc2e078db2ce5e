"""A network of two units that is proved to add, small enough to check by hand.

    python examples/two_units.py
    python examples/two_units.py 0 1 2 3          other seeds, and only how few decimals will do

This trains a GRU of two units, rounds its 33 weights to as few decimals as a proof allows, and
shortens the numbers of the certificate too. It prints all of them, and one step of the network that
you can check with a calculator. The picture shows what each pair of bits does to every state. It
takes about a minute.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from gru_addition import prepare_process
from gru_addition.cells.kind import sigmoid
from gru_addition.cells.network import A, B, Network
from gru_addition.config import Config
from gru_addition.inside.portraits import PAIRS
from gru_addition.prove.cover import gaps_of, stretch
from gru_addition.verify import RefusedError, verify

CONFIG = Config(
    hidden_size=2,
    num_bits=12,
    fresh_batches=True,
    jacobian_penalty=0.01,
    learning_rate=0.01,
    iterations=30_000,
    seed=8,
)
FIGURE = Path("runs/two_units.png")
# The step that is shown: the ball it begins in, and the pair of bits, 0 to 3 for 0+0 to 1+1.
BALL, PAIR = 3, 3


def rounded_weights(weights, decimals):
    """The weights with as many decimals."""
    # Adding zero turns -0.0 into 0.0.
    return {name: np.round(weight, decimals) + 0.0 for name, weight in weights.items()}


def shortened(certificate, weights):
    """A certificate with as few decimals in its states and radii as the checker accepts."""
    for decimals in range(1, 16):
        states = np.round(certificate["states"], decimals) + 0.0
        radii = np.ceil(certificate["radii"] * 10**decimals) / 10**decimals
        short = certificate | {"states": states, "radii": radii}
        try:
            verify(short, weights)
        except RefusedError:
            continue
        return short
    return certificate


def show_certificate(certificate):
    """Print the balls, and the ball to which each pair of bits leads from each."""
    print("ball         state   radius  carry  bit  " + "  ".join(f"{pair:>3}" for pair in PAIRS))
    columns = ("states", "radii", "memories", "bits", "targets")
    rows = zip(*(certificate[name].tolist() for name in columns), strict=True)
    for number, (state, radius, carry, bit, targets) in enumerate(rows):
        place = ", ".join(f"{x:g}" for x in state)
        bit = "-" if number == 0 else bit
        after = "  ".join(f"{target:3}" for target in targets)
        print(f"{number:4}  {place:>12}  {radius:7g}  {carry:5}  {bit:>3}  {after}")


def show_step(certificate, weights):
    """Print the step from the centre of a ball, number by number."""
    network, w = Network(weights), weights
    x, h = np.array([A[PAIR], B[PAIR]]), certificate["states"][BALL]

    def show(name, gate, state, function):
        """Print and return a gate, or the candidate."""
        terms = [x @ w["W" + gate], *(state[:, np.newaxis] * w["U" + gate]), w["b" + gate]]
        values = function(np.sum(terms, axis=0))
        for unit, value in enumerate(values):
            written = " ".join(f"{term[unit]:+.3f}" for term in terms)
            total = sum(term[unit] for term in terms)
            print(f"{name}_{unit} = {function.__name__}({written}) = {function.__name__}"
                  f"({total:.3f}) = {value:.4f}")  # fmt: skip
        return values

    print(f"From ({h[0]:g}, {h[1]:g}) with {PAIRS[PAIR]}. Each line adds x W, h_0 U_0, h_1 U_1, b.")
    z = show("z", "z", h, sigmoid)
    r = show("r", "r", h, sigmoid)
    candidate = show("candidate", "h", r * h, np.tanh)
    after = h + z * (candidate - h)
    for unit in range(2):
        print(f"h_{unit} = {h[unit]:g} + {z[unit]:.4f} ({candidate[unit]:.4f} - {h[unit]:g})"
              f" = {after[unit]:.4f}")  # fmt: skip
    target = certificate["targets"][BALL, PAIR]
    gap = gaps_of(network, certificate["states"], certificate["targets"], np.eye(2))[BALL, PAIR]
    bound = stretch(network, certificate["states"], certificate["radii"])[BALL, PAIR]
    radii = certificate["radii"]
    reach = bound * radii[BALL] + gap
    print(f"It ends {gap:.4f} from the centre of ball {target}. In ball {BALL}, a step stretches "
          f"differences\nby at most {bound:.2f}. So it leads from anywhere in ball {BALL} into "
          f"ball {target}:\n{bound:.2f} * {radii[BALL]:g} + {gap:.4f} = {reach:.4f}, "
          f"at most {radii[target]:g}.")  # fmt: skip
    output = network.output(after)
    print(f"The output is {' '.join(f'{t:+.3f}' for t in after * w['W_output'][:, 0])} "
          f"{w['b_output'][0]:+g} = {output:.3f}, so the bit is {int(output > 0.5)}.")  # fmt: skip


def main(config=CONFIG, is_shown=True):
    """Train, round and prove; then print and draw, if it is to be shown."""
    from gru_addition.inside.phase import phase_figure
    from gru_addition.inside.traces import Trace
    from gru_addition.prove import PROVED, prove
    from gru_addition.train import train

    print("Training takes about half a minute.", file=sys.stderr)
    trained = train(config).weights
    print(f"as trained: {prove(trained).verdict}")
    for decimals in range(16):
        weights = rounded_weights(trained, decimals)
        proof = prove(weights)
        wrong = proof.wrong_sum
        reason = "" if wrong is None else f", {wrong.a} + {wrong.b} is wrong"
        print(f"weights rounded to {10**-decimals:g}: {proof.verdict}{reason}", flush=True)
        if proof.verdict == PROVED:
            break
    else:
        raise SystemExit("This network is not proved, so there is no certificate to show.")
    if not is_shown:
        return
    print(f"\nIts {sum(weight.size for weight in weights.values())} weights:")
    for name, weight in weights.items():
        print(f"{name} = {weight.tolist()}")
    certificate = shortened(proof.certificate, weights)
    print("\nIts certificate, which the checker accepts:")
    show_certificate(certificate)
    print("\nOne step, to check by hand:")
    show_step(certificate, weights)
    FIGURE.parent.mkdir(exist_ok=True)
    trace = Trace.of_sum(weights, 13, 12, 5)
    phase_figure(Network(weights), certificate, trace).savefig(FIGURE)
    print(f"\nPicture: {FIGURE}")


if __name__ == "__main__":
    prepare_process()
    if not sys.argv[1:]:
        main()
    for seed in sys.argv[1:]:
        print(f"seed {seed}")
        main(replace(CONFIG, seed=int(seed)), is_shown=False)
