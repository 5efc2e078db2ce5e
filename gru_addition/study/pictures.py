"""What a study found, as pictures."""

import numpy as np

from gru_addition.study.recipes import RECIPES
from gru_addition.study.report import Results
from gru_addition.support.pictures import new_figure

# A README shows it about 830 pixels wide: 100 pixels an inch, at which its letters are legible.
WIDTH, DOTS_PER_INCH = 8.3, 144
# Three shades, for eyes that see no colours. Blue and orange are kept for the carry.
VERDICTS = {"refuted": "#CC79A7", "undecided": "0.85", "proved": "#00664B"}


def study_figure(rows):
    """Draw how the share of right sums falls with the length, and the verdicts, for each recipe.

    Returns a figure.
    """
    results = Results(rows)
    number = len(results.recipes)
    figure = new_figure(WIDTH, 1 + 0.72 * number, DOTS_PER_INCH)
    axes = figure.subplots(number, 3, squeeze=False, sharex="col", width_ratios=[4, 4, 5])
    for recipe, (random, structured, verdicts) in zip(results.recipes, axes, strict=True):
        by_length = [results.of_seeds(recipe, "random", "exact share", n) for n in results.lengths]
        _draw_shares(random, results.lengths, by_length)
        by_length = [results.structured(recipe, n) for n in results.lengths]
        _draw_shares(structured, results.lengths, by_length)
        structured.tick_params(labelleft=False)
        _draw_verdicts(verdicts, results.of_seeds(recipe, "proof", "verdict"))
        name = recipe.replace(" + ", "\n+ ")
        if "resolution" in RECIPES.get(recipe, {}):
            name += "\n(rounded)"
        random.set_ylabel(name, rotation=0, ha="right", va="center")
    titles = "random sums right", "structured sums right", "networks by verdict"
    for top, title in zip(axes[0], titles, strict=True):
        top.set_title(title, fontsize="medium")
    for bottom in axes[-1, :2]:
        bottom.set_xlabel("bits")
    figure.supxlabel("line: mean of the networks; shaded: nine tenths of them", fontsize="small")
    return figure


def _draw_shares(axes, lengths, shares):
    """Draw the mean of shares, (lengths, seeds), and the range of nine tenths of them."""
    low, high = np.quantile(shares, [0.05, 0.95], axis=1)
    axes.fill_between(lengths, low, high, color="0.85", linewidth=0)
    axes.plot(lengths, np.mean(shares, axis=1), ".-", color="black")
    axes.set_xscale("log")
    axes.set_ylim(-0.1, 1.1)
    axes.set_yticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.minorticks_off()
    axes.tick_params(labelsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)


def _draw_verdicts(axes, verdicts):
    """A bar of the networks, and above it their numbers in words, in the same order."""
    counts = {verdict: verdicts.count(verdict) for verdict in VERDICTS}
    left = 0
    for verdict, count in counts.items():
        axes.barh(0.35, count, 0.3, left, color=VERDICTS[verdict], edgecolor="white")
        left += count
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count > 0)
    axes.text(0, 0.58, words, fontsize="small")
    axes.set_xlim(0, left)
    axes.set_ylim(0, 1)
    axes.set_axis_off()


def selections_figure(rows):
    """Draw the verdicts for recipes that combine changes, named like "tutorial + rate + penalty".

    What the names begin with stands side by side; dots show which changes a row has. Returns a
    figure.
    """
    results = Results(rows)
    split = {recipe: tuple(recipe.split(" + ")) for recipe in results.recipes}
    bases = list(dict.fromkeys(base for base, *_ in split.values()))
    selections = list(dict.fromkeys(names[1:] for names in split.values()))
    changes = list(dict.fromkeys(change for selection in selections for change in selection))
    figure = new_figure(WIDTH, 0.7 + 0.45 * len(selections), DOTS_PER_INCH)
    axes = figure.subplots(
        len(selections), 1 + len(bases), squeeze=False, width_ratios=[2.4, *[4] * len(bases)]
    )
    for selection, (dots, *bars) in zip(selections, axes, strict=True):
        for place, change in enumerate(changes):
            face = "black" if change in selection else "white"
            dots.plot(place, 0.35, "o", color="black", markerfacecolor=face, markersize=9)
        dots.set_xlim(-0.6, max(1, len(changes)) - 0.4)
        dots.set_ylim(0, 1)
        for base, bar in zip(bases, bars, strict=True):
            recipe = " + ".join([base, *selection])
            if recipe in split:
                _draw_verdicts(bar, results.of_seeds(recipe, "proof", "verdict"))
    for place, change in enumerate(changes):
        axes[0, 0].text(place, 1.0, change, ha="center", fontsize="x-small")
    for base, top in zip(bases, axes[0, 1:], strict=True):
        top.set_title(base, fontsize="medium")
    for panel in axes.ravel():
        panel.set_axis_off()
    return figure
