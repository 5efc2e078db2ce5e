"""Prove that a trained network adds every pair correctly, or find the smallest it gets wrong.

Adding is the task of one `gru_addition.cells.machine.Machine`. The same holds for others, with the
state of the machine in place of the carry.

**What is claimed.** A network reads the columns of a sum one by one. It is right at every length
if, whatever columns it has read, its output in the last one is above 0.5 exactly when the sum has a
1 there. There are infinitely many sums; a proof must cover them all in finitely many steps.

**With a rounded state** (`gru_addition.cells.rounded`) the network is a finite automaton. From the
zero state and carry 0, a search follows the four pairs of bits that a column may hold from each
state to the next, and keeps track of the correct carry. If a step gives a wrong bit, its path
spells a wrong sum; since shorter paths come first, none has fewer bits. If the search ends, it has
met every state that the network can ever reach, each with its carry, and all bits were right.

**Without rounding** there are infinitely many states. The search treats a state as one it has
already met if the two are close and have the same carry and bit. That is no proof, because small
differences might grow. So each state gets a ball around it, large enough that a step from anywhere
in a ball ends in the ball of the state taken for the target:

    stretch * radius + gap + slack <= radius of the target

Here stretch bounds the norm of the step's Jacobian over the whole ball, and the gap is the distance
between the step from its centre and the target. If the output stays on the right side of 0.5 in
every ball, no sum is wrong; `gru_addition.verify` has the induction. This works if the network
contracts, forgetting everything but the carry. If a step stretches a difference that the next steps
shrink, there may still be another norm in which every step contracts. Its balls are ellipsoids, all
of one shape, which is fitted to the network (`gru_addition.prove.norms`).

**Floating point.** The network does not compute exactly. In whatever order its sums are taken, a
step's state and output are off by at most what `cells.network.step_error` computes from the
weights. This assumes that the machine rounds sums and products as IEEE 754 says, and that sigmoid
and tanh are right to 100 units in the last place of a 1. The slack is at least four times that
error, and at least 1e-9 (a step is off by about 1e-13 in float64). It is added to every gap. No
output may be closer than the slack to 0.5, and no number to be rounded closer than that to a tie.

**Who checks.** The search and the stretch are computed in NumPy, and might be wrong. So a wrong sum
is put to the real graph, in the tutorial's session, and a certificate goes through
`gru_addition.verify`, which shares no arithmetic with this and uses rigorous balls. The session of
the real graph and the compiled graph of `gru_addition.add` take the same steps, too, and must end
within the slack of those computed here. Both run on the CPU, in the precision of the weights: a GPU
would shorten the factors of float32 products to 10 bits (TensorFloat-32), which nothing here allows
for.

**Refuted, and how small.** Without a proof, all sums of up to nine bits are tried, so the smallest
wrong one is found if it is among them. Beyond that, the searches need not find the smallest. But
even if a radius becomes too large, the balls have been followed for some columns, and all sums of
that many bits are right. Both results come from NumPy, and are not checked again.
"""

import math
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np

from gru_addition.add import Adder
from gru_addition.cells.frameworks import as_ours
from gru_addition.cells.machine import ADDITION, Machine
from gru_addition.cells.network import A, B, Network
from gru_addition.cells.weights import CELLS
from gru_addition.dataset import encode, from_bytes
from gru_addition.prove.cover import ball_radii, gaps_of, output_change, stretch
from gru_addition.prove.norms import contracting_norm
from gru_addition.prove.search import NO_BIT, WrongSum, explore, repeat_words, try_all_sums
from gru_addition.verify import RefusedError, verify

PROVED, REFUTED, UNDECIDED = "proved", "refuted", "undecided"
# Sums of so many bits are all tried at first, and of so many without a proof.
SOME_SUMS, ALL_SUMS = 6, 9
SPACINGS = 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005
MOST_BALLS = 2000
# How much room balls get, if they can: then functions may be wrong by more.
WIDE_SLACKS = 1e-3, 1e-5
# A norm is fitted to the steps from at most this many states, which takes a second.
MOST_STATES_TO_FIT = 100
MOST_ROUNDED_STATES = 100_000


