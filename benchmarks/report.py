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


def main():
    results = json.loads((RESULTS / "results.json").read_text())
    print(measured_table(results), ratio_table(results), growth_table(results), sep="\n\n")
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
        for name, rates in programs.items():
            rows.append([name, *(f"{rates[sizes[0]] / rates[size]:,.1f}" for size in sizes)])
        tables.append(markdown(rows))
    return "\n\n".join(tables)


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
    axes.set_xlabel("iterations per second, relative to the gist's loop on today's TensorFlow")
    axes.set_title("Training the tutorial's GRU: speed, median and range over the rounds")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_growth(results):
    """Lines: time per iteration against batch, bits and hidden size."""
    titles = {"batch": "sums in a batch", "bits": "bits of a sum", "hidden": "hidden units"}
    figure, panels = plt.subplots(1, 3, figsize=(11, 4), dpi=120, sharey=True, layout="constrained")
    for axes, (kind, programs) in zip(panels, results["growth"].items(), strict=True):
        for name, rates in programs.items():
            sizes = [int(size) for size in rates]
            milliseconds = [1000 / rate for rate in rates.values()]
            width = 2.5 if name == OURS else 1.2
            axes.loglog(sizes, milliseconds, "o-", markersize=3, linewidth=width, label=name)
        start = 1000 / programs[OURS][str(sizes[0])]
        linear = [start * size / sizes[0] for size in sizes]
        axes.loglog(sizes, linear, ":", color="0.4", label="linear")
        axes.set_xlabel(titles[kind])
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
    panels[0].set_ylabel("milliseconds per iteration")
    panels[0].legend(fontsize="small")
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
