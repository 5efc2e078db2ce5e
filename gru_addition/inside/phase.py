"""The phase portrait of a network of two units: what each pair of bits does to every state.

The state of such a network is a point in the plane, so nothing is projected. A pair of bits maps
the plane to itself, and a sum applies these maps one after the other. Fed the same pair for ever,
a state ends in a fixed point; the states that end in the same one are its basin (Sussillo and Barak
2013 look for such points in larger networks).
"""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.optimize import fsolve

from gru_addition.inside.portraits import CARRY, NO_CARRY, PAIRS, ball
from gru_addition.proof.cover import jacobians
from gru_addition.support.pictures import new_figure

WIDTH, HEIGHT, DOTS_PER_INCH = 8.3, 7.2, 144
ARROWS, SHADES, STEPS_TO_REST = 12, 120, 60
# No more balls than these are numbered.
MOST_NUMBERED = 6
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1}
# What a pair of bits does, by the carries of the fixed points that it leads to.
EFFECTS = {(0,): "clears the carry", (0, 1): "keeps the carry", (1,): "sets the carry"}


def fixed_points(network, pair):
    """Return the states that a pair of bits maps to themselves, (n, 2), and which are stable."""
    found = np.empty((0, 2))
    for start in _grid([-1, -1], [1, 1], 9):
        point, _, is_solved, _ = fsolve(
            lambda h: network.steps(h[np.newaxis])[0, pair] - h, start, full_output=True
        )
        is_new = (np.linalg.norm(found - point, axis=1) > 1e-6).all()
        if is_solved == 1 and is_new and abs(point).max() <= 1:
            found = np.vstack([found, point])
    slopes = jacobians(network, found).reshape(-1, 4, 2, 2)[:, pair]
    return found, abs(np.linalg.eigvals(slopes)).max(axis=-1) < 1


def phase_figure(network, certificate, trace=None):
    """Draw the maps of the four pairs of bits, for a network of two units with a certificate.

    certificate: that of its proof; its balls are numbered as there, if they are few.
    trace: a `gru_addition.inside.traces.Trace` of a sum to draw.

    Returns a figure.
    """
    figure = new_figure(WIDTH, HEIGHT, DOTS_PER_INCH)
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    for pair, axes in enumerate(panels):
        draw_phase(axes, network, pair, certificate)
        if trace is not None:
            _draw_path(axes, trace, pair)
    for axes in panels[2:]:
        axes.set_xlabel("unit 0 of the state")
    for axes in panels[::2]:
        axes.set_ylabel("unit 1")
    dot = {"linestyle": "", "markersize": 8}
    keys = {
        "direction of a step": Line2D([], [], marker=r"$\to$", color="0.45", **dot),
        "fixed point": Line2D([], [], marker="s", color="black", **dot),
        "unstable fixed point": Line2D([], [], marker="s", color="black", mfc="white", **dot),
        "leads to no carry": Patch(color=NO_CARRY, alpha=0.3),
        "leads to carry": Patch(color=CARRY, alpha=0.3),
        "ball of the certificate": Line2D([], [], marker="o", color="0.3", **dot),
    }
    if trace is not None:
        keys["a sum"] = Line2D([], [], color="black", linewidth=2)
    figure.legend(keys.values(), keys, loc="outside lower center", ncols=4, fontsize="small")
    return figure


def draw_phase(axes, network, pair, certificate):
    """Draw what a pair of bits, 0 to 3 for 0+0 to 1+1, does to the states of a network."""
    centres, carries = certificate["states"], certificate["carries"]
    margin = np.maximum(0.2 * np.ptp(centres, axis=0), 0.1)
    low, high = centres.min(axis=0) - margin, centres.max(axis=0) + margin
    points, are_stable = fixed_points(network, pair)
    carries_there = _nearest(points, centres[1:], carries[1:])
    places = _grid(low, high, SHADES)
    rest = places
    for _ in range(STEPS_TO_REST):
        rest = network.steps(rest)[:, pair]
    basins = _nearest(rest, points, carries_there)
    axes.contourf(
        basins.reshape(SHADES, SHADES), [-0.5, 0.5, 1.5], colors=[NO_CARRY, CARRY], alpha=0.15,
        extent=[low[0], high[0], low[1], high[1]],
    )  # fmt: skip
    for carry in np.unique(basins):
        middle = places[basins == carry].mean(axis=0)
        name = ("no carry", "carry")[carry]
        axes.text(*middle, name, ha="center", va="center", bbox=BEHIND_TEXT, zorder=2)
    starts = _grid(low, high, ARROWS)
    moves = (network.steps(starts)[:, pair] - starts) / (high - low)
    lengths = np.maximum(np.linalg.norm(moves, axis=1), 1e-9)
    moves *= (np.minimum(lengths, 0.055) / lengths)[:, np.newaxis] * (high - low)
    axes.quiver(
        *starts.T, *moves.T, angles="xy", scale_units="xy", scale=1, color="0.55", width=0.004
    )
    changes = np.linalg.inv(certificate["norm"])
    for number, (centre, radius) in enumerate(zip(centres, certificate["radii"], strict=True)):
        color = (NO_CARRY, CARRY)[carries[number]]
        axes.add_patch(ball(centre, radius, changes, color=color, zorder=3))
        # A dot, because the ball itself may be too small to be seen.
        axes.plot(*centre, "o", color=color, markersize=6, markeredgecolor="white", zorder=3)
        if len(centres) <= MOST_NUMBERED:
            axes.annotate(
                f"{number}", centre, xytext=(9, 0), textcoords="offset points", va="center",
                fontweight="bold", zorder=6,
            )  # fmt: skip
    axes.plot(*points[are_stable].T, "s", color="black", markersize=6, zorder=4)
    axes.plot(*points[~are_stable].T, "s", color="black", markerfacecolor="white", zorder=4)
    effect = EFFECTS.get(tuple(np.unique(carries_there[are_stable]).tolist()), "")
    axes.set(title=f"{PAIRS[pair]} {effect}", xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _grid(low, high, size):
    """Points of a rectangle, (size * size, 2)."""
    lines = np.linspace(low, high, size).T
    return np.stack(np.meshgrid(*lines), axis=-1).reshape(-1, 2)


def _nearest(points, places, values):
    """The value of the nearest place, for each point."""
    distances = np.linalg.norm(points[:, np.newaxis] - places, axis=-1)
    return np.asarray(values)[distances.argmin(axis=1)]


def _draw_path(axes, trace, pair):
    """Draw the steps of a sum that this pair of bits makes, with the number of the column."""
    states = np.vstack([np.zeros(2), trace.h])
    for column in np.flatnonzero(2 * trace.a + trace.b == pair):
        begin, end = states[column], states[column + 1]
        arrow = {"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", end, begin, arrowprops=arrow | {"linewidth": 1.5}, zorder=5)
        middle, is_right = (begin + end) / 2, begin[0] + end[0] > sum(axes.get_xlim())
        axes.annotate(
            f"column {column}", middle, xytext=(-8 if is_right else 8, 0), va="center",
            textcoords="offset points", ha="right" if is_right else "left", bbox=BEHIND_TEXT,
            zorder=6,
        )  # fmt: skip
