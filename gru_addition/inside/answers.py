"""A picture of which sums of a few bits a network gets right."""

import numpy as np
from matplotlib.colors import ListedColormap

from gru_addition.inside.portraits import WRONG

RIGHT = "gainsboro"


def draw_all_sums(axes, are_wrong, trained_on):
    """Draw each sum of two numbers as a square, and a dot on those that it was trained on.

    are_wrong: (n, n) for the sums of the numbers below n; NaN where a sum is not asked for.
    trained_on: pairs of numbers.
    """
    axes.pcolormesh(
        are_wrong.T, cmap=ListedColormap([RIGHT, WRONG]), edgecolors="white", linewidth=0.5
    )
    for a, b in np.argwhere(are_wrong == 1):
        axes.text(a + 0.5, b + 0.45, "\N{MULTIPLICATION SIGN}", ha="center", va="center")
    axes.scatter(*np.array(sorted(trained_on)).T + 0.5, s=14, color="black", label="trained on")
    axes.scatter([], [], s=50, marker="s", color=RIGHT, label="right")
    axes.scatter([], [], s=50, marker="s", color=WRONG, label="wrong (\N{MULTIPLICATION SIGN})")
    axes.set(xlabel="a", ylabel="b", aspect="equal")
    axes.legend(loc="upper right")
