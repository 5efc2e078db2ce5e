"""Draw the pictures of the study from the numbers in docs/study.

    python examples/study_pictures.py

saves ablation.png, cells.png and sizes.png in docs. The fourth, study.png, needs the results at
every length, which `python -m gru_addition study` draws and saves.
"""

import csv
import os
from pathlib import Path

from matplotlib.patches import Patch

from gru_addition.study.pictures import DOTS_PER_INCH, VERDICTS, WIDTH, selections_figure
from gru_addition.support.pictures import new_figure

DOCS = Path(__file__).parents[1] / "docs"


def verdicts_of(group):
    """Return how many networks of each recipe of a group are refuted, undecided and proved."""
    counts = {}
    with open(DOCS / "study" / f"{group}.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            verdict = row["measure"].removesuffix(" share")
            if row["test"] == "proof" and verdict in VERDICTS:
                of_recipe = counts.setdefault(row["recipe"], {})
                of_recipe[verdict] = round(float(row["mean"]) * int(row["seeds"]))
                of_recipe["networks"] = int(row["seeds"])
    for of_recipe in counts.values():
        decided = of_recipe["refuted"] + of_recipe["proved"]
        of_recipe["undecided"] = of_recipe.pop("networks") - decided
    return counts


def changes_figure(group):
    """Draw the verdicts of a group whose recipes combine changes; return a figure."""
    rows = []
    for recipe, counts in verdicts_of(group).items():
        verdicts = [verdict for verdict, count in counts.items() for _ in range(count)]
        rows += [(recipe, seed, "proof", None, "verdict", v) for seed, v in enumerate(verdicts)]
    return selections_figure(rows)


def sizes_figure():
    """Draw the verdicts of the networks of each number of units; return a figure."""
    figure = new_figure(WIDTH, 2.5, DOTS_PER_INCH)
    axes = figure.add_subplot(xlabel="units", ylabel="networks")
    for recipe, counts in verdicts_of("sizes").items():
        units, below = int(recipe.split()[0]), 0
        for verdict in ("proved", "undecided", "refuted"):
            axes.bar(units, counts[verdict], 0.8, below, color=VERDICTS[verdict], edgecolor="white")
            below += counts[verdict]
    axes.set(xticks=range(1, 17), yticks=range(0, 33, 8), xlim=(0.4, 16.6), ylim=(0, 32.5))
    axes.spines[["top", "right"]].set_visible(False)
    handles = [Patch(facecolor=color, label=verdict) for verdict, color in VERDICTS.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return figure


def main():
    """Draw and save all pictures."""
    figures = {group: changes_figure(group) for group in ("ablation", "cells")}
    for name, figure in (figures | {"sizes": sizes_figure()}).items():
        figure.savefig(DOCS / f"{name}.png")
        print(f"Picture: {os.path.relpath(DOCS / f'{name}.png')}")


if __name__ == "__main__":
    main()
