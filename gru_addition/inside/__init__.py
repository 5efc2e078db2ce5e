"""Looking into a network, mostly from notebooks.

Read `traces` (gates and states along a sum), then the pictures: `figures` (one sum), `portraits` (a
network), `memory`, `answers` and `phase` (networks of two units). `notebook` shows figures and code
there. It imports `cells`; only the `prove` and `show` commands and the notebooks import it.
"""