@dataclass(frozen=True, eq=False)
class Proof:
    """What is known about a network.

    verdict: "proved", "refuted" or "undecided".
    wrong_sum: if refuted, the smallest `gru_addition.prove.search.WrongSum` found.
    answer: the real graph's answer to it.
    has_fewest_bits, is_smallest: whether it was shown that no wrong sum has fewer bits, and that it
        is the smallest with as many bits.
    right_bits: all sums of up to this many bits were shown to be right; infinity if proved.
    certificate: if proved, arrays by name: the weights; `resolution`, 0 for none; `slack`; `norm`;
        `states`, `radii`, `memories`, `bits`, `targets` and the tables of the machine as
        `gru_addition.verify` explains them; and `output_margins` and `step_margins`, which show how
        narrowly it holds.
    function_error: if proved, how wrong any sigmoid and tanh may be, which `verify` found.
    tried: if undecided, what was tried, in words.
    """

    verdict: str
    wrong_sum: WrongSum | None = None
    answer: int | None = None
    has_fewest_bits: bool = False
    is_smallest: bool = False
    right_bits: float = 0
    certificate: dict | None = field(default=None, repr=False)
    function_error: float | None = None
    tried: tuple = ()

    @property
    def machine(self):
        """If proved, the smallest `Machine` that does what the network does."""
        return machine_of(self.certificate).minimised()[0]


def machine_of(certificate):
    """The states of a certificate as a `Machine`, with the bits that the network reads in them.

    The certificate's own bits, memories and machine are not used.
    """
    resolution = int(certificate["resolution"]) or None
    names = {name for kind in CELLS.values() for name in kind.weight_shapes(1)}
    weights = {name: certificate[name] for name in names & certificate.keys()}
    bits = Network(weights, resolution).output(certificate["states"]) > 0.5
    return Machine(certificate["targets"], bits[certificate["targets"]])


def prove(weights, resolution=None, machine=ADDITION):
    """Return a `Proof` about the network with these weights.

    weights: arrays by name, `Wr` to `b_output`, such as `Run.weights`; or a Keras model, or the
        `state_dict` of a PyTorch model, as in `gru_addition.cells.frameworks`.
    resolution: as for `gru_addition.add.Adder.from_weights`.
    machine: a `gru_addition.cells.machine.Machine`, what the network shall compute.

    Raises `TypeError` or `ValueError` for weights that do not fit. Takes seconds, longer if the
    network contracts less.
    """
    weights = as_ours(weights)
    judge = _prove_plain if resolution is None else _prove_rounded
    # What is too large or too small for a number may become infinite or zero, without a word.
    with np.errstate(over="ignore", under="ignore"):
        graph = _RealGraph(Adder.from_weights(weights, resolution), machine)
        return judge(Network(weights, resolution), weights, graph)


def _prove_rounded(network, weights, graph):
    exploration = explore(network, 0.25 / network.resolution, MOST_ROUNDED_STATES, graph.machine)
    number, columns = len(exploration.states), exploration.columns
    wrong_sum, certain = exploration.wrong_sum, exploration.is_certain
    if wrong_sum is not None:
        # If there were too many states, the deciding column may not have been searched.
        is_smallest = certain and wrong_sum.num_bits <= columns
        return _refute(graph, wrong_sum, wrong_sum.num_bits - 1 if certain else 0, is_smallest)
    tried = [f"{number:,} states of the automaton, reached in up to {columns:,} columns: all right"]
    if exploration.is_closed and certain:
        # Balls that are points.
        radii, norm = np.zeros(number), np.eye(network.state_size)
        try:
            return _proved(network, weights, graph, exploration, radii, norm)
        except RefusedError as error:
            tried.append(f"refused: {error}")
    if not certain:
        tried.append("an output is too close to 0.5, or a state too close to a tie, to be sure")
    return Proof(UNDECIDED, right_bits=columns if certain else 0, tried=tuple(tried))


def _prove_plain(network, weights, graph):
    wrong_sum, certain = try_all_sums(network, SOME_SUMS, graph.machine)
    if wrong_sum is not None:
        return _refute(graph, wrong_sum, wrong_sum.num_bits - 1 if certain else 0, certain)
    right_bits, tried, found = 0, [f"all sums of up to {ALL_SUMS} bits: right"], []
    norms = dict.fromkeys(("balls", "ellipsoids"), np.eye(network.state_size))
    for spacing in SPACINGS:
        exploration = explore(network, spacing, machine=graph.machine)
        what = f"{len(exploration.states):,} states {spacing:g} apart"
        if exploration.wrong_sum is not None:
            found.append(exploration.wrong_sum)
            if found[-1].num_bits <= ALL_SUMS:
                break
        elif not exploration.is_closed:
            tried.append(f"{what}: too many, after {exploration.columns:,} columns")
            break
        elif len(exploration.states) > MOST_BALLS:
            tried.append(f"{what}: too many for balls around them")
            break
        elif not found:
            for shape in norms:
                if shape == "ellipsoids" and len(exploration.states) <= MOST_STATES_TO_FIT:
                    norms[shape] = contracting_norm(network.jacobians(exploration.states))
                balls = partial(ball_radii, network, exploration, norms[shape])
                narrow, columns = balls(network.slack)
                if narrow is None:
                    right_bits = max(right_bits, columns)
                    grow = f"{shape} around them grow too large after {columns:,} columns"
                    tried.append(f"{what}: {grow}")
                    continue
                wide = (radii for radii, _ in map(balls, WIDE_SLACKS) if radii is not None)
                for radii in chain(wide, [narrow]):
                    try:
                        return _proved(network, weights, graph, exploration, radii, norms[shape])
                    except RefusedError as error:
                        tried.append(f"{what}: refused: {error}")
    wrong_sum, certain = try_all_sums(network, ALL_SUMS, graph.machine)
    if wrong_sum is not None:
        return _refute(graph, wrong_sum, wrong_sum.num_bits - 1 if certain else 0, certain)
    right_bits = max(right_bits, ALL_SUMS if certain else 0)
    repeated = repeat_words(network, graph.machine)
    if repeated is None:
        tried.append("sums that repeat up to four columns, for up to 2,000 columns: right")
    else:
        found.append(repeated)
    for wrong_sum in sorted(found):
        proof = _refute(graph, wrong_sum, right_bits, is_smallest=False)
        if proof.verdict == REFUTED:
            return proof
        tried += proof.tried
    return Proof(UNDECIDED, right_bits=right_bits, tried=tuple(tried))


