"""Build the page of the docs, `docs/index.html`: three networks, side by side.

    python examples/page.py

It takes about a minute. `make page` does the same.
"""

import os
import sys
from pathlib import Path

from two_units import CONFIG, rounded_weights, shortened

from gru_addition import prepare_process
from gru_addition.config import Config
from gru_addition.show import page, page_data

PAGE = Path(__file__).parents[1] / "docs" / "index.html"
TUTORIAL = (
    "The tutorial's network",
    "16 units, trained on 100 sums of five bits. It gets 13 + 12 wrong: it has seen no sum with "
    "1 + 1 in both column 2 and column 3, and here the carry between them comes out too weak.",
)
DRIFTING = (
    "A network that drifts",
    "The same, but training began with other random weights. It is right on all sums of up to "
    "nine bits, and on random sums of 2,000 bits. But its state creeps on while it should keep a "
    "carry: try 2^81 - 1 + 2^80 + 1.",
)
PROVED = (
    "Two units, proved right",
    "33 weights with one decimal. Its proof is the start and four balls (ellipses here), one for "
    "each carry and bit. From anywhere in one, each pair of bits leads into the ball with the "
    "right carry, and there the output is right. So every sum is right, however long.",
)
TOUR = (
    ("13 + 12: the tutorial's network goes wrong", "a=13&b=12&bits=6&column=4"),
    (
        "2^81 - 1 + 2^80 + 1: the second network's state drifts, and one bit is wrong",
        "a=2^81-1&b=2^80%2B1&bits=83&column=81",
    ),
    (
        "2^300 - 1 + 1: only the third keeps a carry for 300 columns",
        "a=2^300-1&b=1&bits=302&column=301",
    ),
)


def networks(tutorial, drifting, small):
    """What the page has to know about these three networks.

    tutorial, drifting: `Run`s of the tutorial's settings with seeds 0 and 2. small: of `CONFIG`.
    """
    from gru_addition.prove import prove

    weights = rounded_weights(small.weights, 1)
    certificate = shortened(prove(weights).certificate, weights)
    return [
        page_data(tutorial.weights, *TUTORIAL, history=tutorial.history),
        page_data(drifting.weights, *DRIFTING, history=drifting.history),
        page_data(weights, *PROVED, certificate=certificate, history=small.history),
    ]


def main():
    """Train the three networks, and write the page."""
    from gru_addition.train import train

    print("Training takes about half a minute.", file=sys.stderr)
    configs = Config(seed=0), Config(seed=2), CONFIG
    html = page(networks(*(train(config) for config in configs)), TOUR)
    PAGE.write_text(html, encoding="utf-8")
    print(f"Page: {os.path.relpath(PAGE)}")


if __name__ == "__main__":
    prepare_process()
    main()
