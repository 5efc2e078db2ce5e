"""The GRU as a picture: what one step computes from what, and the two functions that it uses."""

import numpy as np
from matplotlib.patches import FancyArrowPatch

from gru_addition.support.pictures import new_figure

WIDTH, DOTS_PER_INCH = 8, 100
STATE, GATE, MADE, SIGN = "#d5e3f3", "#fde0b8", "#cfe8cf", "white"
# The place, colour and contents of each box. The product and the mixture are drawn as signs.
BOXES = {
    "h before": (0, 1.5, STATE, "old state\n$h_{t-1}$"),
    "x": (0, -1.6, STATE, "bits of the\ncolumn $x_t$"),
    "r": (1.2, -0.25, GATE, "reset gate\n$r_t$   (sigmoid)"),
    "z": (5.0, 0.75, GATE, "update gate\n$z_t$   (sigmoid)"),
    "times": (3.1, -0.6, SIGN, "$r_t \\odot h_{t-1}$"),
    "candidate": (5.0, -1.5, MADE, "candidate state\n$\\tilde h_t$   (tanh)"),
    "mix": (6.9, 1.5, SIGN, "$(1 - z_t) \\odot h_{t-1} + z_t \\odot \\tilde h_t$"),
    "h": (9.2, 1.5, STATE, "new state\n$h_t$"),
}
ARROWS = [
    ("h before", "mix"), ("h before", "times"), ("h before", "r"), ("x", "r"), ("x", "candidate"),
    ("h before", "z"), ("x", "z"), ("r", "times"), ("times", "candidate"), ("candidate", "mix"),
    ("z", "mix"), ("mix", "h"),
]  # fmt: skip


def cell_figure():
    """Draw one step of a `gru_addition.model.GRU`; return a figure."""
    figure = new_figure(WIDTH, 3.6, DOTS_PER_INCH)
    axes = figure.add_subplot()
    boxes = {}
    for name, (x, y, color, text) in BOXES.items():
        style = {"boxstyle": "round,pad=0.4", "facecolor": color, "edgecolor": "0.4"}
        boxes[name] = axes.text(x, y, text, ha="center", va="center", fontsize=10, bbox=style)
    axes.set(xlim=(-1, 10), ylim=(-2.1, 2.1))
    axes.axis("off")
    for source, target in ARROWS:
        axes.add_patch(
            FancyArrowPatch(
                BOXES[source][:2], BOXES[target][:2], patchA=boxes[source].get_bbox_patch(),
                patchB=boxes[target].get_bbox_patch(), arrowstyle="-|>", mutation_scale=13,
                color="0.35", shrinkA=2, shrinkB=2, zorder=1,
            )
        )  # fmt: skip
    return figure


def functions_figure():
    """Draw sigmoid, which makes a gate, and tanh, which makes a candidate; return a figure."""
    figure = new_figure(WIDTH, 2.4, DOTS_PER_INCH)
    x = np.linspace(-6, 6, 200)
    sigmoid, tanh = figure.subplots(1, 2)
    sigmoid.plot(x, 1 / (1 + np.exp(-x)), color="black")
    sigmoid.set(title="sigmoid: between 0 and 1", yticks=[0, 0.5, 1])
    tanh.plot(x, np.tanh(x), color="black")
    tanh.set(title="tanh: between \N{MINUS SIGN}1 and 1", yticks=[-1, 0, 1])
    for axes in sigmoid, tanh:
        axes.grid(alpha=0.3)
    return figure
