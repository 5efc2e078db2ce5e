"""Check the certificate with which `gru_addition.prove` proves a network right.

    python -m gru_addition.verify runs/latest/certificate.npz

This shares neither code nor arithmetic with the prover. It computes with the balls of Arb (python-
flint), each an exact number with a bound on the error, so every rounding is accounted for.

A certificate lists states of the network, each with the radius of a ball around it, the carry to be
remembered there, and the bit of the sum to be read there. For each of the four pairs of bits that a
column may hold, it names the ball to which a step leads. It holds if

1. the first state is zero, its carry is 0, and nothing leads back to it;
2. carries and bits are those of adding on paper;
3. throughout every other ball the output is on the right side of 0.5, by more than a slack;
4. from anywhere in a ball, a step leads into the named ball, and stays away from its edge by more
   than the slack; with rounding, when all radii are zero, a step from a state leads to within half
   a unit of the named state, less the slack;
5. the slack exceeds the bound on the error of a step in floating point, and no ball reaches
   farther from zero than that bound assumes;
6. the weights are those of the network in question.

Then the network adds every pair of numbers correctly, at every length. By induction over the
columns, the computed state lies in the ball to which the path of the columns leads. It does at the
start (1). If it does in one column, the exact step leads into the next ball (4), and so does the
computed one (5). With the carry goes the right bit (2), and that is the bit that is read (3).

By the mean value inequality, a step from a ball strays at most the radius times the largest
spectral norm of the Jacobian in the ball. All entries of the Jacobian are computed for the whole
ball at once. Its norm is at most that of the matrix of midpoints, which `_norm` bounds, plus the
Frobenius norm of the matrix of radii.
"""

import io
import os
import zipfile

import numpy as np
from flint import arb, arb_mat, ctx

from gru_addition.support.checks import brief
from gru_addition.support.files import read_file

LARGEST_FILE = 200_000_000
PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))
GATES = "rzh"
WEIGHTS = *("".join((kind, gate)) for kind in "WUb" for gate in GATES), "W_output", "b_output"
# In bits, and enough for rounding not to matter.
PRECISION = 80
LARGEST_NUMBER = 1.1


class RefusedError(Exception):
    """A certificate that does not hold, with the reason."""


def verify(certificate, weights, resolution=None):
    """Raise `RefusedError` unless a certificate proves the network with these weights right.

    certificate: arrays by name, as `gru_addition.prove.prove` makes them.
    weights: arrays by name, `Wr` to `b_output`.
    resolution: the network rounds its state to multiples of 1 / resolution; None if it does not.
    """
    c = _checked(certificate)
    _require(c["resolution"] == (resolution or 0), "it is for another resolution")
    _require(c["resolution"] >= 0, "its resolution is negative")
    for name in WEIGHTS:
        theirs = np.asarray(weights[name])
        same = c[name].shape == theirs.shape and (c[name] == theirs).all()
        same = same and c[name].dtype == np.result_type(theirs, np.float32)
        _require(same, f"it is for other weights: {name} differs")
    _check_addition(c)
    before = ctx.prec
    ctx.prec = PRECISION
    try:
        network = _Network(c)
        _require(network.step_error() < network.slack, "its slack is smaller than rounding errors")
        _check_outputs(c, network)
        if c["resolution"] == 0:
            _check_balls(c, network)
        else:
            _check_rounding(c, network)
    finally:
        ctx.prec = before


def _require(condition, otherwise):
    if not condition:
        raise RefusedError(otherwise)


def _checked(certificate):
    """Return the arrays, if all are there and have the right types and shapes."""
    missing = {*WEIGHTS, "resolution", "slack", "states", "radii", "carries", "bits", "targets"}
    missing -= set(certificate)
    _require(not missing, f"it lacks {', '.join(sorted(missing))}")
    c = {name: np.asarray(value) for name, value in certificate.items()}
    _require(c["states"].ndim == 2 and len(c["states"]) > 0, "it lists no states")
    number, hidden = c["states"].shape
    shapes = dict.fromkeys((f"W{gate}" for gate in GATES), (2, hidden))
    shapes |= dict.fromkeys((f"U{gate}" for gate in GATES), (hidden, hidden))
    shapes |= dict.fromkeys((f"b{gate}" for gate in GATES), (hidden,))
    shapes |= {"W_output": (hidden, 1), "b_output": (1,), "slack": (), "states": (number, hidden)}
    shapes |= {"radii": (number,), "carries": (number,), "bits": (number,), "targets": (number, 4)}
    shapes |= {"resolution": ()}
    for name, shape in shapes.items():
        kind = "i" if name in ("resolution", "carries", "bits", "targets") else "f"
        dtype = c[name].dtype
        fits = c[name].shape == shape and dtype.kind == kind and dtype.itemsize <= 8
        _require(fits and np.isfinite(c[name]).all(), f"{name} is not what it should be")
    _require((c["radii"] >= 0).all(), "a radius is negative")
    farthest = abs(c["states"]).max(axis=1) + c["radii"]
    _require(farthest.max() < LARGEST_NUMBER, "a ball reaches farther than a state can be")
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


