"""A run, from its first batch to its files.

Read `history` (the losses), `batches` (what each iteration trains on), `data` (the caller's own
data), `checkpoints` (what is on disk, and how it is read), `directory` (how it is written),
`variables` (TensorFlow's part of it) and `weights` (their names and shapes). Everything above may
import this wing; it imports `dataset`, `config` and `plotting`.
"""
