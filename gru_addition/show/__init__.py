"""A page about a few networks: one HTML file that needs no server and nothing from the network.

    python -m gru_addition show

The networks compute in the page. `numbers` computes, `drawing` draws, `acts` tell, and `page.js`
starts them. This module writes them into `page.html`, with what it has to know about each network.
"""

import json
import posixpath
import re
from importlib.resources import files

import numpy as np

from gru_addition.cells.network import Network
from gru_addition.inside.portraits import ball_axes, principal_plane
from gru_addition.inside.traces import random_states

# Marks a file as one of our pages.
TITLE = "<title>A GRU adds, column by column</title>"
# What the page says about balls.
CERTIFICATE_NAMES = {name: name for name in ("norm", "states", "radii", "targets")} | {
    "carries": "memories", "bits": "bits",
}  # fmt: skip
# How one of our modules imports another.
IMPORT = re.compile(r'^import [^"]+ from "([^"]+)";\n', re.MULTILINE)
# How many states of random sums are drawn, and how many of the losses.
MOST_STATES, MOST_LOSSES = 400, 250


def page(networks):
    """Return a page, HTML, about networks that `page_data` describes.

    A network may also have a "tour", {"words", "link"}: what to look at, such as "a=13&b=12"; and a
    "key", which links call it by, instead of its number.
    """
    parts = {
        "page.css": read("page.css"),
        "watch.css": read("acts/watch.css"),
        "data": as_json(networks),
        "page.js": bundle("page.js"),
    }
    return filled("page.html", parts)


def bundle(name):
    """Join a module of JavaScript with all that it imports: each once, the imported ones first."""
    texts, seen = [], set()

    def add(name):
        if name not in seen:
            seen.add(name)
            text = read(name)
            for imported in IMPORT.findall(text):
                add(posixpath.normpath(posixpath.join(posixpath.dirname(name), imported)))
            texts.append(re.sub("^export ", "", IMPORT.sub("", text), flags=re.MULTILINE).strip())

    add(name)
    return "\n\n".join(texts)


def as_json(data):
    """Return data for a script of the page."""
    # To a browser, "</script" and "<!--" mean something wherever they stand in a script.
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def is_page(path):
    """Whether a file is one of our pages."""
    try:
        with open(path, encoding="utf-8") as file:
            return TITLE in file.read(1000)
    except (OSError, UnicodeDecodeError):
        return False


def page_data(weights, name, about, resolution=None, certificate=None, history=None):
    """Return what a page has to know about a network, for JSON.

    weights: arrays by name, `Wr` to `b_output`, such as `Run.weights`.
    name, about: a title, and a sentence or two.
    resolution: the state is rounded to multiples of 1 / resolution; None if not.
    certificate: that of a proof, if there is one.
    history: a `gru_addition.runs.history.History`, to draw the losses, or None.

    Raises the errors of `gru_addition.cells.network.Network`.
    """
    network = Network(weights, resolution)
    states, carries, _ = random_states(network)
    some = np.linspace(0, len(states) - 1, MOST_STATES).astype(int)
    planes = [_plane(states[some], carries[some], certificate, *plane) for plane in _planes(states)]
    return {
        "name": name,
        "about": about,
        "cell": network.cell,
        "resolution": resolution,
        "stateSize": network.state_size,
        "weights": {name: weight.tolist() for name, weight in network.weights.items()},
        "planes": planes,
        "certificate": certificate
        and {name: certificate[ours].tolist() for name, ours in CERTIFICATE_NAMES.items()},
        "losses": history and _losses(history),
    }


def filled(template, parts):
    """Fill what a template leaves open, such as `/* page.css */`."""
    return re.sub(r"/\* (\S+) \*/", lambda place: parts[place[1]].strip(), read(template))


def read(name):
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _planes(states):
    """Centres, directions (2, state_size) and names of axes, of planes to see states in.

    For two or three units, these are planes of units, which show it exactly.
    """
    size = states.shape[1]
    if size > 3:
        names = [f"{nth} principal component" for nth in ("first", "second")]
        return [(*principal_plane(states), names)]
    units, others = np.eye(size), range(1, size) or [0]
    return [(np.zeros(size), units[[0, unit]], ("unit 0", f"unit {unit}")) for unit in others]


def _plane(states, carries, certificate, centre, directions, names):
    """What the page draws in a plane: some states, and the balls of a certificate."""
    places = np.round((states - centre) @ directions.T, 4).tolist()
    balls = []
    if certificate is not None:
        changes = np.linalg.solve(certificate["norm"], directions.T)
        centres = (certificate["states"] - centre) @ directions.T
        for (x, y), radius, carry in zip(
            centres.tolist(), certificate["radii"], certificate["memories"].tolist(), strict=True
        ):
            (rx, ry), angle = ball_axes(radius, changes)
            balls.append({"x": x, "y": y, "rx": rx, "ry": ry, "angle": angle, "carry": carry})
    return {
        "centre": centre.tolist(),
        "directions": directions.tolist(),
        "names": names,
        "cloud": [[*place, carry] for place, carry in zip(places, carries.tolist(), strict=True)],
        "balls": balls,
    }


def _losses(history):
    some = np.unique(np.linspace(0, len(history) - 1, MOST_LOSSES).astype(int))
    losses = {"train": history.train_losses, "test": history.validation_losses}
    # Four digits are more than can be seen.
    digits = {name: [float(f"{x:.4g}") for x in values[some]] for name, values in losses.items()}
    return {"iterations": some.tolist()} | digits
