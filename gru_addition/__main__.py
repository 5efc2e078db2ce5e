"""`python -m gru_addition`: the command line."""

from gru_addition.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
