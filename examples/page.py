"""Build the laboratory, `docs/index.html`: train, touch and watch networks in a browser.

    python examples/page.py

It takes about a minute. `make page` does the same, after npm has installed uPlot, which draws the
losses.
"""

import io
import os
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np
from PIL import Image
from two_units import CONFIG, rounded_weights, shortened

from gru_addition import prepare_process
from gru_addition.config import Config
from gru_addition.show import as_json, bundle, filled, page_data, read

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "index.html"
UPLOT = ROOT / "gru_addition" / "show" / "node_modules" / "uplot" / "dist"
# TensorFlow 1.3.0's losses at some iterations.
GOLDEN = ROOT / "tests" / "golden" / "tf-1.3.0"
SEEDS, ITERATIONS = (0, 1, 2, 10), [*range(0, 5000, 500), 4999]
# What is shown to those without JavaScript, in so many pixels and colours.
STILL, STILL_WIDTH, STILL_COLOURS = ROOT / "docs" / "two_units.png", 640, 32
TUTORIAL = (
    "The tutorial's network",
    "16 units, trained on 100 sums, none with 1+1 in both columns 2 and 3. "
    "So it gets 13 + 12 wrong.",
)
DRIFTING = (
    "A network that drifts",
    "Another seed, right on all sums of up to nine bits. But while it should keep a carry, its "
    "state creeps on.",
)
PROVED = (
    "Two units, proved right",
    "33 weights with one decimal. Touch proves that each step is right, and so is every sum.",
)
# What links call them. What to look at first in each of them: words, and a link to a sum.
KEYS = "tutorial", "drifting", "two-units"
TOURS = (
    ("13 + 12: the tutorial's network is about to go wrong", "a=13&b=12&bits=5&column=3"),
    (
        "2^81 - 1 + 2^80 + 1: the drifting one gets one bit wrong",
        "a=2^81-1&b=2^80%2B1&bits=83&column=81",
    ),
    ("2^300 - 1 + 1: the proved one keeps the carry", "a=2^300-1&b=1&bits=302&column=84"),
)


def laboratory(networks, uplot_css, uplot_js, still):
    """Return the laboratory, HTML.

    networks: as for `gru_addition.show.page`. uplot_css, uplot_js: uPlot, which draws the losses.
    still: the picture for those without JavaScript, PNG in base 64.
    """
    styles = {name: read(name) for name in ("page.css", "lab.css")}
    styles |= {f"{act}.css": read(f"acts/{act}.css") for act in ("train", "touch", "watch")}
    scripts = {name: bundle(name) for name in ("worker.js", "lab.js")}
    data = {"data": as_json(networks), "golden": as_json(golden()), "still.png": still}
    return filled(
        "lab.html", styles | scripts | data | {"uplot.css": uplot_css, "uplot.js": uplot_js}
    )


def golden():
    """TensorFlow 1.3.0's losses: for each seed, at some iterations."""
    losses = {}
    for seed in SEEDS:
        with np.load(GOLDEN / f"seed-{seed}.npz") as record:
            train, test = (record[f"{name}_losses"][ITERATIONS] for name in ("train", "validation"))
        losses[seed] = {"iterations": ITERATIONS, "train": train.tolist(), "test": test.tolist()}
    return losses


def still_picture():
    """The picture for those without JavaScript, in base 64."""
    png = io.BytesIO()
    with Image.open(STILL) as picture:
        size = STILL_WIDTH, round(STILL_WIDTH * picture.height / picture.width)
        picture.convert("RGB").resize(size).quantize(STILL_COLOURS).save(png, "PNG", optimize=True)
    return b64encode(png.getvalue()).decode()


def networks(tutorial, drifting, small):
    """What the page has to know about these three networks.

    tutorial, drifting: `Run`s of the tutorial's settings with seeds 0 and 2. small: of `CONFIG`.
    """
    from gru_addition.prove import prove

    weights = rounded_weights(small.weights, 1)
    certificate = shortened(prove(weights).certificate, weights)
    described = [
        page_data(tutorial.weights, *TUTORIAL),
        page_data(drifting.weights, *DRIFTING),
        page_data(weights, *PROVED, certificate=certificate),
    ]
    for network, key, (words, link) in zip(described, KEYS, TOURS, strict=True):
        network |= {"key": key, "tour": {"words": words, "link": link}}
    return described


def main():
    """Train the three networks, and write the page."""
    from gru_addition.train import train

    try:
        uplot = [(UPLOT / name).read_text() for name in ("uPlot.min.css", "uPlot.iife.min.js")]
    except FileNotFoundError:
        sys.exit("uPlot is missing: run npm install in gru_addition/show")
    print("Training takes about half a minute.", file=sys.stderr)
    configs = Config(seed=0), Config(seed=2), CONFIG
    html = laboratory(networks(*(train(config) for config in configs)), *uplot, still_picture())
    PAGE.write_text(html, encoding="utf-8")
    print(f"Page: {os.path.relpath(PAGE)}, {len(html.encode()):,} bytes")


if __name__ == "__main__":
    prepare_process()
    main()
