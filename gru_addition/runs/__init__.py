"""A run, from its first batch to its files.

Read `history` (the losses), `batches` (what each iteration trains on), `data` (the caller's own
data), `state` (all that a run needs to resume, and its file), `directory` (where it is trained),
and `saver` (what TensorFlow 1 leaves on disk). It imports `config`, `dataset`, `plotting` and
`support`; everything that is not below it may import it.
"""
