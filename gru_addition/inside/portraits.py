"""Pictures of what a network has learnt: its states, where they drift, and the machine they make.

Everything here is computed with `proof.network.Network`, without TensorFlow.
"""

import numpy as np
from matplotlib.patches import Circle, Ellipse, FancyArrowPatch

from gru_addition.inside.traces import Trace, random_states
from gru_addition.proof.automaton import Automaton
from gru_addition.proof.network import Network
from gru_addition.support.pictures import new_figure

DOTS_PER_INCH = 144
COLUMNS_OF_ZEROS = 60
NO_CARRY, CARRY, WRONG = "tab:blue", "tab:orange", "tab:red"
PAIRS = "0+0", "0+1", "1+0", "1+1"


def proof_figure(weights, resolution, proof):
    """Draw what is known about a network, a `gru_addition.prove.Proof`, in three panels.

    The first shows the states of random sums in the plane in which they differ most, with those of
    a certificate or the path of the wrong sum; the second the minimised automaton, or the outputs
    along the path; the third the unit that moves most on a long run of zeros.
    """
    network = Network(weights, resolution)
    figure = new_figure(13, 4.2, DOTS_PER_INCH)
    plane_axes, middle_axes, zeros_axes = figure.subplots(1, 3)
    draw_plane(plane_axes, network, proof)
    if proof.certificate is not None:
        draw_machine(middle_axes, Automaton.of_certificate(proof.certificate).minimised()[0])
        middle_axes.set_title("All of them, minimised: the carry")
    else:
        draw_outputs(middle_axes, network, proof.wrong_sum)
    draw_zeros(zeros_axes, network)
    figure.suptitle(proof.verdict, fontweight="bold")
    return figure


def draw_plane(axes, network, proof):
    """Draw states in the plane of their two largest principal components, coloured by the carry."""
    states, carries, _ = random_states(network)
    centre, directions = principal_plane(states)

    def in_plane(h):
        return ((h - centre) @ directions.T).T

    for carry, color in enumerate((NO_CARRY, CARRY)):
        x, y = in_plane(states[carries == carry])
        axes.scatter(x, y, s=4, alpha=0.25, color=color, linewidths=0)
        axes.scatter([], [], s=20, color=color, label=f"carry {carry}")
    if proof.certificate is not None:
        c = proof.certificate
        x, y = in_plane(c["states"])
        for pair in range(4):
            to = c["targets"][:, pair]
            axes.plot([x, x[to]], [y, y[to]], color="0.4", linewidth=0.4, alpha=0.4)
        colors = np.where(c["carries"] == 1, CARRY, NO_CARRY)
        axes.scatter(x, y, s=28, color=colors, edgecolors="black", linewidths=0.7, zorder=3)
        changes = np.linalg.solve(c["norm"], directions.T)
        for place, radius, color in zip(zip(x, y, strict=True), c["radii"], colors, strict=True):
            axes.add_patch(ball(place, radius, changes, color=color, alpha=0.12, linewidth=0))
        axes.set_title(f"The {len(x):,} states of the certificate")
    elif proof.wrong_sum is not None:
        x, y = in_plane(_trace(network, proof.wrong_sum).h)
        axes.plot(x, y, "-k", linewidth=0.8, alpha=0.7, label="the wrong sum")
        axes.scatter(x[-1:], y[-1:], marker="X", s=80, color=WRONG, zorder=3, label="its end")
        axes.set_title("States of random sums, and a path that goes wrong")
    else:
        axes.set_title("States of random sums")
    axes.set_xlabel("first principal component of the state")
    axes.set_ylabel("second")
    axes.legend(loc="best", fontsize="small")


def principal_plane(states):
    """The mean of states, (n, state_size), and the two directions in which they differ most."""
    centre = states.mean(axis=0)
    _, _, directions = np.linalg.svd(states - centre, full_matrices=False)
    return centre, directions[:2]


def ball(centre, radius, changes, **options):
    """A ball of a certificate in a plane, as an ellipse; see `ball_axes`."""
    half_axes, angle = ball_axes(radius, changes)
    return Ellipse(centre, *(2 * half_axes), angle=np.degrees(angle), **options)


