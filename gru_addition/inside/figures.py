"""Pictures of what happens inside a network while it adds: of a whole sum, and of one column."""

import numpy as np

from gru_addition.dataset import from_bytes
from gru_addition.inside.portraits import CARRY, NO_CARRY, WRONG
from gru_addition.support.integers import write_integer
from gru_addition.support.pictures import new_figure

DOTS_PER_INCH = 90
# What is drawn for each unit. Blue and orange are kept for the carry.
MAPS = {
    "h": ("state $h_t$", "PRGn", -1, 1),
    "candidate": (r"candidate state $\tilde h_t$", "PRGn", -1, 1),
    "z": ("update gate $z_t$", "Greys", 0, 1),
    "r": ("reset gate $r_t$", "Greys", 0, 1),
}


def trace_figure(trace, units=None):
    """Draw a `traces.Trace` as heat maps below its bits, the lowest on the left.

    units: the order of the units, from the top; by number if None.
    """
    columns, hidden = trace.h.shape
    units = range(hidden) if units is None else units
    figure = new_figure(8, 12, DOTS_PER_INCH)
    digits_axes, *maps_axes = figure.subplots(5, 1, sharex=True, height_ratios=(1, 2, 2, 2, 2))
    _draw_digits(digits_axes, trace)
    for axes, (name, (title, colors, least, most)) in zip(maps_axes, MAPS.items(), strict=True):
        image = axes.imshow(
            getattr(trace, name)[:, list(units)].T, cmap=colors, vmin=least, vmax=most,
            aspect="auto", interpolation="nearest",
        )  # fmt: skip
        axes.set_yticks(range(hidden), [str(unit) for unit in units], fontsize=8)
        axes.set_ylabel("unit")
        axes.set_title(title, fontsize="medium")
        figure.colorbar(image, ax=axes, pad=0.01)
    maps_axes[-1].set_xticks(range(columns))
    maps_axes[-1].set_xlabel("column, in the order of reading: the lowest first")
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
            is_wrong = name == "bit by the network" and bit != trace.bits[column]
            color = WRONG if is_wrong else "black"
            place = {"facecolor": "white", "edgecolor": "none"}
            if name == "carry out":
                place = {"facecolor": (NO_CARRY, CARRY)[bit], "edgecolor": "none", "alpha": 0.35}
            axes.text(
                column, row, str(bit), ha="center", va="center", color=color,
                fontweight="bold" if is_wrong else "normal", bbox={"pad": 2.5} | place,
            )  # fmt: skip
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def step_figure(trace, column):
    """Draw one column of a `traces.Trace`: the sum so far, the state and the gates.

    Raises `IndexError` if there is no such column.
    """
    number, hidden = trace.h.shape
    if not 0 <= column < number:
        raise IndexError(f"column must lie between 0 and {number - 1}, not {column}")
    before = trace.h[column - 1] if column > 0 else np.zeros(hidden)
    output = trace.output[column]
    figure = new_figure(8, 4.6, DOTS_PER_INCH)
    paper, state, gates = figure.subplots(3, 1, height_ratios=(5, 4, 2))
    _draw_paper(paper, trace, column)
    units = np.arange(hidden)
    state.bar(units, trace.h[column], color="0.45", label="state after this column")
    state.bar(units, before, fill=False, edgecolor="black", linestyle=":", label="before it")
    state.set(ylim=(-1.1, 1.1), ylabel="state", xlim=(-0.5, hidden - 0.5), xticks=[])
    state.axhline(0, color="0.6", linewidth=0.8)
    state.legend(fontsize="x-small", ncols=2, loc="lower right")
    gates.imshow(
        np.stack([trace.z[column], trace.r[column]]), cmap="Greys", vmin=0, vmax=1, aspect="auto"
    )
    gates.set(xlabel="unit", xticks=units)
    gates.set_yticks([0, 1], ["update gate", "reset gate"])
    is_right = (output > 0.5) == trace.bits[column]
    figure.suptitle(
        f"Column {column} (0 to {number - 1}): the output is {output:.2f}, so the network writes "
        f"{int(output > 0.5)}, which is {'right' if is_right else 'wrong'}",
        color="black" if is_right else WRONG,
        fontsize="medium",
    )
    return figure


def _draw_paper(axes, trace, column):
    """Draw the sum as on paper, the highest bit on the left, as far as it is read."""
    number = len(trace.a)
    known = np.arange(number) <= column
    carries_in = np.append(0, trace.carries[:-1])
    written = trace.output > 0.5
    rows = {
        "carry": (carries_in, known, ""),
        "a": (trace.a, np.full_like(known, True), write_integer(from_bytes(trace.a))),
        "b": (trace.b, np.full_like(known, True), write_integer(from_bytes(trace.b))),
        "the network": (written, known, ""),
    }
    for row, (name, (bits, is_shown, value)) in enumerate(rows.items()):
        axes.text(-0.9, row, name, ha="right", va="center", fontsize="small")
        axes.text(number, row, value, ha="left", va="center", fontsize="small")
        for i in np.flatnonzero(is_shown):
            color = "black"
            if name == "carry":
                color = (NO_CARRY, CARRY)[bits[i]]
            elif name == "the network" and written[i] != trace.bits[i]:
                color = WRONG
            axes.text(number - 1 - i, row, int(bits[i]), ha="center", va="center", color=color)
    axes.axvspan(number - 1.5 - column, number - 0.5 - column, color="0.9", zorder=0)
    axes.axhline(2.5, color="black", linewidth=0.8)
    axes.set_xlim(-4, number + 3)
    axes.set_ylim(3.6, -0.6)
    axes.axis("off")
