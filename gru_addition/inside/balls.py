"""One step from a ball of a certificate, for a network of two units: where its states land."""

import numpy as np
from matplotlib.patches import ConnectionPatch

from gru_addition.inside.portraits import CARRY, NO_CARRY, PAIRS, ball
from gru_addition.support.pictures import new_figure


def states_in_ball(centre, radius, number, random_state):
    """Draw states from a ball in the plane, evenly; (number, 2)."""
    directions = random_state.standard_normal((number, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return centre + radius * random_state.random_sample((number, 1)) ** 0.5 * directions


def ball_step_figure(network, certificate, number, states):
    """Draw states of a ball, and below it where each pair of bits takes them.

    network: a `proof.network.Network` of two units. certificate: that of its proof, with balls in
    the Euclidean norm. number: that of the ball. states: (n, 2). All panels have the same scale.

    Returns a figure.
    """
    figure = new_figure(8, 4.2, 100)
    above, *below = figure.subplot_mosaic([[".", "above", "above", "."], list("0123")]).values()
    _draw_ball(above, certificate, number, states)
    above.set_title(f"{len(states):,} states in ball {number}")
    figure.get_layout_engine().set(hspace=0.2)
    after = network.steps(states)
    for pair, axes in enumerate(below):
        target = certificate["targets"][number, pair]
        _draw_ball(axes, certificate, target, after[:, pair])
        axes.set_xlabel(f"after {PAIRS[pair]}: in ball {target}")
        arrow = ConnectionPatch(
            (0.2 + 0.2 * pair, 0), (0.5, 1), "axes fraction", "axes fraction", axesA=above,
            axesB=axes, arrowstyle="-|>", mutation_scale=16, color="0.3", shrinkA=3, shrinkB=3,
        )  # fmt: skip
        figure.add_artist(arrow)
    return figure


def _draw_ball(axes, certificate, number, states):
    """Draw one ball with its number, and states."""
    centre, radius = certificate["states"][number], certificate["radii"][number]
    color = (NO_CARRY, CARRY)[certificate["carries"][number]]
    axes.add_patch(ball(centre, radius, np.eye(2), color=color, alpha=0.3))
    axes.scatter(*states.T, s=1.5, color="black", linewidths=0, zorder=2)
    reach = 1.25 * certificate["radii"].max()
    axes.annotate(
        f"{number}", centre + 0.72 * np.array([radius, radius]), xytext=(2, 0),
        textcoords="offset points", fontweight="bold", va="bottom",
    )  # fmt: skip
    axes.set(
        xlim=(centre[0] - reach, centre[0] + reach), ylim=(centre[1] - reach, centre[1] + reach),
        aspect="equal", xticks=[], yticks=[],
    )  # fmt: skip
