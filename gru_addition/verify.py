"""Check the certificate with which `gru_addition.prove` proves a network right.

    python -m gru_addition.verify runs/latest/certificate.npz

This shares neither code nor arithmetic with the prover. It computes with the balls of Arb (python-
flint), each an exact number with a bound on the error, so every rounding is accounted for.

A certificate lists states of the network, each with the radius of a ball around it, the carry to be
remembered there, and the bit of the sum to be read there. For each of the four pairs of bits that a
column may hold, it names the ball to which a step leads. A ball holds the states whose difference d
from its centre is no longer than the radius. The length of d is the Euclidean length of d `norm`,
where `norm` is an invertible matrix in the certificate. A certificate holds if

1. the first state is zero, its carry is 0, and nothing leads back to it;
2. carries and bits are those of adding on paper;
3. throughout every other ball the output is on the right side of 0.5, by more than a slack;
4. from anywhere in a ball, a step leads into the named ball, and stays away from its edge by more
   than the slack; with rounding, when all radii are zero, a step from a state leads to within half
   a unit of the named state, less the slack;
5. the slack exceeds the bound on the error of a step in floating point from anywhere in a ball;
6. the weights are those of the network in question.

Then the network adds every pair of numbers correctly, at every length. By induction over the
columns, the computed state lies in the ball to which the path of the columns leads. It does at the
start (1). If it does in one column, the exact step leads into the next ball (4), and so does the
computed one (5). With the carry goes the right bit (2), and that is the bit that is read (3).

By the mean value inequality, a step from a ball strays at most the radius times the largest norm of
the Jacobian in the ball. All its entries are bounded for the whole ball at once. Its norm is at
most that of the matrix of midpoints plus that of the matrix of radii.
"""

import io
import os
import zipfile
from functools import cached_property
from threading import Lock

import numpy as np
from flint import arb, arb_mat, ctx

from gru_addition.support.checks import brief
from gru_addition.support.files import read_file

LARGEST_FILE = 200_000_000
PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))
# The letters of the gates in the names of the weights, by the kind of cell.
GATES = {"gru": "rzh", "lstm": "ifoc", "elman": "h"}
# Whole numbers, and numbers.
WHOLE, REAL = {"resolution", "carries", "bits", "targets"}, {"slack", "norm", "states", "radii"}
# In bits, and enough for rounding not to matter.
PRECISION = 80
# Arb's precision is that of the whole process.
_precision_lock = Lock()


class RefusedError(Exception):
    """A certificate that does not hold, with the reason."""


def verify(certificate, weights, resolution=None):
    """Raise `RefusedError` unless a certificate proves the network with these weights right.

    certificate: arrays by name, as `gru_addition.prove.prove` makes them.
    weights: arrays by name, `Wr` to `b_output`; the names tell the cell.
    resolution: the network rounds its state to multiples of 1 / resolution; None if it does not.
    """
    cell = cell_of(weights)
    _require(cell is not None, f"the network is no {', '.join(GATES)} that adds")
    c = _checked(certificate, cell)
    _require(c["resolution"] == (resolution or 0), "it is for another resolution")
    _require(c["resolution"] >= 0, "its resolution is negative")
    for name in names_of_weights(cell):
        theirs = np.asarray(weights[name])
        same = c[name].shape == theirs.shape and (c[name] == theirs).all()
        same = same and c[name].dtype == np.result_type(theirs, np.float32)
        _require(same, f"it is for other weights: {name} differs")
    _check_addition(c)
    with _precision_lock:
        before, ctx.prec = ctx.prec, PRECISION
        try:
            _check_steps(c, cell)
        finally:
            ctx.prec = before


def cell_of(weights):
    """The kind of cell that has weights of just these names, or None."""
    return next((cell for cell in GATES if {*names_of_weights(cell)} == {*weights}), None)


def names_of_weights(cell):
    """The names of its weights, and those of the output layer's."""
    return [*(kind + gate for kind in "WUb" for gate in GATES[cell]), "W_output", "b_output"]


