"""Tables and figures of what run.py measured, from results/results.json.

    python benchmarks/report.py

prints the figures as they were measured and the table of ratios that the README shows, and draws
speed.png and growth.png.
"""

import json
import statistics
from pathlib import Path

import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"
GIST, OURS = "gist, today's TensorFlow", "compiled engine"
LIBRARY = "compiled engine, as a library"
JAX, JAX_FLAGS = "JAX, compiled loop", "JAX, compiled loop, our XLA flags"
JAX_OLD, JAX_OLD_FLAGS = (
    "JAX, by TensorFlow's XLA",
    "JAX, by TensorFlow's XLA, our XLA flags",
)
# Programs compared at every size, the one and what it is compared with.
COMPARED = {
    "compiled engine, JAX = 1, no flags": (LIBRARY, JAX),
    "compiled engine, JAX = 1, our flags": (OURS, JAX_FLAGS),
    "JAX by TensorFlow's XLA, JAX = 1, no flags": (JAX_OLD, JAX),
    "JAX by TensorFlow's XLA, JAX = 1, our flags": (JAX_OLD_FLAGS, JAX_FLAGS),
}
# Whose times are drawn.
LINES = [
    {"color": colour, "marker": marker, "linestyle": style, "markersize": 4}
    for colour, marker in (("C0", "o"), ("C1", "^"))
    for style in (":", "-")
]
DRAWN = OURS, JAX_FLAGS, "PyTorch, fused", "NumPy by hand", "C, one core"


def main():
    results = json.loads((RESULTS / "results.json").read_text())
    print(measured_table(results), ratio_table(results), sep="\n\n", end="\n\n")
    print(growth_table(results), compared_table(results), sep="\n\n")
    draw_speed(results).savefig(RESULTS / "speed.png")
    draw_growth(results).savefig(RESULTS / "growth.png")


def measured_table(results):
    """The figures as measured, in Markdown."""
    rows = [
        ["program", "iterations/s, median (least to most)", "set-up, s", "until 1040, s", "MB",
         "losses deviate by"],
    ]  # fmt: skip
    for name, runs in results["programs"].items():
        rates = figures(runs, "rate")
        rows.append([
            name,
            f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})",
            f"{median(runs, 'set_up'):.1f}",
            f"{median(runs, 'seconds'):.1f}",
            f"{median(runs, 'memory'):,.0f}",
            f"{max(figures(runs, 'deviation')):.0e}",
        ])  # fmt: skip
    return markdown(rows)


def ratio_table(results):
    """Each program relative to the gist's loop and to ours, in Markdown."""
    programs = results["programs"]
    rows = [
        ["program", "speed, gist = 1", "least to most", "speed, ours = 1", "set-up, ours = 1",
         "time until 1040, gist = 1", "memory, gist = 1"],
    ]  # fmt: skip
    for name, runs in programs.items():
        speeds = ratios(runs, programs[GIST], "rate")
        rows.append([
            name,
            f"{statistics.median(speeds):.2f}",
            f"{min(speeds):.2f} to {max(speeds):.2f}",
            f"{statistics.median(ratios(runs, programs[OURS], 'rate')):.2f}",
            f"{statistics.median(ratios(runs, programs[OURS], 'set_up')):.2f}",
            f"{statistics.median(ratios(runs, programs[GIST], 'seconds')):.2f}",
            f"{statistics.median(ratios(runs, programs[GIST], 'memory')):.2f}",
        ])  # fmt: skip
    return markdown(rows)


def growth_table(results):
    """Each program's time per iteration, relative to its own at the smallest size, in Markdown."""
    tables = []
    for kind, programs in results["growth"].items():
        sizes = list(next(iter(programs.values())))
        rows = [[f"time, {kind} {sizes[0]} = 1", *(f"{int(size):,}" for size in sizes)]]
        for name in DRAWN:
            rates = {size: statistics.median(programs[name][size]) for size in sizes}
            rows.append([name, *(f"{rates[sizes[0]] / rates[size]:,.1f}" for size in sizes)])
        tables.append(markdown(rows))
    return "\n\n".join(tables)


