"""What differs between operating systems: files, locks, processes, and a shell's quotes.

Nothing else in the package uses what only POSIX systems have, so a port would start here.
"""

try:
    from gru_addition.support import posix as here
except ModuleNotFoundError as error:
    if error.name != "fcntl":
        raise
    from gru_addition.support import windows as here

MOST_PROCESSES = here.MOST_PROCESSES
OUT_OF_CTRL_C = here.OUT_OF_CTRL_C
PATTERN_CHARACTERS = here.PATTERN_CHARACTERS
START_METHOD = here.START_METHOD
flush = here.flush
lock = here.lock
open_to_read = here.open_to_read
quoted = here.quoted
reader_has_left = here.reader_has_left
replace = here.replace
sync_directory = here.sync_directory
sync_file = here.sync_file
