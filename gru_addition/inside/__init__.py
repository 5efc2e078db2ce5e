"""Looking into a network, mostly from notebooks.

Read `traces` (gates and states along a sum), then the pictures: `figures` (one sum), `portraits` (a
network), `memory`, `answers`, `phase` and `balls`; `cell` and `diagram` (the GRU and its graph).
`stepper`, `code` and `described` are for notebooks only. It imports `proof`; only the `prove` and
`show` commands and the notebooks import it.
"""
