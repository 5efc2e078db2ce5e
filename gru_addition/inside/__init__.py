"""Looking into a network, mostly from notebooks.

Read `traces` (gates and states along a sum), `figures`, `portraits` and `phase` (pictures),
`diagram` (the graph as a picture), `stepper` (a control) and `code` (the package's own code,
shown). It imports `proof`; only the `prove` command and the notebooks import it.
"""
