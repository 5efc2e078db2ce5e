"""Run the command."""

from gru_addition.commands.show import main
from gru_addition.support import xla

if __name__ == "__main__":
    xla.prepare_process()
    raise SystemExit(main())
