"""What a study found, as a table and as pictures."""

from collections import defaultdict

import numpy as np

from gru_addition.support.pictures import new_figure

DOTS_PER_INCH = 144
SUMMARY_COLUMNS = "recipe", "test", "num_bits", "measure", "seeds", "mean", "low", "high"
VERDICTS = {"proved": "tab:green", "refuted": "tab:red", "undecided": "0.6"}
HARD = "carry all along", "alternating bits", "long run of zeros", "equal operands"


class Results:
    """The rows of a study, looked up by what they measure.

    rows: as `gru_addition.study.study` returns them.
    """

    def __init__(self, rows):
        self._values = defaultdict(list)
        self._lengths = set()
        for recipe, _, test, num_bits, measure, value in rows:
            self._values[recipe, test, measure, num_bits].append(value)
            if num_bits is not None:
                self._values[recipe, test, measure, None].append(value)
            if test == "random":
                self._lengths.add(num_bits)
        self.recipes = list(dict.fromkeys(row[0] for row in rows))
        self.lengths = sorted(self._lengths)

    def of_seeds(self, recipe, test, measure, num_bits=None):
        """One value for each seed, in the order of the seeds.

        num_bits: the length, which may be left out where there is only one.
        """
        return self._values[recipe, test, measure, num_bits]

    def hard(self, recipe, num_bits):
        """The mean of the exact shares of the four kinds of hard pairs, for each seed."""
        kinds = [self.of_seeds(recipe, name, "exact share", num_bits) for name in HARD]
        return np.mean(kinds, axis=0)


def summary(rows):
    """Write the rows of a study as a table in Markdown, one line for each recipe.

    Shares are means over the seeds. Behind them and behind numbers of seeds stand 95% intervals.
    """
    results = Results(rows)
    longest = results.lengths[-1]
    middle = min(results.lengths, key=lambda length: abs(length - 20))
    titles = [
        "recipe", "seeds", "validation loss, median", "1024 + 16 right", "0 to 249, exact",
        f"random, {middle} bits, exact", f"random, {longest:,} bits, exact",
        f"hard, {longest:,} bits, exact", "wrong sum found", "proved", "rounded to 1/4: proved",
    ]  # fmt: skip
    lines = [titles, ["---"] * len(titles)]
    for recipe in results.recipes:
        verdicts = results.of_seeds(recipe, "proof", "verdict")
        rounded = results.of_seeds(recipe, "rounded proof", "verdict")
        losses = results.of_seeds(recipe, "training", "validation loss")
        lines.append([
            recipe,
            f"{len(verdicts)}",
            f"{np.median(losses):.5f}",
            _count(np.equal(results.of_seeds(recipe, "1024 + 16", "exact share"), 1)),
            _mean(results.of_seeds(recipe, "0 to 249", "exact share")),
            _mean(results.of_seeds(recipe, "random", "exact share", middle)),
            _mean(results.of_seeds(recipe, "random", "exact share", longest)),
            _mean(results.hard(recipe, longest)),
            _count(np.equal(verdicts, "refuted")),
            _count(np.equal(verdicts, "proved")),
            _count(np.equal(rounded, "proved")),
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def study_figure(rows):
    """Draw the exact share against the length, and against the loss; one panel for each recipe.

    Returns a figure. Above, the means over the seeds, and in between which nine tenths of them lie;
    below, one point for each seed.
    """
    results = Results(rows)
    number, longest = len(results.recipes), results.lengths[-1]
    figure = new_figure(max(2.6 * number, 5), 5.4, DOTS_PER_INCH)
    axes = figure.subplots(2, number, squeeze=False, sharey="row", sharex="row")
    for recipe, (by_length, by_loss) in zip(results.recipes, axes.T, strict=True):
        by_length.set_title(recipe, fontsize="medium")
        _draw_lengths(by_length, results, recipe)
        _draw_losses(by_loss, results, recipe, longest)
    axes[0, 0].set_ylabel("share of sums that are right")
    axes[1, 0].set_ylabel(f"right of the hard sums\nof {longest:,} bits")
    axes[0, 0].legend(loc="lower left", fontsize="small")
    axes[1, 0].legend(loc="lower left", fontsize="small")
    return figure


def _draw_lengths(axes, results, recipe):
    kinds = {
        "random sums": lambda length: results.of_seeds(recipe, "random", "exact share", length),
        "hard sums": lambda length: results.hard(recipe, length),
    }
    for (name, shares_of), color in zip(kinds.items(), ("tab:blue", "tab:orange"), strict=True):
        shares = np.array([shares_of(length) for length in results.lengths])
        low, high = np.quantile(shares, [0.05, 0.95], axis=1)
        axes.fill_between(results.lengths, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(results.lengths, shares.mean(axis=1), ".-", color=color, label=name)
    axes.set_xscale("log")
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlabel("bits")
    axes.grid(alpha=0.3)


def _draw_losses(axes, results, recipe, longest):
    losses = np.array(results.of_seeds(recipe, "training", "validation loss"))
    verdicts = np.array(results.of_seeds(recipe, "proof", "verdict"))
    shares = results.hard(recipe, longest)
    for verdict, color in VERDICTS.items():
        chosen = verdicts == verdict
        axes.scatter(losses[chosen], shares[chosen], s=14, color=color, alpha=0.7, label=verdict)
    axes.set_xscale("log")
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlabel("validation loss")
    axes.grid(alpha=0.3)


def intervals(rows):
    """Return the mean of each measure of a share over the seeds, with its 95% interval.

    Rows of `SUMMARY_COLUMNS`, one for each recipe, test, length and measure.
    """
    shares = defaultdict(list)
    for recipe, _, test, num_bits, measure, value in rows:
        if measure.endswith("share"):
            shares[recipe, test, num_bits, measure].append(value)
    return [
        (*key, len(values), float(np.mean(values)), *_wilson(values))
        for key, values in shares.items()
    ]


def _wilson(shares):
    """Wilson's 95% interval for the mean, with as many trials as there are seeds.

    It is made for trials that are either 0 or 1. Shares in between vary less, so that for them it
    is on the safe side; and it does not shrink to a point where all seeds agree.
    """
    number, mean = len(shares), np.mean(shares)
    z2 = 1.96**2
    centre = (mean + z2 / (2 * number)) / (1 + z2 / number)
    half = np.sqrt(z2 * mean * (1 - mean) / number + (z2 / (2 * number)) ** 2) / (1 + z2 / number)
    return float(max(0, centre - half)), float(min(1, centre + half))


def _mean(shares):
    low, high = _wilson(shares)
    return f"{np.mean(shares):.3f} ({low:.3f} to {high:.3f})"


def _count(successes):
    low, high = _wilson(successes)
    return f"{np.sum(successes)} of {len(successes)} ({low:.0%} to {high:.0%})"
