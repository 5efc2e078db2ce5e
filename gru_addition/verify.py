"""Check the certificate with which `gru_addition.prove` proves a network right.

    python -m gru_addition verify runs/latest/certificate.npz

This shares no arithmetic with the prover, and no code except what reads a file of arrays,
`support.files.read_arrays`. It has equations of its own for each cell (`CELLS`), and computes with
the balls of Arb (python-flint): numbers with a bound on the error, which includes all rounding.

A certificate lists states of the network, each with the radius of a ball around it, the carry to be
remembered there, and the bit of the sum to be read there. For each of the four pairs of bits that a
column may hold, it names the ball to which a step leads. The distance of a state from the centre of
a ball is the Euclidean length of d `norm`, where d is the difference and `norm` an invertible
matrix in the certificate. A certificate holds if

1. the first state is zero, its carry is 0, and nothing leads back to it;
2. carries and bits are those of adding on paper;
3. throughout every other ball the output is on the right side of 0.5, by more than a slack;
4. from anywhere in a ball, a step leads into the named ball, and stays away from its edge by more
   than the slack; with rounding, when all radii are zero, a step from a state leads to within half
   a unit of the named state, less the slack and the error of the product that is rounded, the
   state times the resolution;
5. the slack exceeds the bound on the error of a step in floating point from anywhere in a ball;
6. the weights are those of the network in question.

Then the network adds every pair of numbers correctly, at every length. By induction over the
columns, the computed state lies in the ball to which the path of the columns leads. It does at the
start (1). If it does in one column, the exact step leads into the next ball (4), and so does the
computed one (5). With the carry goes the right bit (2), and that is the bit that is read (3).

Any other machine that reads pairs of bits may take the place of adding, and its state that of the
carry; in the arrays both are `memories`. The machine in the certificate must be the one that
`verify` is asked about.

docs/proof.md states this as a theorem, with its assumptions. How accurate sigmoid and tanh must be
is one of them. So `verify` also returns by how much all of them may be off, on the same
certificate: 2 to 5 then hold with another slack.

By the mean value inequality, a step from a ball strays at most the radius times the largest norm of
the Jacobian in the ball. All its entries are bounded for the whole ball at once. Its norm is at
most that of the matrix of midpoints plus that of the matrix of radii.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from itertools import chain
from operator import mul
from threading import Lock
from typing import NamedTuple

import numpy as np
from flint import arb, arb_mat, ctx

from gru_addition.support.files import DamagedError, read_arrays

PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))
# Whole numbers, and numbers.
WHOLE = {"resolution", "memories", "bits", "targets", "machine_targets", "machine_outputs"}
REAL = {"slack", "norm", "states", "radii"}
# What the prover adds for its readers, and nothing depends on.
UNCHECKED = {"output_margins", "step_margins"}
# How wrong sigmoid and tanh are assumed to be, in epsilons.
FUNCTION_ERROR = 100
# In bits, and enough for rounding not to matter.
PRECISION = 80
# Arb's precision is that of the whole process.
_precision_lock = Lock()


class RefusedError(Exception):
    """A certificate that does not hold, with the reason."""


class Equations(NamedTuple):
    """A kind of cell.

    gates: the letters of its gates in the names of the weights.
    step: a function of the state, `_Numbers` or `_Computed`; what the input adds to each gate, by
        its letter; and the weights by name. It returns the next state.
    numbers_per_unit: how many numbers in a state belong to each unit; the output layer reads the
        first of them, and these come first in a state.
    biases: the names of more biases.
    """

    gates: str
    step: Callable
    numbers_per_unit: int = 1
    biases: tuple = ()

    @property
    def weights(self):
        """The names of the weights, also those of the output layer."""
        of_gates = [kind + gate for kind in "WUb" for gate in self.gates]
        return [*of_gates, *self.biases, "W_output", "b_output"]


def _gru(h, x, w):
    z = (h @ w["Uz"] + x["z"]).sigmoid()
    r = (h @ w["Ur"] + x["r"]).sigmoid()
    candidate = ((r * h) @ w["Uh"] + x["h"]).tanh()
    return h + z * (candidate - h)


def _gru_reset_after(h, x, w):
    z = (h @ w["Uz"] + x["z"]).sigmoid()
    r = (h @ w["Ur"] + x["r"]).sigmoid()
    # The bound on the error of the product with Uh has room for that of the last sum.
    candidate = (r * (h @ w["Uh"] + w["bu"]) + x["h"]).tanh()
    return h + z * (candidate - h)


def _elman(h, x, w):
    return (h @ w["Uh"] + x["h"]).tanh()


def _lstm(state, x, w):
    hidden = w["Uc"].nrows()
    h, c = state.part(0, hidden), state.part(hidden, 2 * hidden)
    i, f, o = ((h @ w["U" + gate] + x[gate]).sigmoid() for gate in "ifo")
    c = f * c + i * (h @ w["Uc"] + x["c"]).tanh()
    return (o * c.tanh()).join(c)


CELLS = {
    "gru": Equations("rzh", _gru),
    "lstm": Equations("ifoc", _lstm, numbers_per_unit=2),
    "elman": Equations("h", _elman),
    "gru_reset_after": Equations("rzh", _gru_reset_after, biases=("bu",)),
}


class Tables(NamedTuple):
    """A machine: the state to which each pair of bits leads from each state, and the bit written.

    It starts in state 0. Both are of shape (n, 4).
    """

    targets: np.ndarray
    outputs: np.ndarray


# The states are the carries.
ADDITION = Tables(
    np.array([[0, 0, 0, 1], [0, 1, 1, 1]]),
    np.array([[0, 1, 1, 0], [1, 0, 0, 1]]),
)


def verify(certificate, weights, resolution=None, machine=ADDITION):
    """Raise `RefusedError` unless a certificate proves the network with these weights right.

    Returns how wrong any sigmoid and tanh may be for it to do so: a lower bound, to within 1 %.

    certificate: arrays by name, as `gru_addition.prove.prove` makes them.
    weights: arrays by name, `Wr` to `b_output`; the names tell the cell.
    resolution: the network rounds its state to multiples of 1 / resolution; None if it does not.
    machine: what it shall compute: anything with `targets` and `outputs` as in `Tables`.
    """
    cell = next((cell for cell in CELLS.values() if {*cell.weights} == {*weights}), None)
    _require(cell is not None, f"the network is no {', '.join(CELLS)} that adds")
    c = _checked(certificate, weights, cell, machine)
    _require(c["resolution"] == (resolution or 0) >= 0, "it is for another resolution")
    _check_machine(c, machine)
    with _precision_lock, ctx.workprec(PRECISION):
        network = _Network(c, cell)
        error = FUNCTION_ERROR * network.epsilon
        _require(
            network.step_error(c, error) < network.slack,
            "its slack is smaller than rounding errors",
        )
        steps = _ball_rooms if c["resolution"] == 0 else _rounding_rooms
        least = arb("inf")
        for room, otherwise in chain(_output_rooms(c, network), steps(c, network)):
            _require(room > network.slack, otherwise)
            least = least.min(room)
        return _largest_error(float(error), lambda e: network.step_error(c, arb(e)) < least)


def _largest_error(least, holds):
    """The largest error that is allowed, if the least is and 1 is too large, to within 1 %."""
    largest = 1.0
    while largest > 1.01 * least:
        middle = math.sqrt(least * largest)
        least, largest = (middle, largest) if holds(middle) else (least, middle)
    return least


def _require(condition, otherwise):
    if not condition:
        raise RefusedError(otherwise)


def _checked(certificate, weights, cell, machine):
    """Return the arrays, if all are there and have the right types and shapes; and rule 6.

    The weights tell the size of a state, so nothing is computed with arrays of another size.
    """
    names = WHOLE | REAL | {*cell.weights}
    missing, unknown = names - set(certificate), set(certificate) - names - UNCHECKED
    _require(not missing, f"it lacks {', '.join(sorted(missing))}")
    _require(not unknown, f"it holds {', '.join(sorted(unknown))}, of which nothing is known")
    c = {name: np.asarray(certificate[name]) for name in names}
    for name, array in c.items():
        fits = array.dtype.kind == ("i" if name in WHOLE else "f") and array.dtype.itemsize <= 8
        _require(fits, f"{name} is not what it should be")
    for name, theirs in weights.items():
        same = np.array_equal(c[name], theirs)
        same = same and c[name].dtype == np.result_type(theirs, np.float32)
        _require(same, f"it is for other weights: {name} differs")
    for name in Tables._fields:
        is_same = np.array_equal(c[f"machine_{name}"], getattr(machine, name))
        _require(is_same, f"it is for another machine: its {name} differ")
    number, hidden = c["radii"].size, c["W_output"].size
    size = hidden * cell.numbers_per_unit
    _require(number * size > 0, "it lists no states")
    shapes = {
        "W": (2, hidden), "U": (hidden, hidden), "b": (hidden,), "W_output": (hidden, 1),
        "b_output": (1,), "resolution": (), "slack": (), "norm": (size, size),
        "states": (number, size), "radii": (number,), "memories": (number,), "bits": (number,),
        "targets": (number, 4), "machine_targets": machine.targets.shape,
        "machine_outputs": machine.outputs.shape,
    }  # fmt: skip
    for name, array in c.items():
        fits = array.shape == shapes.get(name, shapes.get(name[0])) and np.isfinite(array).all()
        _require(fits, f"{name} is not what it should be")
    _require((c["radii"] >= 0).all(), "a radius is negative")
    return c


def _check_machine(c, machine):
    """Rules 1 and 2."""
    memories, bits, targets = c["memories"], c["bits"], c["targets"]
    is_in = (memories >= 0) & (memories < len(machine.targets)) & (bits >= 0) & (bits <= 1)
    _require(is_in[1:].all(), "it remembers or reads what no machine does")
    _require(not c["states"][0].any() and memories[0] == 0, "it does not begin with zeros")
    _require(((targets > 0) & (targets < len(targets))).all(), "a step leads to no state in it")
    is_right = memories[targets] == machine.targets[memories]
    is_right &= bits[targets] == machine.outputs[memories]
    _require(is_right.all(), "it does not remember and write what the machine does")


# Each of these yields how large the slack may be for a part of a rule to hold, and what may be
# wrong where it is larger.


def _output_rooms(c, network):
    """Rule 3."""
    outputs = arb_mat(c["states"].tolist()) * network.readout
    for i in range(1, len(c["states"])):
        side = 2 * int(c["bits"][i]) - 1
        stray = network.output_norm * float(c["radii"][i])
        room = side * (outputs[i, 0] + network.w["b_output"][0, 0] - 0.5) - stray
        yield room, f"the output of state {i} may be wrong"


def _rounding_rooms(c, network):
    """Rule 4, with rounding."""
    _require(not c["radii"].any(), "a rounded state needs no ball")
    resolution, states = int(c["resolution"]), c["states"].tolist()
    # No changes of the state are of interest, so one that is none stands for all.
    for i, target, step in _steps(c, network, arb_mat(1, network.size)):
        for x, number in zip(states[target], step.centre.entries(), strict=True):
            unit = round(resolution * Fraction(x))
            # A multiple of 1 / resolution, except for the last digit of the stored number.
            is_rounded = abs(resolution * arb(x) - unit) <= abs(unit) * network.epsilon
            _require(is_rounded, f"state {target} is not rounded")
            off = abs(number * resolution - unit) + (abs(unit) + 1) * network.epsilon
            yield (
                (0.5 - off) / resolution,
                f"the step from state {i} may be rounded to another",
            )


def _ball_rooms(c, network):
    """Rule 4, without rounding."""
    states, radii = c["states"].tolist(), c["radii"].tolist()
    *_, norm_of_slack = _norms(network.norm)
    least = arb("inf")
    for i, target, step in _steps(c, network, network.inverse_norm):
        off = _length(((step.centre - arb_mat([states[target]])) * network.norm).entries())
        # Sharper bounds take more time, and one that leaves more room than the least will do.
        for norm in _norms(step.slopes * network.norm):
            room = (radii[target] - off - radii[i] * norm) / norm_of_slack
            if room > least:
                break
        least = least.min(room)
        yield (
            room,
            f"the step from the ball around state {i} may leave the ball of state {target}",
        )


def _steps(c, network, directions):
    """For each ball and pair of bits: the ball's index, the target's, and the step there."""
    directions = _Basis(directions)
    for i, (state, radius) in enumerate(zip(c["states"].tolist(), c["radii"], strict=True)):
        ball = _Numbers(arb_mat([state]), directions, arb(float(radius)))
        for pair, target in enumerate(c["targets"][i].tolist()):
            yield i, target, network.step(ball, pair)


class _Network:
    """The network in Arb's arithmetic, with the norm of a certificate."""

    def __init__(self, c, cell):
        self.cell, self.size = cell, c["states"].shape[1]
        self.slack = arb(float(c["slack"]))
        self.epsilon = arb(float(np.finfo(c["W_output"].dtype).eps))
        self.w = {name: arb_mat(np.atleast_2d(c[name]).tolist()) for name in cell.weights}
        self.sizes = {name: _each(abs, matrix) for name, matrix in self.w.items()}
        # The output layer reads the units, which come first in a state.
        of_units = self.w["W_output"].entries()
        self.readout = arb_mat(self.size, 1, of_units + [0] * (self.size - len(of_units)))
        self.norm = arb_mat(c["norm"].tolist())
        try:
            # Its rows are the changes of a state that have length 1, at right angles to each other.
            self.inverse_norm = self.norm.inv()
        except ZeroDivisionError:
            raise RefusedError("its norm has no inverse") from None
        self.output_norm = _length((self.inverse_norm * self.readout).entries())
        # What each pair of bits adds to each gate.
        self.inputs = [
            {gate: arb_mat([pair]) * self.w["W" + gate] + self.w["b" + gate] for gate in cell.gates}
            for pair in PAIRS
        ]

    def step(self, h, pair):
        """The state after a step from h, `_Numbers`, for a pair of bits."""
        return self.cell.step(h, self.inputs[pair], self.w)

    def step_error(self, c, function_error):
        """A bound on the error of a step and of an output in floating point.

        function_error: how far a sigmoid or a tanh may be off.

        The bound holds for all states in the balls of a certificate, whatever the order of the
        sums.
        """
        largest = arb_mat([abs(c["states"]).max(axis=0).tolist()])
        reach = largest + float(c["radii"].max()) * _lengths(self.inverse_norm)
        # The last digit of a stored rounded state may be off by one, and so may the computer's.
        of_sum = (len(c["W_output"]) + 6) * self.epsilon
        errors = self.epsilon, of_sum, function_error
        h = _Computed(reach, 2 * self.epsilon * reach, *errors)
        w, both_bits = self.sizes, arb_mat([[1, 1]])
        x = {gate: both_bits * w["W" + gate] + w["b" + gate] for gate in self.cell.gates}
        output = h @ _each(abs, self.readout) + w["b_output"]
        return _length(self.cell.step(h, x, w).errors.entries()).max(output.errors[0, 0])


