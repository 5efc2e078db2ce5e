"""The engines: how the iterations of a run are computed.

Read `session` (the tutorial's loop), then `compiled` (the default: the same inside the graph, by
XLA); both are written to be copied. `program` puts model and engine together, `graphs` builds
graphs and opens sessions that the host process can't disturb, and `export` hands a network to
TensorFlow 2. `train`, `add`, `prove` and `study` import this wing.
"""
