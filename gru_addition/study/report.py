"""What a study found, as tables; `pictures` draws it."""

from collections import defaultdict
from functools import partial

import numpy as np
from scipy.stats import binomtest, bootstrap

from gru_addition.study.measure import OPEN_GATES

SUMMARY_COLUMNS = "recipe", "test", "num_bits", "measure", "seeds", "mean", "low", "high"
STRUCTURED = "carry all along", "alternating bits", "long run of zeros", "equal operands"
ONE_SUM = "1024 + 16"


class Results:
    """The rows of a study, looked up by what they measure.

    rows: as `gru_addition.study.study` returns them.
    """

    def __init__(self, rows):
        self._values = defaultdict(list)
        for recipe, _, test, num_bits, measure, value in rows:
            for length in {num_bits, None}:
                self._values[recipe, test, measure, length].append(value)
            if test == "training":
                # A loss is a sum over the bits, and recipes train on different numbers of them.
                self._values[recipe, test, f"{measure} per bit", None].append(value / num_bits)
        self.recipes = list(dict.fromkeys(row[0] for row in rows))
        self.lengths = sorted({row[3] for row in rows if row[2] == "random"})

    def of_seeds(self, recipe, test, measure, num_bits=None):
        """One value for each seed, in the order of the seeds.

        num_bits: the length, which may be left out where there is only one.
        """
        return self._values[recipe, test, measure, num_bits]

    def structured(self, recipe, num_bits):
        """The mean of the exact shares of the four kinds of structured pairs, for each seed."""
        kinds = [self.of_seeds(recipe, name, "exact share", num_bits) for name in STRUCTURED]
        return np.mean(kinds, axis=0)


def summary(rows, with_iterations=False):
    """Write the rows of a study as a table in Markdown, one line for each recipe.

    with_iterations: whether there is a column for the number of iterations to learn to add.

    Brackets hold 95% intervals: Wilson's for numbers of seeds, a bootstrap over the seeds for means
    of shares. `1.000 (all 32)` means that all 32 seeds have this share.
    """
    results = Results(rows)
    table = [_cells(results, recipe, with_iterations) for recipe in results.recipes]
    lines = [table[0], ["---"] * len(table[0]), *(cells.values() for cells in table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(results, recipe, with_iterations):
    """What the table says about a recipe, by the titles of the columns."""
    values = partial(results.of_seeds, recipe)
    shares = partial(values, measure="exact share")
    longest = results.lengths[-1]
    middle = min(results.lengths, key=lambda length: abs(length - 20))
    verdicts = values("proof", "verdict")
    cells = {"recipe": recipe, "seeds": f"{len(verdicts)}"}
    if with_iterations:
        iterations = values("training", "iterations to learn")
        cells["iterations to learn, median"] = _median(iterations, len(verdicts))
    losses = values("training", "validation loss per bit")
    return cells | {
        "validation loss per bit, median": f"{np.median(losses):.1e}",
        f"{ONE_SUM} right": _count(np.equal(shares(ONE_SUM), 1)),
        "0 to 249, exact": _mean(shares("0 to 249")),
        f"random, {middle} bits, exact": _mean(shares("random", num_bits=middle)),
        f"random, {longest:,} bits, exact": _mean(shares("random", num_bits=longest)),
        f"structured, {longest:,} bits, exact": _mean(results.structured(recipe, longest)),
        "wrong sum found": _count(np.equal(verdicts, "refuted")),
        "proved": _count(np.equal(verdicts, "proved")),
        "undecided": _count(np.equal(verdicts, "undecided")),
        "rounded to 1/4: proved": _count(np.equal(values("rounded proof", "verdict"), "proved")),
        "error allowed in sigmoid and tanh, median (least)": _error(
            values("proof", "function error allowed")
        ),
    }


def open_gates(rows):
    """Say, for each recipe, how many of the proved GRUs are still proved with gates at 1.

    Returns a table in Markdown, or "" if no GRU is proved.
    """
    results = Results(rows)
    lines = [["recipe", "proved", *OPEN_GATES], ["---"] * (2 + len(OPEN_GATES))]
    for recipe in results.recipes:
        again = [results.of_seeds(recipe, "proof", f"verdict with {name}") for name in OPEN_GATES]
        if again[0]:
            counts = [str(verdicts.count("proved")) for verdicts in again]
            lines.append([recipe, str(len(again[0])), *counts])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if lines[2:] else ""


def challenged(rows):
    """Say how many networks called proved have got a sum wrong since."""
    wrong = [row[-1] for row in rows if row[4] == "wrong in the challenge"]
    return f"Challenged with more sums: {np.count_nonzero(wrong)} of {len(wrong)} proofs fail."


def intervals(rows):
    """Return the mean of each share over the seeds, with its 95% interval.

    Rows of `SUMMARY_COLUMNS`, one for each recipe, test, length and measure. Low and high are None
    where all seeds have the same share.
    """
    shares = defaultdict(list)
    for recipe, _, test, num_bits, measure, value in rows:
        if measure.endswith("share"):
            shares[recipe, test, num_bits, measure].append(value)
    lines = []
    for (recipe, test, num_bits, measure), values in shares.items():
        # One sum is right or wrong, so this mean is a number of seeds.
        interval = _wilson if (test, measure) == (ONE_SUM, "exact share") else _bootstrap
        mean = float(np.mean(values))
        lines.append((recipe, test, num_bits, measure, len(values), mean, *interval(values)))
    return lines


def _wilson(successes):
    """Wilson's 95% interval for a probability, from a 0 or 1 for each seed."""
    result = binomtest(int(np.sum(successes)), len(successes))
    low, high = result.proportion_ci(method="wilson")
    return float(low), float(high)


def _bootstrap(shares):
    """A 95% interval for a mean over the seeds; None and None where all seeds agree.

    It is the bias-corrected and accelerated bootstrap (BCa; Efron 1987). For seeds that agree it
    would shrink to a point, as if no other seed could differ.
    """
    # Equal means differ in the last digit if they were summed in a different order.
    if np.ptp(shares) < 1e-9:
        return None, None
    # Without batches, 10,000 seeds would take gigabytes.
    low, high = bootstrap(
        [shares], np.mean, method="BCa", batch=1000, random_state=np.random.default_rng(0)
    ).confidence_interval
    return float(low), float(high)


def _mean(shares):
    low, high = _bootstrap(shares)
    spread = f"all {len(shares)}" if low is None else f"{low:.3f} to {high:.3f}"
    return f"{np.mean(shares):.3f} ({spread})"


def _median(iterations, seeds):
    """The median, and how many of the networks it is of: those that have learnt to add."""
    if not iterations:
        return "none learnt"
    number = f"all {seeds}" if len(iterations) == seeds else f"{len(iterations)} of {seeds}"
    return f"{np.median(iterations):,.0f} ({number})"


def _error(errors):
    return f"{np.median(errors):.1e} ({min(errors):.1e})" if errors else "none proved"


def _count(successes):
    low, high = _wilson(successes)
    return f"{np.sum(successes)} of {len(successes)} ({low:.0%} to {high:.0%})"
