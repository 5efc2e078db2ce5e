"""A picture of how a state moves while there is nothing to do but remember."""

import numpy as np

from gru_addition.inside.traces import follow

COLUMNS = 150
# The units that move most are told apart.
STYLES = [("tab:green", "-"), ("tab:purple", "--"), ("tab:brown", "-."), ("tab:pink", ":")]


def draw_units(axes, network):
    """Draw the units of the state after 1+1 and then columns of 1+0, which keep the carry.

    The units that move most after the tenth column are named.
    """
    states = follow(network, np.array([[[1, 1]] + [[1, 0]] * COLUMNS]))[0]
    moves = np.ptp(states[10:], axis=0)
    named = [unit for unit in moves.argsort()[::-1][: len(STYLES)] if moves[unit] > 0.02]
    axes.plot(np.delete(states, named, axis=1), color="0.6", linewidth=0.8)
    for unit, (color, line) in zip(named, STYLES, strict=False):
        axes.plot(states[:, unit], line, color=color, linewidth=2, label=f"unit {unit}")
    axes.set(xlabel="column (1+1, then 1+0)", ylim=(-1.05, 1.05))
    if named:
        axes.legend(
            loc="upper left", bbox_to_anchor=(0, 1.25), ncols=2, fontsize="small", frameon=False
        )
