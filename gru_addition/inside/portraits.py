"""Pictures of what a network has learnt: its states, where they drift, and the machine they make.

Everything here is computed with `cells.network.Network`, without TensorFlow.
"""

from dataclasses import replace

import numpy as np
from matplotlib.patches import Circle, Ellipse

from gru_addition.cells.machine import ADDITION
from gru_addition.cells.network import Network
from gru_addition.inside.traces import Trace, follow, random_states
from gru_addition.support.pictures import new_figure

COLUMNS_OF_ZEROS = 60
NO_CARRY, CARRY, WRONG = "tab:blue", "tab:orange", "tab:red"
PAIRS = "0+0", "0+1", "1+0", "1+1"
# Of the states of a machine, those of the carry first.
COLORS = NO_CARRY, CARRY, "tab:green", "tab:purple", "tab:brown", "tab:pink", "tab:olive"


def proof_figure(weights, resolution, proof, machine=ADDITION):
    """Draw what is known about a network, a `gru_addition.prove.Proof`, in three panels.

    The first shows the states of random sums in the plane in which they differ most, with those of
    a certificate or the path of the wrong sum; the second the minimised automaton, or the outputs
    along the path; the third the unit that moves most on a long run of zeros.

    machine: the `Machine` that the network shall be.
    """
    network = Network(weights, resolution)
    figure = new_figure(13, 4.2, 144)
    plane_axes, middle_axes, zeros_axes = figure.subplots(1, 3)
    draw_plane(plane_axes, network, proof, machine)
    if proof.certificate is not None:
        # Each of its states has the number of one of the certificate's.
        memories, smallest = proof.certificate["memories"], proof.machine
        names = [machine.names[memories[int(number)]] for number in smallest.names]
        draw_machine(middle_axes, replace(smallest, names=names))
        carry = ": the carry" if machine is ADDITION else ""
        middle_axes.set_title(f"All of them, minimised{carry}")
    elif proof.wrong_sum is not None:
        draw_outputs(middle_axes, network, proof.wrong_sum, machine)
    else:
        middle_axes.set_title("No wrong sum is known")
        middle_axes.axis("off")
    draw_zeros(zeros_axes, network)
    figure.suptitle(proof.verdict, fontweight="bold")
    return figure


def draw_plane(axes, network, proof, machine=ADDITION):
    """Draw states in the plane of their two largest principal components, coloured by the carry.

    For another machine than that of adding, they are coloured by its state.

    Those of random sums, and those of the `Proof`: of its certificate or of its wrong sum.
    """
    states, memories, _ = random_states(network, machine=machine)
    centre, directions = principal_plane(states)

    def in_plane(h):
        return ((h - centre) @ directions.T).T

    for memory, name in enumerate(machine.names):
        x, y = in_plane(states[memories == memory])
        axes.scatter(x, y, s=4, alpha=0.25, color=color_of(memory), linewidths=0)
        axes.scatter([], [], s=20, color=color_of(memory), label=name)
    if proof.certificate is not None:
        c = proof.certificate
        x, y = in_plane(c["states"])
        for pair in range(4):
            to = c["targets"][:, pair]
            axes.plot([x, x[to]], [y, y[to]], color="0.4", linewidth=0.4, alpha=0.4)
        colors = [color_of(memory) for memory in c["memories"]]
        axes.scatter(x, y, s=28, color=colors, edgecolors="black", linewidths=0.7, zorder=3)
        changes = np.linalg.solve(c["norm"], directions.T)
        for *place, radius, color in zip(x, y, c["radii"], colors, strict=True):
            axes.add_patch(ball(place, radius, changes, color=color, alpha=0.12, linewidth=0))
        axes.set_title(f"The {len(x):,} states of the certificate")
    elif proof.wrong_sum is not None:
        trace = _trace(network, proof.wrong_sum, machine)
        x, y = in_plane(trace.h)
        wrong = (trace.output > 0.5) != trace.bits
        what = "sum" if machine is ADDITION else "input"
        axes.plot(x, y, "-k", linewidth=0.8, alpha=0.7, label=f"the wrong {what}")
        axes.scatter(x[wrong], y[wrong], marker="X", s=80, color=WRONG, zorder=3, label="wrong bit")
        axes.set_title(f"States of random {what}s, and a path that goes wrong")
    else:
        axes.set_title("States of random sums")
    axes.set(xlabel="first principal component of the state", ylabel="second principal component")
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


