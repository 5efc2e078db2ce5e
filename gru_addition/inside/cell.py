"""The GRU as a picture: what one step computes from what, and the two functions that it uses."""

import numpy as np
from matplotlib.patches import FancyArrowPatch

from gru_addition.support.pictures import new_figure

WIDTH, DOTS_PER_INCH = 8, 100
STATE, GATE, MADE, SIGN = "#d5e3f3", "#fde0b8", "#cfe8cf", "white"
# The place, colour and contents of each box. The state runs along the top.
BOXES = {
    "h before": (0, 1.6, STATE, "old state\n$h_{t-1}$"),
    "x": (0, -1.9, STATE, "bits of the\ncolumn $x_t$"),
    "r": (1.5, -0.4, GATE, "reset gate\n$r_t$   (sigmoid)"),
    "z": (5.2, 0, GATE, "update gate\n$z_t$   (sigmoid)"),
    "times r": (3.3, -1.05, SIGN, r"$\odot$"),
    "candidate": (7.6, -1.9, MADE, "candidate state\n$\\tilde h_t$   (tanh)"),
    "times 1 - z": (5.2, 1.6, SIGN, r"$\odot$"),
    "times z": (7.6, 0, SIGN, r"$\odot$"),
    "plus": (7.6, 1.6, SIGN, "$+$"),
    "h": (9.4, 1.6, STATE, "new state\n$h_t$"),
}
# From where to where, and what is written beside the arrow.
ARROWS = [
    ("h before", "times 1 - z", ""), ("times 1 - z", "plus", "what is kept"), ("plus", "h", ""),
    ("h before", "r", ""), ("h before", "times r", ""), ("h before", "z", ""),
    ("x", "r", ""), ("x", "z", ""), ("x", "candidate", ""),
    ("r", "times r", ""), ("times r", "candidate", ""),
    ("z", "times 1 - z", "$1 - z_t$"), ("z", "times z", "$z_t$"),
    ("candidate", "times z", ""), ("times z", "plus", "what is new"),
]  # fmt: skip


def cell_figure():
    """Draw one step of a `gru_addition.model.GRU`; return a figure."""
    figure = new_figure(WIDTH, 3.9, DOTS_PER_INCH)
    axes = figure.add_subplot()
    boxes = {}
    for name, (x, y, color, text) in BOXES.items():
        shape = "circle,pad=0.25" if color == SIGN else "round,pad=0.4"
        style = {"boxstyle": shape, "facecolor": color, "edgecolor": "0.4"}
        boxes[name] = axes.text(x, y, text, ha="center", va="center", fontsize=10, bbox=style)
    axes.set(xlim=(-0.9, 10.2), ylim=(-2.4, 2.1))
    axes.axis("off")
    for source, target, words in ARROWS:
        begin, end = BOXES[source][:2], BOXES[target][:2]
        axes.add_patch(
            FancyArrowPatch(
                begin, end, patchA=boxes[source].get_bbox_patch(),
                patchB=boxes[target].get_bbox_patch(), arrowstyle="-|>", mutation_scale=13,
                color="0.35", shrinkA=2, shrinkB=2, zorder=1,
            )
        )  # fmt: skip
        is_upright = begin[0] == end[0]
        axes.annotate(
            words, np.mean([begin, end], axis=0), xytext=(5, 0) if is_upright else (0, 4),
            textcoords="offset points", ha="left" if is_upright else "center",
            va="center" if is_upright else "bottom", fontsize=9,
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
