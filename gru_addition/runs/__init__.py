"""A run, from its first batch to its files.

Read `history` (the losses), `batches` (what each iteration trains on), `data` (the caller's own
data), `checkpoints` (what is on disk, and how it is read), `directory` (how it is written),
`variables` (TensorFlow's part of it) and `weights` (their names and shapes). It imports
`dataset`, `config`, `plotting` and `support`; `model` and all that imports it may import it.
"""
