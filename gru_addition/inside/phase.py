"""A network of two units: what each pair of bits does to every state, and to a ball of the proof.

The state of such a network is a point in the plane, so nothing is projected. A pair of bits maps
the plane to itself, and a sum applies these maps one after the other. Fed the same pair for ever,
a state ends in a fixed point; the states that end in the same one are its basin (Sussillo and Barak
2013 look for such points in larger networks).
"""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch
from scipy.optimize import fsolve
from scipy.spatial import KDTree

from gru_addition.inside.portraits import CARRY, NO_CARRY, PAIRS, ball
from gru_addition.support.pictures import new_figure

ARROWS, SHADES, STEPS_TO_REST = 12, 120, 60
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1}
# What a pair of bits does, by the carries that it leads to.
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
    slopes = network.jacobians(found).reshape(-1, 4, 2, 2)[:, pair]
    return found, abs(np.linalg.eigvals(slopes)).max(axis=-1) < 1


def phase_figure(network, certificate, trace):
    """Draw the maps of the four pairs of bits, for a network of two units with a certificate.

    certificate: that of its proof; its balls are numbered as there.
    trace: the `gru_addition.inside.traces.Trace` of a sum to draw.

    Returns a figure.
    """
    figure = new_figure(8.3, 7.2, 144)
    for pair, axes in enumerate(figure.subplots(2, 2, sharex=True, sharey=True).flat):
        _draw_map(axes, network, pair, certificate)
        _draw_path(axes, trace, pair)
        axes.set(xlabel="unit 0 of the state", ylabel="unit 1")
        axes.label_outer()
    dot = {"linestyle": "", "markersize": 8}
    keys = {
        "direction of a step": Line2D([], [], marker=r"$\to$", color="0.45", **dot),
        "fixed point": Line2D([], [], marker="s", color="black", **dot),
        "unstable fixed point": Line2D([], [], marker="s", color="black", mfc="white", **dot),
        "leads to no carry": Patch(color=NO_CARRY, alpha=0.3),
        "leads to carry": Patch(color=CARRY, alpha=0.3),
        "ball of the certificate": Line2D([], [], marker="o", color="0.3", **dot),
        "a sum": Line2D([], [], color="black", linewidth=2),
    }
    figure.legend(keys.values(), keys, loc="outside lower center", ncols=4, fontsize="small")
    return figure


def states_in_ball(centre, radius, number, random_state):
    """Draw states from a ball in the plane, evenly; (number, 2)."""
    directions = random_state.standard_normal((number, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return centre + radius * random_state.random_sample((number, 1)) ** 0.5 * directions


def ball_step_figure(network, certificate, number, states):
    """Draw states of a ball, and below it where each pair of bits takes them.

    network: a `cells.network.Network` of two units. certificate: that of its proof, with balls in
    the Euclidean norm. number: that of the ball. states: (n, 2). All panels have the same size and
    the same scale.

    Returns a figure.
    """
    figure = new_figure(8, 4.2, 100)
    above, *below = figure.subplot_mosaic([list("...aa..."), list("00112233")]).values()
    _draw_states(above, certificate, number, states)
    above.set_title(f"{len(states):,} states in ball {number}", fontsize="medium")
    after = network.steps(states)
    for pair, axes in enumerate(below):
        target = certificate["targets"][number, pair]
        _draw_states(axes, certificate, target, after[:, pair])
        axes.set_title(f"{PAIRS[pair]}: in ball {target}", fontsize="medium")
    return figure


def _draw_map(axes, network, pair, certificate):
    """Draw what a pair of bits, 0 to 3 for 0+0 to 1+1, does to the states of a network."""
    centres, carries = certificate["states"], certificate["memories"]
    margin = np.maximum(0.2 * np.ptp(centres, axis=0), 0.1)
    low, high = centres.min(axis=0) - margin, centres.max(axis=0) + margin
    (left, bottom), (right, top) = low, high
    places = rest = _grid(low, high, SHADES)
    for _ in range(STEPS_TO_REST):
        rest = network.steps(rest)[:, pair]
    # The start, ball 0, is no place of rest.
    _, nearest = KDTree(centres[1:]).query(rest)
    basins = carries[1:][nearest]
    axes.contourf(
        basins.reshape(SHADES, SHADES), [-0.5, 0.5, 1.5], colors=[NO_CARRY, CARRY], alpha=0.15,
        extent=(left, right, bottom, top),
    )  # fmt: skip
    for carry in np.unique(basins):
        middle, name = places[basins == carry].mean(axis=0), ("no carry", "carry")[carry]
        axes.text(*middle, name, ha="center", va="center", bbox=BEHIND_TEXT, zorder=2)
    starts = _grid(low, high, ARROWS)
    moves = (network.steps(starts)[:, pair] - starts) / (high - low)
    lengths = np.maximum(np.linalg.norm(moves, axis=1), 1e-9)
    moves *= (np.minimum(lengths, 0.055) / lengths)[:, np.newaxis] * (high - low)
    axes.quiver(
        *starts.T, *moves.T, angles="xy", scale_units="xy", scale=1, color="0.55", width=0.004
    )
    changes = np.linalg.inv(certificate["norm"])
    balls = zip(centres, certificate["radii"], carries, strict=True)
    for number, (centre, radius, carry) in enumerate(balls):
        color = (NO_CARRY, CARRY)[carry]
        axes.add_patch(ball(centre, radius, changes, color=color, zorder=3))
        # A dot, because the ball itself may be too small to be seen.
        axes.plot(*centre, "o", color=color, markersize=6, markeredgecolor="white", zorder=3)
        axes.annotate(
            f"{number}", centre, xytext=(9, 0), textcoords="offset points", va="center",
            fontweight="bold", zorder=6,
        )  # fmt: skip
    points, are_stable = fixed_points(network, pair)
    axes.plot(*points[are_stable].T, "s", color="black", markersize=6, zorder=4)
    axes.plot(*points[~are_stable].T, "s", color="black", markerfacecolor="white", zorder=4)
    effect = EFFECTS[tuple(np.unique(basins).tolist())]
    axes.set(title=f"{PAIRS[pair]} {effect}", xlim=(left, right), ylim=(bottom, top))


def _grid(low, high, size):
    """Points of a rectangle, (size * size, 2)."""
    lines = np.linspace(low, high, size).T
    return np.stack(np.meshgrid(*lines), axis=-1).reshape(-1, 2)


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


def _draw_states(axes, certificate, number, states):
    """Draw one ball with its number, and states."""
    (x, y), radius = certificate["states"][number], certificate["radii"][number]
    color = (NO_CARRY, CARRY)[certificate["memories"][number]]
    axes.add_patch(Circle((x, y), radius, color=color, alpha=0.3))
    axes.scatter(*states.T, s=1.5, color="black", linewidths=0, zorder=2)
    axes.text(x + 0.72 * radius, y + 0.72 * radius, f" {number}", fontweight="bold", va="bottom")
    reach = 1.25 * certificate["radii"].max()
    axes.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), aspect="equal")
    axes.set(xlabel="unit 0", ylabel="unit 1")
    axes.locator_params(nbins=3)
    axes.tick_params(labelsize="small")