class _Basis:
    """A matrix of slopes that numbers share, and what is computed from it alone."""

    def __init__(self, matrix):
        self.matrix, self._products = matrix, {}

    @cached_property
    def lengths(self):
        return _lengths(self.matrix)

    def __matmul__(self, other):
        # The other matrix is kept, too, so that its id stays its own.
        if id(other) not in self._products:
            self._products[id(other)] = _Basis(self.matrix * other), other
        return self._products[id(other)][0]


class _Numbers:
    """Numbers that depend on a state, in a ball of states.

    centre: the numbers at the centre, (1, numbers).
    slopes: (directions, numbers); each row holds the changes of the numbers for a unit step in a
        direction, and the directions are at right angles in the norm of the ball. They are the
        columns of `basis`, a matrix or a `_Basis`, times the numbers in `factors`, a row or None.
    radius: of the ball.
    ranges: bounds on the numbers in the ball; a function finds what the slopes do not tell.
    """

    def __init__(self, centre, basis, radius, ranges=None, factors=None):
        self.centre, self.radius, self._ranges, self._factors = centre, radius, ranges, factors
        self._basis = basis if isinstance(basis, _Basis) else _Basis(basis)

    @cached_property
    def slopes(self):
        matrix = self._basis.matrix
        return matrix if self._factors is None else _scaled(matrix, self._factors)

    @cached_property
    def ranges(self):
        lengths = self._times_factors(self._basis.lengths)
        ranges = self.centre + arb(0, 1) * self.radius * lengths
        return ranges if self._ranges is None else _each(arb.intersection, ranges, self._ranges())

    def part(self, begin, end):
        """The numbers with these indices."""
        centre, slopes = (_columns(matrix, begin, end) for matrix in (self.centre, self.slopes))
        return self._with(centre, slopes, lambda: _columns(self.ranges, begin, end))

    def join(self, other):
        """These numbers and others."""
        centre, slopes = _beside(self.centre, other.centre), _beside(self.slopes, other.slopes)
        return self._with(centre, slopes, lambda: _beside(self.ranges, other.ranges))

    def __matmul__(self, matrix):
        basis = self._basis if self._factors is None else _Basis(self.slopes)
        return self._with(self.centre * matrix, basis @ matrix)

    def __add__(self, other):
        if isinstance(other, arb_mat):
            return self._with(self.centre + other, self._basis, factors=self._factors)
        centre, slopes = self.centre + other.centre, self.slopes + other.slopes
        return self._with(centre, slopes, lambda: self.ranges + other.ranges)

    def __sub__(self, other):
        centre, slopes = self.centre - other.centre, self.slopes - other.slopes
        return self._with(centre, slopes, lambda: self.ranges - other.ranges)

    def __mul__(self, other):
        centre, slopes = _each(mul, self.centre, other.centre), self._slopes_times(other.ranges)
        slopes += other._slopes_times(self.ranges)
        return self._with(centre, slopes, lambda: _each(mul, self.ranges, other.ranges))

    def sigmoid(self):
        # The slope s (1 - s) is written so that only a square varies.
        return self._applied(_sigmoid, lambda s: arb(0.25) - (s - 0.5) * (s - 0.5))

    def tanh(self):
        return self._applied(arb.tanh, lambda t: 1 - t * t)

    def _applied(self, function, slope_of_value):
        """An increasing function of the numbers."""

        def image(x):
            return function(x.mid() - x.rad()).union(function(x.mid() + x.rad()))

        ranges = _each(image, self.ranges)
        factors = self._times_factors(_each(slope_of_value, ranges))
        return self._with(_each(function, self.centre), self._basis, lambda: ranges, factors)

    def _times_factors(self, row):
        return row if self._factors is None else _each(mul, row, self._factors)

    def _slopes_times(self, row):
        return _scaled(self._basis.matrix, self._times_factors(row))

    def _with(self, centre, basis, ranges=None, factors=None):
        return _Numbers(centre, basis, self.radius, ranges, factors)


