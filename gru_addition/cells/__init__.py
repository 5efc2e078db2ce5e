"""The cells: for each its step in TensorFlow and in NumPy, its letters, and its op seeds.

Read `elman`, the simplest; the tutorial's `gru`, whose TensorFlow step is in `gru_addition.model`;
`gru_reset_after`, the GRU of other frameworks; and `lstm`. `kind` says what a cell consists of: a
new one is a file here, listed in `weights`, and equations of its own in `gru_addition.verify`.
`noisy`, `rounded` and `penalty` change any cell; `models` builds what a `Config` asks for.
`network` runs trained weights in NumPy, and `enclosure` and `errors` bound what a step does.
`machine` holds the tasks: what a network shall compute.
`frameworks` reads networks of Keras and PyTorch. It imports `model`, `runs` and what is below.
"""
