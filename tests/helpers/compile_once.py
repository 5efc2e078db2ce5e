"""Let XLA compile each program once for all the tests of a session.

TensorFlow can keep in a directory what XLA has compiled, and finds a program again by the names of
its functions, among other things. It numbers these throughout a process; here the numbers restart
with every graph, so equal graphs have equal names.
"""

import itertools
import threading

FLAGS = "TF_XLA_FLAGS"


def flags(directory):
    """The flags with which a process keeps programs there, if set before it imports TensorFlow."""
    return f"--tf_xla_persistent_cache_directory={directory}"


def give_equal_graphs_equal_names():
    # This one imports TensorFlow silently.
    from gru_addition.engines import graphs  # isort: split
    from tensorflow.python.eager.polymorphic_function import atomic_function
    from tensorflow.python.framework import ops

    build_graph, uid = graphs._build_graph, ops.uid
    from_func_graph = atomic_function.from_func_graph
    # Each thread builds a graph of its own.
    building = threading.local()

    def build_numbered_anew(build, *arguments):
        building.numbers = itertools.count(10**9)
        try:
            return build_graph(build, *arguments)
        finally:
            del building.numbers

    def number():
        return next(building.numbers) if hasattr(building, "numbers") else uid()

    def replacing(*arguments, **options):
        # Each graph has a copy of its functions; what is replaced is no longer needed.
        function = from_func_graph(*arguments, **options | {"overwrite": True})
        # With one more reference, the end of the old function does not remove its successor.
        scope = function._bound_context.function_scope_id
        atomic_function.RUNTIME_FUNCTION_REFS[scope, function.name] += 1
        return function

    graphs._build_graph, ops.uid = build_numbered_anew, number
    atomic_function.from_func_graph = replacing