def ball_axes(radius, changes):
    """The half axes of a ball in a plane, and the angle of the first, in radians.

    changes: (k, 2), the changes of the place in the plane for a unit step in each of k directions
        at right angles in the norm of the ball.
    """
    _, lengths, directions = np.linalg.svd(changes)
    return radius * lengths, np.arctan2(*directions[0, ::-1])


def draw_machine(axes, machine):
    """Draw a small automaton: its states on a line, with the pairs of bits / the bit written."""
    number = len(machine.targets)
    places = np.column_stack([np.arange(number) * 2.4, np.zeros(number)])
    names = ["no carry", "carry"] if number == 2 else [str(state) for state in range(number)]
    for state, place in enumerate(places):
        axes.add_patch(Circle(place, 0.42, facecolor=(NO_CARRY, CARRY)[state % 2], alpha=0.35))
        axes.text(*place, names[state], ha="center", va="center")
        for target in range(number):
            pairs = np.flatnonzero(machine.targets[state] == target)
            label = "\n".join(f"{PAIRS[i]} / {machine.outputs[state, i]}" for i in pairs)
            if not label:
                continue
            middle = (place + places[target]) / 2
            if state == target:
                begin, end = np.add(place, (-0.3, 0.3)), np.add(place, (0.3, 0.3))
                bend, height = -1.5, 1.35
            else:
                side = np.sign(target - state)
                begin = np.add(place, (0.38 * side, 0.18 * side))
                end = np.add(places[target], (-0.38 * side, 0.18 * side))
                bend, height = -0.35, 0.62 * side
            axes.add_patch(
                FancyArrowPatch(
                    begin,
                    end,
                    connectionstyle=f"arc3,rad={bend}",
                    arrowstyle="-|>",
                    mutation_scale=14,
                    color="0.3",
                )
            )
            axes.text(
                middle[0], middle[1] + height, label, ha="center", va="center", fontsize="small"
            )
    axes.set_xlim(-1.2, places[-1, 0] + 1.2)
    axes.set_ylim(-1.6, 1.9)
    axes.set_aspect("equal")
    axes.axis("off")


def draw_outputs(axes, network, wrong_sum):
    """Draw the output along a wrong sum, and the right bits."""
    axes.axhline(0.5, color="0.6", linewidth=0.8)
    if wrong_sum is None:
        axes.set_title("No wrong sum is known")
        axes.axis("off")
        return
    trace = _trace(network, wrong_sum)
    outputs, bits = trace.output, trace.bits
    columns = np.arange(len(bits))
    axes.plot(columns, outputs, ".-", color="0.5", linewidth=0.8, label="output")
    axes.scatter(columns, bits, s=22, facecolors="none", edgecolors="black", label="right bit")
    wrong = (outputs > 0.5) != bits
    axes.scatter(columns[wrong], outputs[wrong], marker="X", s=80, color=WRONG, label="wrong")
    axes.set_xlabel("column, from the lowest bit")
    axes.set_title("The output along the wrong sum")
    axes.legend(loc="best", fontsize="small")


def draw_zeros(axes, network):
    """Draw the unit that moves most on a run of zeros, after 0 + 0 and after 1 + 1."""
    runs = []
    for first in (0, 3):
        h = network.settle(network.steps(np.zeros((1, network.state_size))))[:, first]
        states = [h]
        for _ in range(COLUMNS_OF_ZEROS):
            states.append(network.settle(network.steps(states[-1]))[:, 0])
        runs.append(np.concatenate(states))
    # Its moves in the first columns, when the carry is used up, are no drift.
    unit = np.ptp(np.stack(runs)[:, 5:], axis=1).max(axis=0).argmax()
    for run, color, name in zip(runs, (NO_CARRY, CARRY), ("0 + 0", "1 + 1"), strict=True):
        axes.plot(run[:, unit], ".-", color=color, linewidth=0.8, label=f"after {name}")
    axes.set_xlabel("column, all 0 + 0 after the first")
    axes.set_ylabel(f"unit {unit} of the state")
    axes.set_title("A long run of zeros")
    axes.legend(loc="best", fontsize="small")


def _trace(network, wrong_sum):
    """The `Trace` of a network along a `WrongSum`."""
    a, b, num_bits = wrong_sum.a, wrong_sum.b, wrong_sum.num_bits
    return Trace.of_sum(network.weights, a, b, num_bits, network.resolution)