def _require(condition, otherwise):
    if not condition:
        raise RefusedError(otherwise)


def _checked(certificate, cell):
    """Return the arrays, if all are there and have the right types and shapes."""
    names = WHOLE | REAL | {*names_of_weights(cell)}
    missing = names - {"norm"} - set(certificate)
    _require(not missing, f"it lacks {', '.join(sorted(missing))}")
    c = {name: np.asarray(certificate[name]) for name in names & set(certificate)}
    _require(c["states"].ndim == 2 and c["states"].size > 0, "it lists no states")
    number, size = c["states"].shape
    # An LSTM has two numbers in its state for each unit.
    hidden = size // 2 if cell == "lstm" else size
    # Earlier versions knew Euclidean balls only.
    c.setdefault("norm", np.eye(size))
    shapes = {
        "W": (2, hidden), "U": (hidden, hidden), "b": (hidden,), "W_output": (hidden, 1),
        "b_output": (1,), "resolution": (), "slack": (), "norm": (size, size),
        "states": (number, size), "radii": (number,), "carries": (number,), "bits": (number,),
        "targets": (number, 4),
    }  # fmt: skip
    for name, array in c.items():
        dtype, shape = array.dtype, shapes.get(name, shapes.get(name[0]))
        kind = "i" if name in WHOLE else "f"
        fits = array.shape == shape and dtype.kind == kind and dtype.itemsize <= 8
        _require(fits and np.isfinite(array).all(), f"{name} is not what it should be")
    _require((c["radii"] >= 0).all(), "a radius is negative")
    return c


