"""What a proof is made of: a network as a map from states to states, in NumPy.

Read `cells` and `network` (one step), `search` (for wrong sums), `cover` (balls that no state
leaves), `automaton` (what a proved network is) and `pairs` (sums to ask for). `enclosure`, `norms`
and `rounding` bound what a step does to balls and to rounding errors. Nothing here uses TensorFlow.
The checker, `gru_addition.verify`, shares nothing with it: it bounds a step by itself. `export`,
`inside`, `prove`, `study` and the commands import this wing.
"""
