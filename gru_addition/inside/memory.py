"""How a state moves while there is nothing to do but remember: drift, switches and dials."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from gru_addition.inside.portraits import CARRY, NO_CARRY
from gru_addition.inside.traces import follow

COLUMNS = 150
# Mixtures of a state without a carry and one with it: the share of the second.
SHARES = np.linspace(0, 1, 11)
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


def draw_mixtures(axes, network):
    """Draw the outputs over columns of 1+0 that follow on mixtures of no carry and carry."""
    before = np.array([[[0, 0]] * 4, [[1, 1]] * 4])
    no_carry, carry = follow(network, before)[:, -1]
    h = no_carry + SHARES[:, np.newaxis] * (carry - no_carry)
    outputs = network.output(follow(network, np.tile([1, 0], (len(h), COLUMNS, 1)), h))
    draw_mixed(axes, outputs)
    # Most mixtures settle in the first columns.
    axes.set(xscale="log", xlabel="column of 1+0", ylim=(-0.25, 1.3))


def draw_mixed(axes, lines):
    """Draw a line for each mixture, from blue for no carry to orange for carry."""
    colors = LinearSegmentedColormap.from_list("", [NO_CARRY, CARRY])(SHARES)
    for line, color, share in zip(lines, colors, SHARES, strict=True):
        width = 2 if share in (0, 1) else 1
        label = {0: "no carry", 0.5: "half and half", 1: "carry"}.get(share)
        axes.plot(range(1, len(line) + 1), line, color=color, linewidth=width, label=label)
