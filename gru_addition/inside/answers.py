"""Pictures of which sums a network gets right: by length, and all sums of a few bits."""

import numpy as np
from matplotlib.colors import ListedColormap

from gru_addition.inside.portraits import WRONG

RIGHT = "gainsboro"
STYLES = {
    "random": {"color": "black", "linewidth": 2.5},
    "with runs": {"color": "tab:purple", "linestyle": "--", "linewidth": 2},
}


def draw_shares(axes, first_wrong, longest=None):
    """Draw the share of right sums against their length.

    first_wrong: the first wrong column of each sum, by kind of sum, "random" or "with runs".
    longest: the greatest length; by default, up to which a sum is right.
    """
    longest = longest or max(first.max() for first in first_wrong.values())
    lengths = np.arange(1, longest + 1)
    for kind, first in first_wrong.items():
        shares = (first >= lengths[:, np.newaxis]).mean(axis=1)
        axes.plot(lengths, shares, label=kind, **STYLES[kind])
    axes.set(
        xscale="log", ylim=(-0.03, 1.03), xlabel="length in bits", ylabel="share that is right"
    )
    axes.grid(alpha=0.3)


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
