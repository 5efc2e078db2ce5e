"""A picture of all that happens inside a network while it adds."""

from gru_addition.inside.portraits import CARRY, NO_CARRY, WRONG
from gru_addition.support.pictures import new_figure

# What is drawn for each unit. Blue and orange are kept for the carry.
MAPS = {
    "h": ("state $h_t$", "PRGn", -1, 1),
    "candidate": (r"candidate state $\tilde h_t$", "PRGn", -1, 1),
    "z": ("update gate $z_t$", "Greys", 0, 1),
    "r": ("reset gate $r_t$", "Greys", 0, 1),
}


def trace_figure(trace, marked=()):
    """Draw the `traces.Trace` of a GRU as heat maps below its bits, the lowest on the left.

    marked: units whose rows are marked at the left.
    """
    columns, hidden = trace.h.shape
    figure = new_figure(8, 8.8, 90)
    digits_axes, *maps_axes = figure.subplots(5, 1, sharex=True, height_ratios=(1.5, 2, 2, 2, 2))
    _draw_digits(digits_axes, trace)
    for axes, (name, (title, colors, least, most)) in zip(maps_axes, MAPS.items(), strict=True):
        image = axes.imshow(
            getattr(trace, name).T, cmap=colors, vmin=least, vmax=most, aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
        axes.set(ylabel="unit", yticks=sorted({0, hidden - 1, *marked}))
        for unit, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
            label.set(fontsize=8, fontweight="bold" if unit in marked else "normal")
        axes.set_title(title, fontsize="medium")
        figure.colorbar(image, ax=axes, pad=0.01)
    axes.set(xticks=range(columns), xlabel="column, in the order of reading: the lowest first")
    return figure


def _draw_digits(axes, trace):
    """Draw the bits of a sum and its carries, the lowest on the left."""
    rows = {
        "a": trace.a,
        "b": trace.b,
        "bit of the sum": trace.bits,
        "bit by the network": (trace.output > 0.5).astype(int),
        "carry out": trace.carries,
    }
    for row, (name, bits) in enumerate(rows.items()):
        for column, bit in enumerate(bits):
            style = {"bbox": {"pad": 2.5, "facecolor": "white", "edgecolor": "none"}}
            if name == "carry out":
                style["bbox"] |= {"facecolor": (NO_CARRY, CARRY)[bit], "alpha": 0.35}
            elif name == "bit by the network" and bit != trace.bits[column]:
                style |= {"color": WRONG, "fontweight": "bold"}
            axes.text(column, row, str(bit), ha="center", va="center", **style)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