def _check_addition(c):
    """Rules 1 and 2."""
    carries, bits, targets = c["carries"], c["bits"], c["targets"]
    _require(not c["states"][0].any() and carries[0] == 0, "it does not begin with zeros")
    _require(((targets > 0) & (targets < len(targets))).all(), "a step leads to no state in it")
    for pair, (a, b) in enumerate(PAIRS):
        totals = a + b + carries
        right = (carries[targets[:, pair]] == totals // 2) & (bits[targets[:, pair]] == totals % 2)
        _require(right.all(), "it does not carry as one does on paper")


def _check_steps(c, cell):
    """Rules 3 to 5."""
    network = _Network(c, cell)
    _require(network.step_error(c) < network.slack, "its slack is smaller than rounding errors")
    _check_outputs(c, network)
    if c["resolution"] == 0:
        _check_balls(c, network)
    else:
        _check_rounding(c, network)


def _check_outputs(c, network):
    """Rule 3."""
    outputs = network.outputs(c["states"])
    for i in range(1, len(c["states"])):
        bit = int(c["bits"][i])
        stray = network.output_norm * float(c["radii"][i])
        margin = (2 * bit - 1) * (outputs[i, 0] - 0.5) - stray
        _require(margin > network.slack, f"the output of state {i} may be wrong")


def _check_rounding(c, network):
    """Rule 4, with rounding."""
    _require(not c["radii"].any(), "a rounded state needs no ball")
    resolution = int(c["resolution"])
    # No changes of the state are of interest, so these are none.
    no_slopes = arb_mat(0, network.size)
    for i, state in enumerate(c["states"].tolist()):
        for pair, target in enumerate(c["targets"][i].tolist()):
            step = network.step(_Numbers(state, no_slopes, arb(0)), pair)
            for x, number in zip(c["states"][target].tolist(), step.centre, strict=True):
                unit = round(resolution * x)
                # A multiple of 1 / resolution, except for the last digit of the stored number.
                is_rounded = abs(resolution * arb(x) - unit) <= abs(unit) * network.epsilon
                _require(is_rounded, f"state {target} is not rounded")
                off = abs(number * resolution - unit) + resolution * network.slack
                _require(off < 0.5, f"the step from state {i} may be rounded to another")


def _check_balls(c, network):
    """Rule 4, without rounding."""
    slack = network.slack * _norm_of_all(network.norm)
    radii = [arb(radius) for radius in c["radii"].tolist()]
    for i, state in enumerate(c["states"].tolist()):
        ball = _Numbers(state, network.inverse_norm, radii[i])
        for pair, target in enumerate(c["targets"][i].tolist()):
            step = network.step(ball, pair)
            there = c["states"][target].tolist()
            off = arb_mat([[x - y for x, y in zip(step.centre, there, strict=True)]])
            stray = radii[i] * _norm_of_all(step.slopes * network.norm)
            _require(
                _length((off * network.norm).entries()) + stray + slack < radii[target],
                f"the step from the ball around state {i} may leave the ball of state {target}",
            )


class _Network:
    """The network in Arb's arithmetic."""

    def __init__(self, c, cell):
        self.hidden, self.size = len(c["W_output"]), c["states"].shape[1]
        self.gates, self._step = GATES[cell], getattr(self, f"_{cell}_step")
        self.slack = arb(float(c["slack"]))
        self.epsilon = arb(float(np.finfo(c["W_output"].dtype).eps))
        names = names_of_weights(cell)
        self.w = {name: arb_mat(np.atleast_2d(c[name]).tolist()) for name in names}
        # The output layer reads the units, which come first in a state.
        self.readout = arb_mat(
            self.size, 1, self.w["W_output"].entries() + [0] * (self.size - self.hidden)
        )
        self.norm = arb_mat(c["norm"].tolist())
        try:
            # Its rows are the changes of a state that have length 1, at right angles to each other.
            self.inverse_norm = self.norm.inv()
        except ZeroDivisionError:
            raise RefusedError("its norm has no inverse") from None
        self.output_norm = _length((self.inverse_norm * self.readout).entries())
        # What each pair of bits adds to each gate.
        self.inputs = [
            {
                gate: (arb_mat([pair]) * self.w["W" + gate] + self.w["b" + gate]).entries()
                for gate in self.gates
            }
            for pair in PAIRS
        ]

    def outputs(self, states):
        biases = arb_mat([self.w["b_output"].entries()] * len(states))
        return arb_mat(states.tolist()) * self.readout + biases

    def step(self, h, pair):
        """The state after a step from h for a pair of bits: `_Numbers` or `_Computed`."""
        return self._step(h, self.inputs[pair])

    def _gru_step(self, h, x):
        z = (h @ self.w["Uz"] + x["z"]).sigmoid()
        r = (h @ self.w["Ur"] + x["r"]).sigmoid()
        candidate = ((r * h) @ self.w["Uh"] + x["h"]).tanh()
        return h + z * (candidate - h)

    def _elman_step(self, h, x):
        return (h @ self.w["Uh"] + x["h"]).tanh()

    def _lstm_step(self, state, x):
        h, c = state.part(0, self.hidden), state.part(self.hidden, self.size)
        i, f, o = ((h @ self.w["U" + gate] + x[gate]).sigmoid() for gate in "ifo")
        c = f * c + i * (h @ self.w["Uc"] + x["c"]).tanh()
        return (o * c.tanh()).join(c)

    def step_error(self, c):
        """A bound on the error of a step and of an output in floating point.

        It holds for all states in the balls of a certificate, whatever the order of the sums.
        """
        reach = [
            _length(column) * float(c["radii"].max()) + float(abs(numbers).max())
            for column, numbers in zip(
                self.inverse_norm.transpose().tolist(), c["states"].T, strict=True
            )
        ]
        # The last digit of a stored rounded state may be off by one, and so may the computer's.
        h = _Computed(self, reach, [2 * self.epsilon * x for x in reach])
        x = {gate: _columns_of_sizes(self.w["W" + gate], self.w["b" + gate]) for gate in self.gates}
        output = h @ self.readout + _columns_of_sizes(self.w["b_output"])
        return _length(self._step(h, x).errors).max(output.errors[0])


class _Numbers:
    """Numbers that depend on a state, in a ball of states.

    centre: the numbers at the centre, a list.
    slopes: a matrix; each row holds the changes of the numbers for a unit step in a direction, and
        the directions are at right angles in the norm of the ball.
    radius: of the ball.
    ranges: bounds on the numbers in the ball, besides those that follow from the slopes.
    """

    def __init__(self, centre, slopes, radius, ranges=None):
        self.centre, self.slopes, self.radius = [arb(x) for x in centre], slopes, radius
        self._ranges = ranges

    @cached_property
    def ranges(self):
        columns = self.slopes.transpose().tolist()
        ranges = [
            x + arb(0, 1) * self.radius * _length(column)
            for x, column in zip(self.centre, columns, strict=True)
        ]
        if self._ranges is None:
            return ranges
        return [x.intersection(y) for x, y in zip(ranges, self._ranges, strict=True)]

    def part(self, begin, end):
        """The numbers with these indices."""
        rows = [row[begin:end] for row in self.slopes.tolist()]
        slopes, ranges = _matrix(rows, end - begin), self.ranges[begin:end]
        return _Numbers(self.centre[begin:end], slopes, self.radius, ranges)

    def join(self, other):
        """These numbers and others."""
        rows = [
            row + more
            for row, more in zip(self.slopes.tolist(), other.slopes.tolist(), strict=True)
        ]
        slopes = _matrix(rows, len(self.centre) + len(other.centre))
        return _Numbers(self.centre + other.centre, slopes, self.radius, self.ranges + other.ranges)

    def __matmul__(self, matrix):
        centre = (arb_mat([self.centre]) * matrix).entries()
        return _Numbers(centre, self.slopes * matrix, self.radius)

    def __add__(self, other):
        if isinstance(other, list):
            return _Numbers(_added(self.centre, other), self.slopes, self.radius)
        slopes, ranges = self.slopes + other.slopes, _added(self.ranges, other.ranges)
        return _Numbers(_added(self.centre, other.centre), slopes, self.radius, ranges)

    def __sub__(self, other):
        minus = [-x for x in other.centre], -other.slopes, self.radius, [-x for x in other.ranges]
        return self + _Numbers(*minus)

    def __mul__(self, other):
        slopes = self.slopes * _diagonal(other.ranges) + other.slopes * _diagonal(self.ranges)
        ranges = _multiplied(self.ranges, other.ranges)
        return _Numbers(_multiplied(self.centre, other.centre), slopes, self.radius, ranges)

    def sigmoid(self):
        # The slope s (1 - s) is written so that only a square varies.
        return self._applied(_sigmoid, lambda s: arb(0.25) - (s - 0.5) * (s - 0.5))

    def tanh(self):
        return self._applied(arb.tanh, lambda t: 1 - t * t)

    def _applied(self, function, slope_of_value):
        """An increasing function of the numbers."""
        ranges = [
            function(x.mid() - x.rad()).union(function(x.mid() + x.rad())) for x in self.ranges
        ]
        slopes = self.slopes * _diagonal([slope_of_value(value) for value in ranges])
        return _Numbers([function(x) for x in self.centre], slopes, self.radius, ranges)


class _Computed:
    """Numbers computed in floating point, whatever their signs: bounds on their sizes and errors.

    network: its `epsilon` is twice the largest relative error of an operation. Sums of its weights
        may be taken in any order. Sigmoid and tanh may be off by 100 epsilon.
    sizes, errors: lists.

    A step may compute h + z (h~ - h), or the tutorial's (1 - z) h + z h~, which is no worse.
    """

    def __init__(self, network, sizes, errors):
        self.network, self.sizes, self.errors = network, sizes, errors
        self.of_sum = (network.hidden + 6) * network.epsilon

    def part(self, begin, end):
        return _Computed(self.network, self.sizes[begin:end], self.errors[begin:end])

    def join(self, other):
        return _Computed(self.network, self.sizes + other.sizes, self.errors + other.errors)

    def __matmul__(self, matrix):
        sizes, errors = (arb_mat([self.sizes, self.errors]) * _sizes(matrix)).tolist()
        return self._rounded(sizes, errors, self.of_sum)

    def __add__(self, other):
        if isinstance(other, list):
            errors = _added(self.errors, [self.of_sum * size for size in other])
            return _Computed(self.network, _added(self.sizes, other), errors)
        sizes, errors = _added(self.sizes, other.sizes), _added(self.errors, other.errors)
        return self._rounded(sizes, errors, self.network.epsilon)

    __sub__ = __add__

    def __mul__(self, other):
        largest = _added(self.sizes, self.errors)
        errors = _added(_multiplied(largest, other.errors), _multiplied(self.errors, other.sizes))
        return self._rounded(_multiplied(self.sizes, other.sizes), errors, self.network.epsilon)

    def sigmoid(self):
        return self._function([error / 4 for error in self.errors])

    def tanh(self):
        return self._function(self.errors)

    def _function(self, errors):
        return self._rounded([arb(1)] * len(errors), errors, 100 * self.network.epsilon)

    def _rounded(self, sizes, errors, epsilon):
        rounding = [epsilon * size for size in sizes]
        return _Computed(self.network, sizes, _added(errors, rounding))


def _sigmoid(x):
    return 1 / (1 + (-x).exp())


def _added(numbers, others):
    return [x + y for x, y in zip(numbers, others, strict=True)]


def _multiplied(numbers, others):
    return [x * y for x, y in zip(numbers, others, strict=True)]


def _matrix(rows, columns):
    """A matrix of lists, of which there may be none."""
    return arb_mat(len(rows), columns, [x for row in rows for x in row])


def _sizes(matrix):
    return arb_mat(matrix.nrows(), matrix.ncols(), [abs(x) for x in matrix.entries()])


def _columns_of_sizes(*matrices):
    """The largest that a sum of a row of each matrix can be, in each column."""
    rows = [row for matrix in matrices for row in _sizes(matrix).tolist()]
    return [sum(column, arb(0)) for column in zip(*rows, strict=True)]


def _length(numbers):
    """A bound on the Euclidean length of numbers, each anywhere in its ball."""
    return sum((x.abs_upper() ** 2 for x in numbers), arb(0)).sqrt()


def _norm_of_all(matrix):
    """A bound on the spectral norm of all matrices in a matrix of balls."""
    size = matrix.nrows(), matrix.ncols()
    middles = arb_mat(*size, [x.mid() for x in matrix.entries()])
    return _norm(middles) + _norm(arb_mat(*size, [x.rad() for x in matrix.entries()]))


def _norm(matrix):
    """A bound on a spectral norm: its 256th power is at most the Frobenius norm of (M^T M)^128."""
    power = matrix.transpose() * matrix
    for _ in range(7):
        power = power * power
    # Arb does not take the root of a number that may be zero.
    return _length(power.entries()).max(arb(2) ** -30_000).root(256)


def _diagonal(numbers):
    matrix = arb_mat(len(numbers), len(numbers))
    for i, x in enumerate(numbers):
        matrix[i, i] = x
    return matrix


def read_certificate(path):
    """Return the arrays of a certificate file; raise `RefusedError` if it holds none.

    Raises `OSError` if the file can't be read.
    """
    if not os.path.lexists(path):
        raise FileNotFoundError(f"{brief(path)} is missing")
    content = read_file(path, LARGEST_FILE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            # Neither compressed nor overlapping data can grow when it is read.
            if any(member.compress_type for member in members.infolist()):
                raise ValueError("compressed")
            if sum(member.file_size for member in members.infolist()) > len(content):
                raise ValueError("overlapping")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            names = {name for cell in GATES for name in names_of_weights(cell)} | WHOLE | REAL
            return {name: arrays[name] for name in arrays.files if name in names}
    except MemoryError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds.
        raise RefusedError(f"the file holds no certificate ({type(error).__name__})") from None


if __name__ == "__main__":
    from gru_addition.commands.verify import main

    raise SystemExit(main())
