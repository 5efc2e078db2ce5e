"""A model's weights: their names and shapes, by the letters of its cell's gates.

For each gate a cell has a W, a U and a b: what the input, the state and a bias add to it. The
output layer has two more weights. This module needs no TensorFlow: it serves checkpoint readers,
and cells written in NumPy.
"""

# The reset gate, the update gate and the proposal, in the tutorial's order.
GRU_GATES = "rzh"


def weight_shapes(hidden_size, gates=GRU_GATES):
    """Return the shapes by name, `Wr` to `b_output`."""
    kinds = {"W": (2, hidden_size), "U": (hidden_size, hidden_size), "b": (hidden_size,)}
    of_cell = {kind + gate: kinds[kind] for kind in kinds for gate in gates}
    return of_cell | {"W_output": (hidden_size, 1), "b_output": (1,)}