class _Computed:
    """Numbers computed in floating point, whatever their signs: bounds on their sizes and errors.

    The weights that they meet are sizes too.

    sizes, errors: (1, numbers).
    epsilon: twice the largest relative error of an operation.
    of_sum: the same for a sum of products with weights, in any order.
    of_function: how far a sigmoid or a tanh may be off.

    A step may compute h + z (h~ - h), or the tutorial's (1 - z) h + z h~, which is no worse.
    """

    def __init__(self, sizes, errors, epsilon, of_sum, of_function):
        self.sizes, self.errors = sizes, errors
        self.epsilon, self.of_sum, self.of_function = epsilon, of_sum, of_function

    def part(self, begin, end):
        return self._with(_columns(self.sizes, begin, end), _columns(self.errors, begin, end))

    def join(self, other):
        return self._with(_beside(self.sizes, other.sizes), _beside(self.errors, other.errors))

    def __matmul__(self, matrix):
        sizes, errors = self.sizes * matrix, self.errors * matrix
        return self._with(sizes, errors + self.of_sum * sizes)

    def __add__(self, other):
        if isinstance(other, arb_mat):
            return self._with(self.sizes + other, self.errors + self.of_sum * other)
        sizes = self.sizes + other.sizes
        return self._with(sizes, self.errors + other.errors + self.epsilon * sizes)

    __sub__ = __add__

    def __mul__(self, other):
        sizes = _each(mul, self.sizes, other.sizes)
        errors = _each(mul, self.sizes + self.errors, other.errors)
        errors += _each(mul, self.errors, other.sizes)
        return self._with(sizes, errors + self.epsilon * sizes)

    def sigmoid(self):
        return self._function(self.errors / 4)

    def tanh(self):
        return self._function(self.errors)

    def _function(self, errors):
        sizes = _each(lambda _: arb(1), errors)
        return self._with(sizes, errors + self.of_function * sizes)

    def _with(self, sizes, errors):
        return _Computed(sizes, errors, self.epsilon, self.of_sum, self.of_function)


