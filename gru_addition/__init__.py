"""A GRU that learns to add: the 2017 Data Blogger tutorial, on today's TensorFlow.

The hall is the tutorial, in its order: `dataset`, `config`, `model`, `train`, `add`, `plotting`.
`variants` holds our changes to it, and `export`, `prove`, `verify` and `study` are the other
commands. The rest are wings: `commands`, `engines`, `runs`, `proof`, `inside`, `support`.

Importing the package costs nothing; TensorFlow is imported by the modules that need it.
"""

import sys

__version__ = "0.1.0"

if sys.argv[:1] == ["-m"]:
    # Python is about to run a module, probably one of our commands, which owns its process.
    from gru_addition.support import unexpected

    unexpected.take_over()