def compared_table(results):
    """Speeds at every size, relative to JAX, in Markdown: the median of the turns and the range."""
    rows = [["grown", *COMPARED]]
    for kind, programs in results["growth"].items():
        for size in programs[OURS]:
            row = [f"{kind} {int(size):,}"]
            for one, other in COMPARED.values():
                turns = compared(programs[one][size], programs[other][size])
                row.append(f"{statistics.median(turns):.2f} ({min(turns):.2f} to {max(turns):.2f})")
            rows.append(row)
    return markdown(rows)


def compared(rates, others):
    """Ratios turn by turn."""
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def draw_speed(results):
    """Bars: speed of each program, relative to the gist's loop."""
    programs = results["programs"]
    speeds = {name: ratios(runs, programs[GIST], "rate") for name, runs in programs.items()}
    names = sorted(speeds, key=lambda name: statistics.median(speeds[name]))
    middles = [statistics.median(speeds[name]) for name in names]
    below = [middle - min(speeds[name]) for name, middle in zip(names, middles, strict=True)]
    above = [max(speeds[name]) - middle for name, middle in zip(names, middles, strict=True)]

    figure, axes = plt.subplots(figsize=(8, 5), dpi=120, layout="constrained")
    colours = ["C0" if "engine" in name else "0.7" for name in names]
    bars = axes.barh(names, middles, color=colours, xerr=[below, above], ecolor="0.3")
    axes.bar_label(bars, [f"{middle:.1f}" for middle in middles], padding=12)
    axes.set_xlim(0, 1.15 * max(max(values) for values in speeds.values()))
    figure.supxlabel(
        "iterations per second, relative to the gist's loop on today's TensorFlow",
        fontsize="medium",
    )
    figure.suptitle("Training the tutorial's GRU: speed, median and range over the rounds")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_growth(results):
    """Lines against batch, bits and hidden size: time per iteration, and speed relative to JAX."""
    titles = {"batch": "sums in a batch", "bits": "bits of a sum", "hidden": "hidden units"}
    figure, panels = plt.subplots(
        2, 3, figsize=(11, 7), dpi=120, sharex="col", sharey="row", layout="constrained"
    )
    for (times, speeds), (kind, programs) in zip(panels.T, results["growth"].items(), strict=True):
        sizes = [int(size) for size in programs[OURS]]
        for name in DRAWN:
            milliseconds = [1000 / statistics.median(rates) for rates in programs[name].values()]
            width = 2.5 if name == OURS else 1.2
            times.loglog(sizes, milliseconds, "o-", markersize=3, linewidth=width, label=name)
        start = 1000 / statistics.median(programs[OURS][str(sizes[0])])
        linear = [start * size / sizes[0] for size in sizes]
        times.loglog(sizes, linear, ":", color="0.4", label="linear")
        for (label, (one, other)), line in zip(COMPARED.items(), LINES, strict=True):
            middles = {
                int(size): statistics.median(compared(rates, programs[other][size]))
                for size, rates in programs[one].items()
            }
            speeds.plot(middles.keys(), middles.values(), **line, label=label)
        speeds.axhline(1, color="0.4", linewidth=0.8)
        speeds.set_ylim(0.4, 1.6)
        speeds.set_xlabel(titles[kind])
        speeds.set_xticks(sizes, [f"{size:,}" for size in sizes])
        speeds.minorticks_off()
    panels[0, 0].set_ylabel("milliseconds per iteration")
    panels[1, 0].set_ylabel("speed, JAX = 1")
    panels[0, 2].legend(fontsize="small", loc="upper left")
    panels[1, 1].legend(fontsize="small", loc="lower right")
    return figure


def figures(runs, name):
    return [run[name] for run in runs]


def median(runs, name):
    return statistics.median(figures(runs, name))


def ratios(runs, to, name):
    """The ratio in each round, since a slow minute of the machine slows both."""
    return [run[name] / other[name] for run, other in zip(runs, to, strict=True)]


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


if __name__ == "__main__":
    main()
