"""Why does the default network get 12 + 13 wrong? An explanation, tested by an experiment.

    python examples/why_12_plus_13.py

The error is in column 3, where both numbers have a one, after 1 + 1 in column 2 has made a carry.
Of the sums that the tutorial may draw, only those of two numbers from 12 to 14 have 1 + 1 in both
columns, and the training set happens to hold none of them. If that is why, one such sum in the
training set should mend the network, and most other sums should not.

So this puts each sum that the training set lacks, one at a time, in the place of one that stands
there twice, and trains again: 151 networks, in about ten minutes.
"""

import sys

import numpy as np

from gru_addition import prepare_process
from gru_addition.cells.network import Network
from gru_addition.config import Config
from gru_addition.dataset import add_columns, encode_pairs, generate_batch

PAIRS = [(a, b) for a in range(15) for b in range(15)]


def outputs(weights, pairs):
    """A network's output for these pairs, (pairs, 5), and the right bits."""
    network, x = Network(weights), encode_pairs(pairs, 5).astype(int)
    h, columns = np.zeros((len(pairs), network.state_size)), []
    for pair in (x @ [2, 1]).T:
        h = network.steps(h)[np.arange(len(pairs)), pair]
        columns.append(network.output(h))
    return np.stack(columns, axis=1), add_columns(x)[..., 0]


def wrong_sums(weights):
    """The pairs that a network gets wrong, of all that the tutorial may draw."""
    output, bits = outputs(weights, PAIRS)
    return [pair for pair, wrong in zip(PAIRS, ((output > 0.5) != bits).any(axis=1)) if wrong]


def has_it(a, b):
    """Whether there is 1 + 1 in the columns 2 and 3."""
    return a & b & 0b1100 == 0b1100


def show_outputs(weights):
    """Print the output in column 3 for all sums with 1 + 1 and a carry there."""
    pairs = [(a, b) for a in range(8, 16) for b in range(8, 16) if a % 8 + b % 8 > 7]
    output = outputs(weights, pairs)[0][:, 3]
    made = np.array([has_it(*pair) for pair in pairs])
    for name, found in ("made by 1 + 1 in column 2", output[made]), ("passed on", output[~made]):
        span = f"output {found.min():.2f} to {found.max():.2f}, {sum(found < 0.5)} wrong"
        print(f"1 + 1 and a carry in column 3, {name}: {len(found)} sums, {span}")


def main(pairs=PAIRS):
    """Try each of these pairs that the training set lacks, and print what becomes of 12 + 13."""
    from gru_addition.engines.program import Program
    from gru_addition.train import train

    random_state = np.random.RandomState(Config().seed)
    x, y = generate_batch(5, 100, random_state)
    data, program = (x, y, *generate_batch(5, 100, random_state)), Program(Config())
    numbers = [tuple(pair) for pair in (2 ** np.arange(5) @ x.astype(int)).tolist()]
    twice = next(i for i, pair in enumerate(numbers) if pair in numbers[:i])
    show_outputs(train(data=data, program=program).weights)
    # How many networks there are, how many get 12 + 13 right, and how many get all sums right.
    counts = {True: np.zeros(3, int), False: np.zeros(3, int)}
    for pair in [pair for pair in pairs if pair not in numbers]:
        x[twice] = encode_pairs([pair], 5)[0]
        y[twice] = add_columns(x[twice : twice + 1].astype(int))[0]
        wrong = wrong_sums(train(data=data, program=program).weights)
        counts[has_it(*pair)] += 1, (12, 13) not in wrong, not wrong
        print(f"{pair[0]} + {pair[1]}: {len(wrong)} wrong sums", file=sys.stderr)
    for key, name in (True, "with 1 + 1 in columns 2 and 3"), (False, "other sums"):
        number, mended, perfect = counts[key]
        print(f"{name}: {number} networks, {mended} get 12 + 13 right, {perfect} all 225 sums")


if __name__ == "__main__":
    prepare_process()
    main()
