"""A GRU that learns to add: the 2017 Data Blogger tutorial, on today's TensorFlow.

Importing the package costs nothing; TensorFlow is imported by the modules that need it.
"""

__version__ = "0.1.0"
