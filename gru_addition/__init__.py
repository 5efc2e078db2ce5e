"""A GRU that learns to add: the 2017 Data Blogger tutorial, on today's TensorFlow.

Importing the package costs nothing; TensorFlow is imported by the modules that need it.
"""

import sys

__version__ = "0.1.0"

if sys.argv[:1] == ["-m"]:
    # Python is about to run a module, probably one of our commands, which owns its process.
    from gru_addition.support import unexpected

    unexpected.take_over()
