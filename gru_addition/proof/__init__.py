"""What `prove` and `study` think with: a network as a map from states to states, in NumPy.

Read `network` (one step), `search` (for sums that are wrong), `cover` (balls that no state leaves),
`automaton` (what a proved network is) and `pairs` (sums to ask for). It knows no TensorFlow. The
checker, `gru_addition.verify`, shares nothing with it.
"""
