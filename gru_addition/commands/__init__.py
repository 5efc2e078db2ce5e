"""The commands, `python -m gru_addition.train` and the others: flags, printing, and the bar.

Each has a module here that reads its arguments and says what came of it. What it does is done by
the module of the same name outside. `networks` holds what the commands about a trained network
share. Nothing imports this wing but the last lines of the modules that are started as programs.
"""
