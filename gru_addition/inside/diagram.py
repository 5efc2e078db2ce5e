"""The graph of the model as a picture: the tensors that the tutorial names, and their connections.

The graph has about 200 ops, nearly 700 with those of training. The picture has a box for each that
the tutorial names, two for the variables, and an arrow where one is computed from another with no
third in between. These arrows are read from the graph; those to and from the training step are not,
since its gradients depend on nearly everything.
"""

from matplotlib.patches import FancyArrowPatch, Patch

from gru_addition.support.pictures import new_figure

DOTS_PER_INCH = 84
PLACEHOLDER, VARIABLE, COMPUTED, TRAINING = "#fde0b8", "#cfe8cf", "#d5e3f3", "#f6d0d0"
KINDS = {
    PLACEHOLDER: "placeholder: you feed it",
    VARIABLE: "variables: the session keeps them",
    COMPUTED: "computed from others",
    TRAINING: "changes the variables",
}
# The place, colour and contents of each box.
BOXES = {
    "input": (0, 0, PLACEHOLDER, "(batch, time, 2)"),
    "x_t": (1, 0, COMPUTED, "transpose\n(time, batch, 2)"),
    "h_0": (1, -1.1, COMPUTED, "zeros\n(batch, {hidden})"),
    "weights": (2, 1.1, VARIABLE, "Wz Uz bz\nWr Ur br\nWh Uh bh"),
    "h_t_transposed": (
        2,
        0,
        COMPUTED,
        "scan: the GRU,\ncolumn by column\n(time, batch, {hidden})",
    ),
    "h_t": (3, 0, COMPUTED, "transpose\n(batch, time, {hidden})"),
    "output weights": (4, 1.1, VARIABLE, "W_output\nb_output"),
    "output": (4, 0, COMPUTED, "map_fn\n(batch, time, 1)"),
    "expected_output": (4, -1.1, PLACEHOLDER, "(batch, time, 1)"),
    "loss": (5, 0, COMPUTED, "one number"),
    "train_step": (5, 1.1, TRAINING, "Adam"),
}


def graph_figure(model):
    """Draw the graph of an `AdditionModel`; raise `ValueError` if it has no training step."""
    if model.train_step is None:
        raise ValueError("model must be one that is to be trained, not one without learning_rate")
    figure = new_figure(9.6, 4.4, DOTS_PER_INCH)
    axes = figure.add_subplot()
    places = {name: (1.42 * x, 1.25 * y) for name, (x, y, _, _) in BOXES.items()}
    boxes = {}
    for name, (_, _, color, content) in BOXES.items():
        style = {"boxstyle": "round,pad=0.5", "facecolor": color, "edgecolor": "0.4"}
        text = content.format(hidden=model.gru.hidden_size)
        title = "" if color == VARIABLE else f"$\\bf{{{name}}}$\n".replace("_", "\\_")
        boxes[name] = axes.text(
            *places[name], title + text, ha="center", va="center", fontsize=9, bbox=style
        )
    axes.set_xlim(-0.8, 7.75)
    axes.set_ylim(-2.1, 2.1)
    axes.axis("off")
    for source, target in edges(model):
        _arrow(axes, boxes[source], boxes[target], places[source], places[target])
    for variables in ("weights", "output weights"):
        _arrow(
            axes,
            boxes["train_step"],
            boxes[variables],
            places["train_step"],
            places[variables],
            linestyle="--",
            bend=0.0 if variables == "output weights" else 0.25,
        )
    handles = [Patch(facecolor=color, edgecolor="0.4", label=kind) for color, kind in KINDS.items()]
    axes.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def edges(model):
    """Return the arrows: pairs of names in `BOXES`, the second computed from the first."""
    gru = model.gru
    named = {
        "input": [gru.input_layer],
        "x_t": [gru.x_t],
        "h_0": [gru.h_0],
        "weights": list(gru.weights.values()),
        "h_t_transposed": [gru.h_t_transposed],
        "h_t": [gru.h_t],
        "output weights": [model.W_output, model.b_output],
        "output": [model.output],
        "expected_output": [model.expected_output],
        "loss": [model.loss],
    }
    name_of = {tensor.op: name for name, tensors in named.items() for tensor in tensors}
    found = {("loss", "train_step")}
    for op, name in name_of.items():
        met, to_visit = set(), list(op.inputs)
        while to_visit:
            source = to_visit.pop().op
            if source in name_of:
                found.add((name_of[source], name))
            elif source not in met:
                met.add(source)
                to_visit += source.inputs
    return sorted(found)


def _arrow(axes, source, target, begin, end, linestyle="-", bend=0.0):
    axes.add_patch(
        FancyArrowPatch(
            begin,
            end,
            patchA=source.get_bbox_patch(),
            patchB=target.get_bbox_patch(),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=13,
            linestyle=linestyle,
            color="0.35",
            # Drawn after the boxes, whose sizes are not known before.
            zorder=4,
            shrinkA=2,
            shrinkB=2,
        )
    )
