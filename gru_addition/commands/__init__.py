"""The commands, `python -m gru_addition.train` and the others: flags, printing, and the bar.

Each has a module here that reads its arguments and reports the outcome; the module of the same name
outside does the work. `networks` holds what the commands about a trained network share. Only the
last lines of modules that are run as programs, `study/__main__` among them, import this wing.
"""
