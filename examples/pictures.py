"""Draw the pictures in the notebooks that show no network: the GRU, its graph, its functions.

    python examples/pictures.py

saves them in docs: gru_cell.png, functions.png and graph.png.

The graph has about 200 ops, nearly 700 with those of training. Its picture has a box for each that
the tutorial names, two for the variables, and an arrow where one is computed from another with no
third in between. Dashed arrows lead to what training changes.
"""

import os
from pathlib import Path

import numpy as np
from matplotlib.patches import Patch

from gru_addition.support.pictures import new_figure

DOCS = Path(__file__).parents[1] / "docs"
# In pixels: twice what a notebook has room for, for sharp screens.
WIDTH = 1600

# Not blue and orange: they stand for no carry and carry.
GREY, LILAC, GREEN, ROSE, WHITE = "#e8e8e8", "#e2d5f0", "#cfe8cf", "#f6d0dc", "white"
# The place, colour and contents of each box. In the cell, the state runs along the top.
CELL = {
    "h before": (0, 1.6, GREY, "old state\n$h_{t-1}$"),
    "x": (0, -1.9, GREY, "bits of the\ncolumn $x_t$"),
    "r": (1.5, -0.4, LILAC, "reset gate\n$r_t$   (sigmoid)"),
    "z": (5.2, 0, LILAC, "update gate\n$z_t$   (sigmoid)"),
    "times r": (3.3, -1.05, WHITE, r"$\odot$"),
    "candidate": (7.6, -1.9, GREEN, "candidate state\n$\\tilde h_t$   (tanh)"),
    "times 1 - z": (5.2, 1.6, WHITE, r"$\odot$"),
    "times z": (7.6, 0, WHITE, r"$\odot$"),
    "plus": (7.6, 1.6, WHITE, "$+$"),
    "h": (9.4, 1.6, GREY, "new state\n$h_t$"),
}
GRAPH = {
    "input": (0, 0, LILAC, "(batch, time, 2)"),
    "x_t": (1.42, 0, GREY, "transpose\n(time, batch, 2)"),
    "h_0": (1.42, -1.375, GREY, "zeros\n(batch, 16)"),
    "weights": (2.84, 1.375, GREEN, "Wz Uz bz\nWr Ur br\nWh Uh bh"),
    "h_t_transposed": (2.84, 0, GREY, "scan: the GRU,\ncolumn by column\n(time, batch, 16)"),
    "h_t": (4.26, 0, GREY, "transpose\n(batch, time, 16)"),
    "output weights": (5.68, 1.375, GREEN, "W_output\nb_output"),
    "output": (5.68, 0, GREY, "map_fn\n(batch, time, 1)"),
    "expected_output": (5.68, -1.375, LILAC, "(batch, time, 1)"),
    "loss": (7.1, 0, GREY, "one number"),
    "train_step": (7.1, 1.375, ROSE, "Adam"),
}
KINDS = {
    LILAC: "placeholder: you feed it",
    GREEN: "variables: the session keeps them",
    GREY: "computed from others",
    ROSE: "changes the variables",
}
CELL_ARROWS = [
    ("h before", "times 1 - z"), ("times 1 - z", "plus"), ("plus", "h"), ("h before", "r"),
    ("h before", "times r"), ("h before", "z"), ("x", "r"), ("x", "z"), ("x", "candidate"),
    ("r", "times r"), ("times r", "candidate"), ("z", "times 1 - z"), ("z", "times z"),
    ("candidate", "times z"), ("times z", "plus"),
]  # fmt: skip
GRAPH_ARROWS = [
    ("input", "x_t"), ("x_t", "h_0"), ("x_t", "h_t_transposed"), ("h_0", "h_t_transposed"),
    ("weights", "h_t_transposed"), ("h_t_transposed", "h_t"), ("h_t", "output"),
    ("output weights", "output"), ("output", "loss"), ("expected_output", "loss"),
    ("loss", "train_step"),
]  # fmt: skip
# What is written beside arrows of the cell.
WORDS = {
    "what is kept": (5.85, 1.68),
    "what is new": (7.68, 0.75),
    "$1 - z_t$": (5.28, 0.75),
    "$z_t$": (6.4, 0.08),
}
# Adam's arrow to the weights keeps clear of the other variables.
TRAINED = {"weights": "arc3,rad=0.25", "output weights": "arc3"}


def gru_cell_figure():
    """Draw one step of a `gru_addition.model.GRU`: what it computes from what; return a figure."""
    figure = new_figure(8, 3.9, 100)
    axes = figure.add_subplot(xlim=(-0.9, 10.2), ylim=(-2.4, 2.1))
    _draw_boxes(axes, CELL, CELL_ARROWS, fontsize=10)
    for words, place in WORDS.items():
        axes.text(*place, words, fontsize=9)
    return figure


def graph_figure():
    """Draw the graph of the tutorial's `AdditionModel`; return a figure."""
    figure = new_figure(9.6, 4.4, 84)
    axes = figure.add_subplot(xlim=(-0.8, 7.75), ylim=(-2.1, 2.1))
    titled = {}
    for name, (*place, color, text) in GRAPH.items():
        title = "" if color == GREEN else f"$\\bf{{{name}}}$\n".replace("_", "\\_")
        titled[name] = *place, color, title + text
    boxes = _draw_boxes(axes, titled, GRAPH_ARROWS, fontsize=9)
    for name, bend in TRAINED.items():
        _arrow(axes, boxes["train_step"], boxes[name], linestyle="--", connectionstyle=bend)
    handles = [Patch(facecolor=color, edgecolor="0.4", label=kind) for color, kind in KINDS.items()]
    axes.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def functions_figure():
    """Draw sigmoid, which makes a gate, and tanh, which makes a candidate; return a figure."""
    figure = new_figure(8, 2.6, 100)
    axes = figure.add_subplot(xlabel="x", ylabel="sigmoid(x), tanh(x)", yticks=[-1, 0, 0.5, 1])
    x = np.linspace(-6, 6, 200)
    axes.plot(x, 1 / (1 + np.exp(-x)), color="black", label="sigmoid: between 0 and 1")
    words = "tanh: between \N{MINUS SIGN}1 and 1"
    axes.plot(x, np.tanh(x), color="black", linestyle="--", label=words)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def _draw_boxes(axes, boxes, arrows, fontsize):
    """Draw boxes and the arrows between them; return the boxes by name."""
    drawn = {}
    for name, (x, y, color, text) in boxes.items():
        shape = "circle,pad=0.25" if color == WHITE else "round,pad=0.4"
        style = {"boxstyle": shape, "facecolor": color, "edgecolor": "0.4"}
        place = {"ha": "center", "va": "center", "fontsize": fontsize}
        drawn[name] = axes.text(x, y, text, bbox=style, **place)
    for source, target in arrows:
        _arrow(axes, drawn[source], drawn[target])
    axes.axis("off")
    return drawn


def _arrow(axes, source, target, **style):
    style |= {"patchA": source.get_bbox_patch(), "patchB": target.get_bbox_patch()}
    style |= {"arrowstyle": "-|>", "mutation_scale": 13, "color": "0.35"}
    axes.annotate("", target.get_position(), source.get_position(), arrowprops=style)


def main():
    """Draw and save all pictures."""
    for draw in gru_cell_figure, functions_figure, graph_figure:
        figure, path = draw(), DOCS / draw.__name__.replace("_figure", ".png")
        figure.savefig(path, dpi=WIDTH / figure.get_figwidth())
        print(f"Picture: {os.path.relpath(path)}")


if __name__ == "__main__":
    main()