def _check_outputs(c, network):
    """Rule 3."""
    spread = network.output_norm * _row(c["radii"])
    outputs = network.outputs(c["states"])
    for i in range(1, len(c["states"])):
        bit = int(c["bits"][i])
        margin = (2 * bit - 1) * (outputs[i, 0] - 0.5) - spread[0, i]
        _require(margin > network.slack, f"the output of state {i} may be wrong")


def _check_rounding(c, network):
    """Rule 4, with rounding."""
    _require(not c["radii"].any(), "a rounded state needs no ball")
    resolution = int(c["resolution"])
    for pair in range(4):
        steps = network.steps(c["states"], pair)
        for i, target in enumerate(c["targets"][:, pair].tolist()):
            for j in range(network.hidden):
                exact = resolution * arb(float(c["states"][target, j]))
                unit = round(float(exact.mid()))
                # A multiple of 1 / resolution, except for the last digit of the stored number.
                is_rounded = abs(exact - unit) <= abs(unit) * network.epsilon
                _require(is_rounded, f"state {target} is not rounded")
                off = abs(steps[i][j] * resolution - unit) + resolution * network.slack
                _require(off < 0.5, f"the step from state {i} may be rounded to another")


def _check_balls(c, network):
    """Rule 4, without rounding."""
    radii = [arb(radius) for radius in c["radii"].tolist()]
    for pair in range(4):
        steps = network.steps(c["states"], pair)
        for i, target in enumerate(c["targets"][:, pair].tolist()):
            there = c["states"][target].tolist()
            distance = _length(arb(x) - y for x, y in zip(there, steps[i], strict=True))
            stray = radii[i] * network.stretch(c["states"][i], radii[i], pair)
            _require(
                distance + stray + network.slack < radii[target],
                f"the step from the ball around state {i} may leave the ball of state {target}",
            )


