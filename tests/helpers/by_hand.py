"""Networks whose weights are set by hand to do what a machine does."""

import numpy as np

LARGE = 40.0


def network_of(machine):
    """The weights of an Elman network that does exactly what a `Machine` does.

    It has a unit for each state and each pair of bits, which is 1 if both were met in the last
    column and -1 if not; and one more unit that is 1 in every column.
    """
    number = len(machine.targets)
    pairs = np.array([(a, b) for a in (0, 1) for b in (0, 1)])
    states, columns = np.repeat(np.arange(number), 4), np.tile(pairs, (number, 1))
    leads_to = machine.targets.ravel()[:, np.newaxis] == states
    # Three conditions must hold for a unit to be 1: the state before, and the two bits.
    inputs = 2 * columns - 1
    bias = np.sum(1 - columns, axis=1) - 2.5 + (states == 0)
    recurrent = np.zeros((4 * number + 1, 4 * number + 1))
    recurrent[:-1, :-1] = leads_to / 2
    # Before the first column all units are 0, and the machine is in state 0.
    recurrent[-1, :-1] = leads_to.sum(axis=0) / 2 - (states == 0)
    return {
        "Wh": LARGE * np.pad(inputs.T, [(0, 0), (0, 1)]).astype(float),
        "Uh": LARGE * recurrent,
        "bh": LARGE * np.append(bias, 1.0),
        "W_output": np.append(machine.outputs.ravel() / 2, 0.0)[:, np.newaxis],
        "b_output": np.array([machine.outputs.sum() / 2]),
    }