def color_of(memory):
    """The colour of a state of a machine, by its number."""
    return COLORS[memory % len(COLORS)]


def draw_machine(axes, machine):
    """Draw a `Machine` with its states on a circle.

    At its arrows stand pairs of bits / the bit written.
    """
    number = len(machine.targets)
    radius = 1.2 / np.sin(np.pi / max(number, 2))
    turns = np.pi - 2 * np.pi * np.arange(number) / number
    places = radius * np.column_stack([np.cos(turns), np.sin(turns)])
    # Loops stand outside the circle; of two states, above them.
    outward = places / radius if number > 2 else np.tile([0.0, 1.0], (number, 1))
    for state, name in enumerate(machine.names):
        axes.add_patch(Circle(places[state], 0.42, facecolor=color_of(state), alpha=0.35))
        axes.text(*places[state], name, ha="center", va="center", fontsize="small")
        for target in np.unique(machine.targets[state]):
            if target == state:
                across = outward[state] @ [[0, 1], [-1, 0]] * 0.3
                begin, end = (places[state] + 0.3 * outward[state] + s * across for s in (1, -1))
                bend, label = -1.5, places[state] + 1.35 * outward[state]
            else:
                along = (places[target] - places[state]) / np.hypot(*places[target] - places[state])
                left = along @ [[0, 1], [-1, 0]]
                begin = places[state] + 0.38 * along + 0.18 * left
                end = places[target] - 0.38 * along + 0.18 * left
                bend, label = -0.35, (places[state] + places[target]) / 2 + 0.62 * left
            style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}"}
            axes.annotate("", end, begin, arrowprops=style | {"mutation_scale": 14, "color": "0.3"})
            pairs = np.flatnonzero(machine.targets[state] == target)
            words = "\n".join(f"{PAIRS[i]} / {machine.outputs[state, i]}" for i in pairs)
            axes.text(*label, words, ha="center", va="center", fontsize="small")
    low, high = places.min(axis=0), places.max(axis=0)
    axes.set(xlim=(low[0] - 1.9, high[0] + 1.9), ylim=(low[1] - 1.6, high[1] + 1.9), aspect="equal")
    axes.axis("off")


def draw_outputs(axes, network, wrong_sum, machine=ADDITION):
    """Draw the output along a `WrongSum`, and the right bits."""
    trace = _trace(network, wrong_sum, machine)
    outputs, bits = trace.output, trace.bits
    columns, wrong = np.arange(len(bits)), (outputs > 0.5) != bits
    axes.axhline(0.5, color="0.6", linewidth=0.8)
    axes.plot(columns, outputs, ".-", color="0.5", linewidth=0.8, label="output")
    axes.scatter(columns, bits, s=22, facecolors="none", edgecolors="black", label="right bit")
    # Around the point, which shows on which side of the line it lies.
    ring = {"s": 110, "facecolors": "none", "edgecolors": WRONG, "linewidths": 2}
    axes.scatter(columns[wrong], outputs[wrong], marker="s", label="wrong", **ring)
    axes.set(xlabel="column, from the lowest bit", ylabel="output")
    what = "sum" if machine is ADDITION else "input"
    axes.set_title(f"The output along the wrong {what}")
    axes.legend(loc="best", fontsize="small")


def draw_zeros(axes, network):
    """Draw the unit that moves most on a run of zeros, after 0 + 0 and after 1 + 1."""
    x = np.zeros((2, 1 + COLUMNS_OF_ZEROS, 2), int)
    x[1, 0] = 1
    states = follow(network, x)
    # Its moves in the first columns, when the carry is used up, are no drift.
    unit = np.ptp(states[:, 5:], axis=1).max(axis=0).argmax()
    for run, color, name in zip(states, (NO_CARRY, CARRY), ("0 + 0", "1 + 1"), strict=True):
        axes.plot(run[:, unit], ".-", color=color, linewidth=0.8, label=f"after {name}")
    axes.set(xlabel="column, all 0 + 0 after the first", ylabel=f"unit {unit} of the state")
    axes.set_title("A long run of zeros")
    axes.legend(loc="best", fontsize="small")


def _trace(network, wrong_sum, machine):
    """The `Trace` of a network along a `WrongSum`."""
    a, b, num_bits = wrong_sum.a, wrong_sum.b, wrong_sum.num_bits
    return Trace.of_sum(network.weights, a, b, num_bits, network.resolution, machine)