def _sigmoid(x):
    # Written like this, it can't overflow.
    return (1 + (x / 2).tanh()) / 2


def _each(function, *matrices):
    """A function of each number in a matrix, or of the numbers at each place in several."""
    entries = (matrix.entries() for matrix in matrices)
    size = matrices[0].nrows(), matrices[0].ncols()
    return arb_mat(*size, [function(*numbers) for numbers in zip(*entries, strict=True)])


def _columns(matrix, begin, end):
    return arb_mat([row[begin:end] for row in matrix.tolist()])


def _beside(first, second):
    """A matrix that holds the columns of one and then those of another."""
    return arb_mat([x + y for x, y in zip(first.tolist(), second.tolist(), strict=True)])


def _scaled(matrix, row):
    """A matrix with each of its columns times the number at its place in a row."""
    products = map(mul, matrix.entries(), matrix.nrows() * row.entries())
    return arb_mat(matrix.nrows(), matrix.ncols(), list(products))


def _length(numbers):
    """A bound on the Euclidean length of numbers, each anywhere in its ball."""
    row = arb_mat([numbers])
    return (row * row.transpose())[0, 0].upper().sqrt()


def _lengths(matrix):
    """Bounds on the lengths of its columns, a row."""
    return arb_mat([[_length(column) for column in matrix.transpose().tolist()]])


def _norms(matrix):
    """Bounds on the spectral norm of all matrices in a matrix of balls, each sharper than the last.

    A norm is at most that of the midpoints plus that of the radii. The 2 n-th power of either is at
    most the trace of (M^T M)^n: for the last n and 100 units by less than 1 % of the norm.
    """
    powers = matrix.mid(), matrix - matrix.mid()
    for root in 2, 4, 8, 16, 32, 64, 128, 256, 512:
        powers = [power.transpose() * power for power in powers]
        # Arb does not take the root of a number that may be zero.
        traces = (power.trace().upper().max(arb(2) ** -30_000) for power in powers)
        yield sum(trace.root(root) for trace in traces)


def read_certificate(path):
    """Return the arrays of a certificate file; raise `RefusedError` if it holds none.

    Raises `OSError` if the file can't be read.
    """
    try:
        return read_arrays(path)
    except DamagedError as error:
        raise RefusedError(f"the file holds no certificate: {error}") from None


if __name__ == "__main__":
    # A checker that did nothing would end with the status of one that holds.
    import sys

    print("use python -m gru_addition verify", file=sys.stderr)
    raise SystemExit(2)