def _refute(graph, wrong_sum, right_bits, is_smallest):
    answer, is_right = graph.answer(wrong_sum)
    if is_right:
        sum_ = f"{wrong_sum.a} + {wrong_sum.b} on {wrong_sum.num_bits} bits"
        tried = (f"{sum_}: wrong in NumPy, right in the real graph",)
        return Proof(UNDECIDED, right_bits=right_bits, tried=tried)
    has_fewest_bits = wrong_sum.num_bits <= right_bits + 1
    return Proof(REFUTED, wrong_sum, answer, has_fewest_bits, is_smallest, right_bits)


def _proved(network, weights, graph, exploration, radii, norm):
    """Return a `Proof`; raise `RefusedError` if the checker or a graph does not agree."""
    states, targets, bits = exploration.states, exploration.targets, exploration.bits
    output_margins = (2 * bits - 1) * (network.output(states) - 0.5)
    output_margins -= output_change(network, norm) * radii
    output_margins[bits == NO_BIT] = np.inf
    steps = network.steps(states)
    settled = network.settle(steps)
    if network.resolution is None:
        strays = stretch(network, states, radii, norm) * radii[:, np.newaxis]
        step_margins = radii[targets] - strays - gaps_of(network, states, targets, norm)
    else:
        step_margins = 0.5 / network.resolution - abs(steps - settled).max(axis=2)
    dtype = np.result_type(weights["W_output"], np.float32)
    certificate = {name: np.asarray(weights[name], dtype) for name in network.weights} | {
        "resolution": np.array(network.resolution or 0),
        "slack": np.array(network.slack),
        "norm": norm,
        "states": states,
        "radii": radii,
        "memories": exploration.memories,
        "bits": bits,
        "targets": targets,
        "machine_targets": graph.machine.targets,
        "machine_outputs": graph.machine.outputs,
        "output_margins": output_margins,
        "step_margins": step_margins,
    }
    function_error = verify(certificate, weights, network.resolution, graph.machine)
    # Everything that computes with these weights: the tutorial's graph, and that of `add`.
    for name, computed in {"the real graph": graph, "the graph of add": graph.adder}.items():
        pairs = np.tile(np.stack([A, B], axis=1), (len(states), 1))
        output, h_t = computed.after_column(pairs, states.repeat(4, axis=0))
        off = max(
            np.linalg.norm(h_t - settled.reshape(h_t.shape), axis=1).max(),
            abs(output[:, 0] - network.output(settled).ravel()).max(),
        )
        if not off <= network.slack:
            raise RefusedError(f"{name} is {off:.1g} away from NumPy")
    return Proof(
        PROVED, right_bits=math.inf, certificate=certificate, function_error=function_error
    )


class _RealGraph:
    """The tutorial's graph in the session of an adder, without XLA: what is to be proved right.

    machine: what it shall compute.
    """

    def __init__(self, adder, machine=ADDITION):
        self.adder, self._model, self._session = adder, adder.model, adder.session
        self.machine = machine

    def answer(self, wrong_sum):
        """Return its answer to a sum, and whether it is right."""
        x = encode(wrong_sum.a, wrong_sum.b, wrong_sum.num_bits)
        output = self._session.run(self._model.output, {self._model.gru.input_layer: x})
        bits = output[:, :, 0] > 0.5
        return from_bytes(bits[0]), np.array_equal(bits, self.machine.run(x)[1])

    def after_column(self, x_t, h_tm1):
        """Compute one more column, like `Adder.after_column`."""
        gru = self._model.gru
        feed = {gru.input_layer: x_t[:, np.newaxis], gru.h_0: h_tm1}
        output, h_t = self._session.run([self._model.output, gru.h_t], feed)
        return output[:, 0], h_t[:, 0]
