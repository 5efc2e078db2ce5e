"""How a state moves while there is nothing to do but remember: drift, switches and dials."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from gru_addition.inside.portraits import CARRY, NO_CARRY
from gru_addition.inside.traces import follow
from gru_addition.support.pictures import new_figure

COLUMNS, IMAGINED_COLUMNS = 150, 90
# Mixtures of a state without a carry and one with it: the share of the second.
SHARES = np.linspace(0, 1, 11)
# How many of the units are told apart, and the size of the errors of the imagined memories.
MOST_NAMED, ERROR = 4, 0.01
STYLES = [("tab:green", "-"), ("tab:purple", "--"), ("tab:brown", "-."), ("tab:pink", ":")]
# What three imagined memories make of a value between 0, no carry, and 1, carry.
MEMORIES = {
    "dial: errors add up": lambda value: value,
    "worn switch: one position slips": lambda value: (
        value + 0.7 * value * (1 - value) * (value - 0.5) + 0.038
    ),
    "switch: errors are undone": lambda value: value**2 * (3 - 2 * value),
}


def draw_units(axes, network):
    """Draw the units of the state after 1+1 and then columns of 1+0, which keep the carry.

    The units that move most after the tenth column are named.
    """
    states = follow(network, np.array([[[1, 1]] + [[1, 0]] * COLUMNS]))[0]
    moves = np.ptp(states[10:], axis=0)
    named = [unit for unit in moves.argsort()[::-1][:MOST_NAMED] if moves[unit] > 0.02]
    for unit in range(network.state_size):
        if unit not in named:
            axes.plot(states[:, unit], color="0.6", linewidth=0.8)
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
    _draw_lines(axes, outputs)
    axes.set(xlabel="column of 1+0", ylim=(-0.25, 1.3))


def memories_figure():
    """Draw what three imagined memories make of the same mixtures and errors; return a figure."""
    figure = new_figure(8, 2.7, 100)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (name, step) in zip(panels, MEMORIES.items(), strict=True):
        random_state = np.random.RandomState(0)
        values = [SHARES]
        for _ in range(IMAGINED_COLUMNS):
            errors = ERROR * random_state.standard_normal(len(SHARES))
            values.append(np.clip(step(values[-1]) + errors, 0, 1))
        _draw_lines(axes, np.transpose(values))
        axes.set_title(name, fontsize="small")
        axes.set_xlabel("column")
    # As in an output after 1+0: no carry is above.
    panels[0].invert_yaxis()
    panels[0].set(ylabel="what is remembered", yticks=[0, 1], yticklabels=["no carry", "carry"])
    return figure


def _draw_lines(axes, lines):
    """Draw a line for each mixture, from blue for no carry to orange for carry."""
    colors = LinearSegmentedColormap.from_list("", [NO_CARRY, CARRY])(SHARES)
    for line, color, share in zip(lines, colors, SHARES, strict=True):
        width = 2 if share in (0, 1) else 1
        label = {0: "no carry", 0.5: "half and half", 1: "carry"}.get(share)
        axes.plot(range(1, len(line) + 1), line, color=color, linewidth=width, label=label)
