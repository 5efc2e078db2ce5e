"""The phase portrait of a network of two units: what each pair of bits does to every state.

The state of such a network is a point in the plane, so nothing is projected. A pair of bits maps
the plane to itself, and a sum applies these maps one after the other. Fed the same pair for ever,
a state ends in a fixed point; the states that end in the same one are its basin (Sussillo and Barak
2013 look for such points in larger networks).
"""

import numpy as np
from scipy.optimize import fsolve

from gru_addition.inside.portraits import CARRY, NO_CARRY, PAIRS, ball
from gru_addition.proof.cover import jacobians
from gru_addition.support.pictures import new_figure

WIDTH, DOTS_PER_INCH = 8.3, 144
LIMIT, ARROWS, SHADES, STEPS_TO_REST = 1.15, 13, 80, 60


def fixed_points(network, pair):
    """Return the states that a pair of bits maps to themselves, (n, 2), and which are stable."""
    found = np.empty((0, 2))
    for start in _grid(9):
        point, _, is_solved, _ = fsolve(
            lambda h: network.steps(h[np.newaxis])[0, pair] - h, start, full_output=True
        )
        is_new = (np.linalg.norm(found - point, axis=1) > 1e-6).all()
        if is_solved == 1 and is_new and abs(point).max() <= LIMIT:
            found = np.vstack([found, point])
    slopes = jacobians(network, found).reshape(-1, 4, 2, 2)[:, pair]
    return found, abs(np.linalg.eigvals(slopes)).max(axis=-1) < 1


def phase_figure(network, certificate, trace=None):
    """Draw the maps of the four pairs of bits, for a network of two units with a certificate.

    certificate: that of its proof. trace: a `gru_addition.inside.traces.Trace` of a sum to draw.
    Returns a figure.
    """
    figure = new_figure(WIDTH, WIDTH, DOTS_PER_INCH)
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    for pair, axes in enumerate(panels):
        draw_phase(axes, network, pair, certificate)
        if trace is not None:
            _draw_path(axes, trace, pair)
    for axes in panels[2:]:
        axes.set_xlabel("unit 0 of the state")
    for axes in panels[::2]:
        axes.set_ylabel("unit 1")
    return figure


def draw_phase(axes, network, pair, certificate):
    """Draw what a pair of bits, 0 to 3 for 0+0 to 1+1, does to every state of a network."""
    points, are_stable = fixed_points(network, pair)
    carries = _carries_at(points, certificate)
    rest = _grid(SHADES)
    for _ in range(STEPS_TO_REST):
        rest = network.steps(rest)[:, pair]
    nearest = np.linalg.norm(rest[:, np.newaxis] - points, axis=-1).argmin(axis=1)
    basins = carries[nearest].reshape(SHADES, SHADES)
    extent = [-LIMIT, LIMIT, -LIMIT, LIMIT]
    axes.contourf(basins, [-0.5, 0.5, 1.5], colors=[NO_CARRY, CARRY], alpha=0.15, extent=extent)
    starts = _grid(ARROWS)
    moves = network.steps(starts)[:, pair] - starts
    lengths = np.maximum(np.linalg.norm(moves, axis=1), 1e-9)
    moves *= (np.minimum(lengths, 0.12) / lengths)[:, np.newaxis]
    axes.quiver(
        *starts.T, *moves.T, angles="xy", scale_units="xy", scale=1, color="0.45", width=0.004
    )
    c, changes = certificate, np.linalg.inv(certificate["norm"])
    for centre, radius, carry in zip(c["states"], c["radii"], c["carries"], strict=True):
        color = (NO_CARRY, CARRY)[carry]
        axes.add_patch(ball(centre, radius, changes, color=color, zorder=3))
        # A dot, because the ball itself may be too small to be seen.
        axes.plot(*centre, ".", color=color, markersize=9, markeredgecolor="white", zorder=3)
    axes.plot(*points[are_stable].T, "o", color="black", markersize=7, zorder=4)
    axes.plot(*points[~are_stable].T, "o", color="black", markerfacecolor="white", zorder=4)
    axes.set(title=PAIRS[pair], xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal")


def _grid(size):
    line = np.linspace(-LIMIT, LIMIT, size)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def _carries_at(points, certificate):
    """The carry that the nearest state of a certificate has, for each point."""
    states = certificate["states"][1:]
    nearest = np.linalg.norm(points[:, np.newaxis] - states, axis=-1).argmin(axis=1)
    return certificate["carries"][1:][nearest]


def _draw_path(axes, trace, pair):
    """Draw the steps of a sum that this pair of bits makes, with the number of the column."""
    states = np.vstack([np.zeros(2), trace.h])
    for column in np.flatnonzero(2 * trace.a + trace.b == pair):
        begin, end = states[column], states[column + 1]
        arrow = {"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", end, begin, arrowprops=arrow, zorder=5)
        axes.annotate(f"{column}", (begin + end) / 2, xytext=(3, 3), textcoords="offset points")