class _Network:
    """The network in Arb's arithmetic."""

    def __init__(self, c):
        self.hidden = c["states"].shape[1]
        self.slack = arb(float(c["slack"]))
        self.epsilon = arb(float(np.finfo(c["Uz"].dtype).eps))
        self.w = {name: arb_mat(np.atleast_2d(c[name]).tolist()) for name in WEIGHTS}
        self.output_norm = _length(self.w["W_output"].entries())
        self.column_norms = {
            gate: [_length(column) for column in self.w["U" + gate].transpose().tolist()]
            for gate in "rz"
        }
        # What each pair of bits adds to each gate.
        self.inputs = {
            gate: (arb_mat(PAIRS) * self.w["W" + gate] + _rows(self.w["b" + gate], 4)).tolist()
            for gate in GATES
        }

    def outputs(self, states):
        return arb_mat(states.tolist()) * self.w["W_output"] + _rows(
            self.w["b_output"], len(states)
        )

    def steps(self, states, pair):
        """The states after a step, a list of lists of numbers."""
        h = arb_mat(states.tolist())

        def gate(name):
            products = (h * self.w["U" + name]).tolist()
            return [
                [_sigmoid(p + q) for p, q in self._with_input(row, name, pair)] for row in products
            ]

        z, r, h = gate("z"), gate("r"), h.tolist()
        reset = arb_mat(
            [[p * q for p, q in zip(*rows, strict=True)] for rows in zip(r, h, strict=True)]
        )
        products = (reset * self.w["Uh"]).tolist()
        proposal = [
            [(p + q).tanh() for p, q in self._with_input(row, "h", pair)] for row in products
        ]
        return [
            [old + weight * (new - old) for weight, old, new in zip(*rows, strict=True)]
            for rows in zip(z, h, proposal, strict=True)
        ]

    def _with_input(self, row, gate, pair):
        return zip(row, self.inputs[gate][pair], strict=True)

    def stretch(self, centre, radius, pair):
        """A bound on the spectral norm of the Jacobian of a step in a ball."""
        centre = arb_mat([centre.tolist()])
        h = [x + arb(0, 1) * radius for x in centre.entries()]

        def gate(name):
            products = (centre * self.w["U" + name]).entries()
            return [
                (p + q, radius * norm)
                for (p, q), norm in zip(
                    self._with_input(products, name, pair), self.column_norms[name], strict=True
                )
            ]

        z = [_monotone(_sigmoid, p, spread) for p, spread in gate("z")]
        at_r = gate("r")
        r = [_monotone(_sigmoid, p, spread) for p, spread in at_r]
        # The derivative of the argument of tanh.
        of_reset = _diagonal(r) + self.w["Ur"] * _diagonal(
            [x * _slope(gate) for x, gate in zip(h, r, strict=True)]
        )
        inner = of_reset * self.w["Uh"]
        reset = [_sigmoid(p) * x for (p, _), x in zip(at_r, centre.entries(), strict=True)]
        at_centre = (arb_mat([reset]) * self.w["Uh"]).entries()
        proposal = [
            _monotone(arb.tanh, p + q, radius * _length(column))
            for (p, q), column in zip(
                self._with_input(at_centre, "h", pair), inner.transpose().tolist(), strict=True
            )
        ]
        by_gate = [_slope(g) * (new - old) for g, new, old in zip(z, proposal, h, strict=True)]
        by_proposal = [g * (1 - new * new) for g, new in zip(z, proposal, strict=True)]
        jacobian = _diagonal([1 - g for g in z]) + self.w["Uz"] * _diagonal(by_gate)
        jacobian += inner * _diagonal(by_proposal)
        size = self.hidden
        middles = arb_mat(size, size, [x.mid() for x in jacobian.entries()])
        return _norm(middles) + _length(x.rad() for x in jacobian.entries())

    def step_error(self):
        """A bound on the error of a step in floating point, in any order of its sums.

        Sigmoid and tanh may be off by 100 units in the last place of a 1, and a rounded previous
        state by one in its last digit. No number in a ball is above `LARGEST_NUMBER`.
        """
        u, largest = self.epsilon, arb(LARGEST_NUMBER)
        of_sum = (self.hidden + 6) * u

        def size(*names):
            columns = zip(*(row for name in names for row in self.w[name].tolist()), strict=True)
            return _largest(sum(map(abs, column), arb(0)) for column in columns)

        def gate(name):
            return of_sum * largest * size("W" + name, "U" + name, "b" + name)

        reset = largest * (gate("r") / 4 + 100 * u) + 2 * u
        proposal = size("Uh") * reset + gate("h") + 100 * u
        number = 2 * largest * (gate("z") / 4 + 100 * u) + proposal + 4 * u
        output = of_sum * largest * size("W_output", "b_output")
        return _largest([number * arb(self.hidden).sqrt(), output])


def _sigmoid(x):
    return 1 / (1 + (-x).exp())


def _monotone(function, middle, spread):
    """All values of an increasing function from `middle - spread` to `middle + spread`."""
    return function(middle - spread).union(function(middle + spread))


def _slope(sigmoid):
    """The derivative of a sigmoid, s (1 - s), written so that only a square varies."""
    off = sigmoid - 0.5
    return arb(0.25) - off * off


def _length(numbers):
    """A bound on the Euclidean length of numbers, each anywhere in its ball."""
    return sum((x.abs_upper() ** 2 for x in numbers), arb(0)).sqrt()


def _largest(numbers):
    largest = arb(0)
    for x in numbers:
        largest = largest.max(x)
    return largest


def _norm(matrix):
    """A bound on a spectral norm: its 256th power is at most the Frobenius norm of (M^T M)^128."""
    power = matrix.transpose() * matrix
    for _ in range(7):
        power = power * power
    return _length(power.entries()).root(256)


def _diagonal(numbers):
    matrix = arb_mat(len(numbers), len(numbers))
    for i, x in enumerate(numbers):
        matrix[i, i] = x
    return matrix


def _row(array):
    return arb_mat([array.tolist()])


def _rows(row, number):
    return arb_mat(row.tolist() * number)


def read_certificate(path):
    """Return the arrays of a certificate file; raise `RefusedError` if it holds none.

    Raises `OSError` if the file can't be read.
    """
    if not os.path.lexists(path):
        raise FileNotFoundError(f"{brief(path)} is missing")
    content = read_file(path, LARGEST_FILE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            # Uncompressed data can't grow when it is read.
            if any(member.compress_type for member in members.infolist()):
                raise ValueError("compressed")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except MemoryError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds.
        raise RefusedError(f"the file holds no certificate ({type(error).__name__})") from None


if __name__ == "__main__":
    from gru_addition.commands.verify import main

    raise SystemExit(main())
