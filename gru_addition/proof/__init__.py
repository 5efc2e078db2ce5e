"""What `prove` and `study` work with: a network as a map from states to states, in NumPy.

Read `network` (one step), `search` (for wrong sums), `cover` (balls that no state leaves),
`automaton` (what a proved network is) and `pairs` (sums to ask for). Nothing here uses TensorFlow.
The checker, `gru_addition.verify`, shares nothing with it.
"""
