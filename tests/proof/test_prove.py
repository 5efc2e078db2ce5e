"""The prover is right, and neither it nor its checker can be talked into a wrong proof."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import numpy_gru
import pytest
from flint import arb, arb_mat, ctx
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gru_addition.add import Adder
from gru_addition.cells.enclosure import Enclosure
from gru_addition.cells.machine import ADDITION, Machine
from gru_addition.cells.network import A, B, Network, step_error
from gru_addition.cells.weights import CELLS
from gru_addition.dataset import add_columns, encode, from_bytes
from gru_addition.engines.compiled import compile_with_xla
from gru_addition.engines.graphs import build_graph, open_session
from gru_addition.prove import machine_of, prove, prover
from gru_addition.prove.challenge import MILLION_SUMS, challenge, random_pairs, structured_pairs
from gru_addition.prove.cover import ball_radii, stretch
from gru_addition.prove.search import Exploration, explore, try_all_sums
from gru_addition.study import RECIPES
from gru_addition.support import tf
from gru_addition.train import Config, train
from gru_addition.verify import CELLS as EQUATIONS
from gru_addition.verify import (
    FUNCTION_ERROR,
    UNCHECKED,
    RefusedError,
    _norms,
    _Numbers,
    verify,
)
from gru_addition.verify import _Network as CheckersNetwork

# The recipe with the tutorial's own hundred sums.
PROVABLE = Config(**RECIPES["tutorial + Jacobian penalty"])
ROUNDED_TO = 4


@pytest.fixture(scope="module")
def provable(trained):
    """A network that can be proved right, with and without rounding."""
    return trained(PROVABLE).weights


@pytest.fixture(scope="module")
def plain(provable):
    return prove(provable).certificate


@pytest.fixture(scope="module")
def rounded(provable):
    return prove(provable, ROUNDED_TO).certificate


@pytest.fixture(scope="module", params=[None, ROUNDED_TO])
def resolution(request):
    return request.param


@pytest.fixture(scope="module")
def certificate(resolution, request):
    return request.getfixturevalue("plain" if resolution is None else "rounded")


def all_sums(num_bits):
    """All operands whose sum fits in `num_bits` bits: a, b, and x of shape (sums, num_bits, 2)."""
    numbers = np.arange(2**num_bits)
    a, b = (grid.ravel() for grid in np.meshgrid(numbers, numbers, indexing="ij"))
    a, b = a[a + b < 2**num_bits], b[a + b < 2**num_bits]
    return a, b, np.stack([a, b], axis=1)[:, np.newaxis] >> np.arange(num_bits)[:, np.newaxis] & 1


def smallest_by_brute_force(weights, num_bits, resolution):
    """The smallest wrong sum of up to `num_bits` bits, as (bits, a, b), or None."""
    for length in range(1, num_bits + 1):
        a, b, x = all_sums(length)
        output = numpy_gru.output(weights, x.astype(float), resolution=resolution)
        wrong = ((output > 0.5) != add_columns(x)).any(axis=(1, 2))
        if wrong.any():
            order = np.lexsort([a[wrong], (a + b)[wrong]])
            return length, a[wrong][order[0]], b[wrong][order[0]]
    return None


def answer_of_numpy(weights, wrong, resolution):
    """Its answer, and whether it is right."""
    x = encode(wrong.a, wrong.b, wrong.num_bits)
    answer = from_bytes(numpy_gru.output(weights, x, resolution=resolution)[0, :, 0] > 0.5)
    return answer, answer == wrong.total


@st.composite
def networks(draw):
    """Weights of a network that is right on at least some sums."""
    seed = draw(st.integers(0, 2**32 - 1))
    random_state = np.random.RandomState(seed)
    weights = numpy_gru.perfect_weights()
    scale = draw(st.sampled_from([0.3, 1.0, 3.0, 6.0, 12.0]))
    for name, weight in weights.items():
        if name[0] in "WU" and name != "W_output":
            weights[name] = weight + scale * random_state.normal(size=weight.shape)
    return weights


@pytest.mark.quick
@settings(max_examples=60)
@given(weights=networks(), resolution=st.sampled_from([None, 1, 3, 10]))
def test_the_smallest_wrong_sum_is_that_of_brute_force(weights, resolution):
    network, num_bits = Network(weights, resolution), 6

    found, is_certain = try_all_sums(network, num_bits)
    explored = explore(network, 0.25 / (resolution or 100))

    assume(is_certain)
    expected = smallest_by_brute_force(weights, num_bits, resolution)
    assert (None if found is None else (found.num_bits, found.a, found.b)) == expected
    if resolution is not None and explored.is_certain and expected is not None:
        assert explored.wrong_sum == found
    elif explored.wrong_sum is not None:
        # A sum found by merging nearby states is wrong, but need not be the smallest.
        wrong = explored.wrong_sum
        assert expected is None or expected[0] <= wrong.num_bits
        assert answer_of_numpy(weights, wrong, resolution)[0] != wrong.total


def test_the_tutorials_network_is_refuted_by_its_smallest_wrong_sum(trained):
    weights = trained(Config()).weights

    proof = prove(weights)

    wrong = proof.wrong_sum
    assert (wrong.num_bits, wrong.a, wrong.b) == smallest_by_brute_force(weights, 6, None)
    assert proof.verdict == "refuted"
    assert proof.has_fewest_bits
    assert proof.is_smallest
    assert proof.answer == Adder.from_weights(weights).add(wrong.a, wrong.b) != wrong.total


def checked_steps(network, centre, radius, norm):
    """What the checker makes of a ball: its norm, and after each pair of bits the `_Numbers`."""
    c = network.weights | {"states": centre[None], "slack": np.array(1e-9), "norm": norm}
    checker = CheckersNetwork(c, EQUATIONS[network.cell])
    ball = _Numbers(arb_mat([centre.tolist()]), checker.inverse_norm, arb(radius))
    return checker.norm, [checker.step(ball, pair) for pair in range(4)]


def checked_stretches(network, centre, radius, norm):
    """The checker's bounds on the norm of the Jacobian, (4,)."""
    norm, steps = checked_steps(network, centre, radius, norm)
    return np.array([float(list(_norms(step.slopes * norm))[-1].upper()) for step in steps])


def random_norm(size, random_state):
    """A matrix that is far from orthogonal."""
    return np.eye(size) + 0.6 * random_state.normal(size=(size, size)) / np.sqrt(size)


@pytest.mark.quick
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    radius=st.floats(1e-6, 0.5),
    scale=st.floats(0.1, 3),
    is_weighted=st.booleans(),
    cell=st.sampled_from(list(CELLS)),
)
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="gru")
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="elman")
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="lstm")
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="gru_reset_after")
def test_no_step_from_a_ball_strays_farther_than_the_bounds(seed, radius, scale, is_weighted, cell):
    random_state = np.random.RandomState(seed)
    names = CELLS[cell].layer.OP_SEEDS
    network = Network(numpy_gru.random_weights(6, random_state, scale, names))
    size = network.state_size
    norm = random_norm(size, random_state) if is_weighted else np.eye(size)
    centre = random_state.uniform(-1, 1, size)
    directions = random_state.normal(size=(2, 500, size))
    directions /= np.linalg.norm(directions @ norm, axis=2, keepdims=True)
    some, others = centre + radius * directions * random_state.uniform(0, 1, (2, 500, 1)) ** 0.2

    bounds = stretch(network, centre[None], np.array([radius]), norm)
    ball = Enclosure.ball(centre[None], np.array([radius]), np.linalg.inv(norm))
    after = network.step_from(ball)

    steps = network.steps(some)
    moved = np.linalg.norm((steps - network.steps(others)) @ norm, axis=2)
    stretches = moved / np.linalg.norm((some - others) @ norm, axis=1)[:, np.newaxis]
    assert (stretches <= bounds).all()
    assert (stretches.max(axis=0) <= checked_stretches(network, centre, radius, norm)).all()
    assert (after.low - 1e-12 <= steps).all()
    assert (steps <= after.high + 1e-12).all()
    for pair, step in enumerate(checked_steps(network, centre, radius, norm)[1]):
        for unit, values in enumerate(step.ranges.entries()):
            low, high = float(values.lower()), float(values.upper())
            assert low - 1e-12 <= steps[:, pair, unit].min()
            assert steps[:, pair, unit].max() <= high + 1e-12


def test_a_tiny_ball_is_stretched_by_the_jacobian():
    random_state = np.random.RandomState(0)
    weights = numpy_gru.random_weights(6, random_state, 1.5)
    network, centre = Network(weights), random_state.uniform(-1, 1, 6)
    norm = random_norm(6, random_state)

    bounds = stretch(network, centre[np.newaxis], np.array([1e-9]), norm)[0]

    checked = checked_stretches(network, centre, 1e-9, norm)
    exact = network.jacobians(centre[np.newaxis])
    for a, b, bound, checkers, of_pair in zip(A, B, bounds, checked, exact, strict=True):
        rows = [
            numpy_gru.step(weights, (centre + s * unit)[None], np.array([[a, b]]))
            for unit in 1e-6 * np.eye(6)
            for s in (1, -1)
        ]
        jacobian = (np.concatenate(rows[::2]) - np.concatenate(rows[1::2])) / 2e-6
        np.testing.assert_allclose(of_pair, jacobian, atol=1e-8)
        expected = np.linalg.norm(np.linalg.inv(norm) @ jacobian @ norm, 2)
        np.testing.assert_allclose(bound, expected, rtol=1e-6)
        assert bound * (1 - 1e-9) < checkers < 1.01 * bound


def checked_error(weights, states):
    """The checker's bound on the error of a step from any of these states."""
    c = weights | {"states": states, "radii": np.zeros(1), "norm": np.eye(16)}
    checker = CheckersNetwork(c | {"slack": np.array(1e-9)}, EQUATIONS["gru"])
    return float(checker.step_error(c, FUNCTION_ERROR * checker.epsilon).upper())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_never_as_wrong_as_is_assumed(provable, dtype):
    weights = {name: weight.astype(dtype) for name, weight in provable.items()}
    exact = Network({name: weight.astype(np.float64) for name, weight in weights.items()})
    states = np.random.RandomState(0).uniform(-1, 1, (2000, 16)).astype(dtype)

    for pair, x_t in enumerate(np.stack([A, B], axis=1)):
        computed = numpy_gru.step(weights, states, np.tile(x_t, (2000, 1)).astype(dtype))
        off = np.linalg.norm(computed - exact.steps(states.astype(np.float64))[:, pair], axis=1)
        # The last digits of the state before may be off, too, if it was rounded.
        eps = np.finfo(dtype).eps
        for moved in states * (1 + 2 * eps), states * (1 - 2 * eps):
            steps = exact.steps(moved.astype(np.float64))[:, pair]
            off = np.maximum(off, np.linalg.norm(computed - steps, axis=1))
        assumed, checked = step_error(CELLS["gru"], weights, eps), checked_error(weights, states)
        assert off.max() < assumed < Network(weights).slack / 3
        assert off.max() < checked < 1.2 * assumed


@contextmanager
def sigmoid_and_tanh(dtype):
    """A function that computes both in a session, and then as XLA compiles them."""

    def build():
        given = tf.placeholder(dtype, (None,))
        both = tf.sigmoid(given), tf.tanh(given)
        return given, both, compile_with_xla(lambda x: (tf.sigmoid(x), tf.tanh(x)), given)

    graph, (given, *computed) = build_graph(build)
    with open_session(graph) as session:
        yield lambda x: session.run(computed, {given: x})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_and_tanh_are_far_more_accurate_than_is_assumed(dtype, figure):
    """A hundred epsilon are assumed, of the session and of XLA."""
    random_state = np.random.RandomState(0)
    scales = 10 ** random_state.uniform(-8, 1.5, 40_000)
    x = scales * random_state.choice([-1, 1], 40_000)
    limits = np.finfo(dtype)
    edges = [limits.max, 1e30, 1e3, 700, limits.tiny, limits.tiny / 3, limits.smallest_subnormal, 0]
    x = np.concatenate([x, edges, np.negative(edges)]).astype(dtype)

    with sigmoid_and_tanh(dtype) as compute:
        computed = compute(x)
    with ctx.workprec(100):
        exact = [[(1 + (arb(number) / 2).tanh()) / 2, arb(number).tanh()] for number in x.tolist()]
    for engine, found in zip(("session", "XLA"), computed, strict=True):
        for function, values, of_exact in zip(
            ("sigmoid", "tanh"), found, zip(*exact, strict=True), strict=True
        ):
            off = [float(abs(e - y)) for e, y in zip(of_exact, values.tolist(), strict=True)]
            largest = max(off) / np.finfo(dtype).eps
            where = f"{function}, {dtype}, {engine}"
            figure(f"{where}: right to {largest:.2f} epsilon at {len(x):,} points")
            assert 0.1 < largest < 10


@pytest.mark.torture
def test_sigmoid_and_tanh_are_as_accurate_at_all_numbers_of_float32(figure):
    """All 2^32, but for infinities and what is no number; float64 is right to many more digits."""
    largest = dict.fromkeys(itertools.product(("session", "XLA"), ("sigmoid", "tanh")), 0.0)
    with sigmoid_and_tanh("float32") as compute:
        for start in range(0, 2**32, 2**24):
            x = np.arange(start, start + 2**24, dtype=np.uint64).astype(np.uint32).view(np.float32)
            # XLA compiles for one size.
            x[~np.isfinite(x)] = 0
            exact = 0.5 * (1 + np.tanh(0.5 * x.astype(float))), np.tanh(x.astype(float))
            for engine, found in zip(("session", "XLA"), compute(x), strict=True):
                for name, values, right in zip(("sigmoid", "tanh"), found, exact, strict=True):
                    off = abs(values - right).max() / np.finfo(np.float32).eps
                    largest[engine, name] = max(largest[engine, name], off)
    for (engine, name), off in largest.items():
        figure(f"{name}, float32, {engine}: right to {off:.2f} epsilon at all numbers")
        assert 0.1 < off < 10


def test_a_trained_network_is_proved_right(provable, plain):
    proof = prove(provable, ROUNDED_TO)

    assert (proof.verdict, proof.right_bits) == ("proved", math.inf)
    verify(proof.certificate, provable, ROUNDED_TO)
    verify(plain, provable)


def test_a_network_that_contracts_in_another_norm_only_is_proved_right(trained):
    weights = trained(replace(PROVABLE, seed=85)).weights

    certificate = prove(weights).certificate

    verify(certificate, weights)
    with pytest.raises(RefusedError, match="may leave"):
        verify(certificate | {"norm": np.eye(16)}, weights)


def test_threads_that_verify_leave_the_precision_of_arb_as_it_was(plain, provable):
    before, ctx.prec = ctx.prec, 61
    try:
        with ThreadPoolExecutor(6) as executor:
            list(executor.map(lambda _: verify(plain, provable), range(12)))
        assert ctx.prec == 61
    finally:
        ctx.prec = before


def test_what_is_proved_is_right(provable, certificate, resolution, figure):
    adder = Adder.from_weights(provable, resolution)
    sums = {16: 20_000, 100: 1_000, 2000: 100}, 20_000

    assert challenge(adder, np.random.RandomState(0), *sums) == 0
    for _, pairs in structured_pairs(2000, np.random.RandomState(0)):
        assert adder.add_pairs(pairs, 2000) == [a + b for a, b in pairs]
    figure(f"proved{' rounded' if resolution else ''}: right in 21,100 sums of up to 2,000 bits")


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("resolution", [None, ROUNDED_TO])
def test_what_is_proved_survives_a_million_sums(seed, resolution, figure):
    weights = train(Config(**RECIPES["fresh + Jacobian penalty"], seed=seed)).weights
    assert prove(weights, resolution).verdict == "proved"

    adder = Adder.from_weights(weights, resolution)
    wrong = challenge(adder, np.random.RandomState(seed), *MILLION_SUMS)

    figure(f"proved, seed {seed}, resolution {resolution}: {wrong} wrong of 1,000,001 sums")
    assert wrong == 0


def test_a_proof_minimises_to_the_carry(certificate):
    automaton = machine_of(certificate)

    smallest, classes = automaton.minimised()

    assert len(smallest.targets) == 2
    np.testing.assert_array_equal(classes, certificate["memories"])
    for carry, (a, b) in itertools.product((0, 1), zip(A, B, strict=True)):
        pair = 2 * a + b
        written = smallest.outputs[carry, pair] + 2 * smallest.targets[carry, pair]
        assert written == a + b + carry


@pytest.mark.quick
def test_an_automaton_that_has_no_smaller_one_stays():
    # It writes a one in every third column only.
    targets = np.array([[1] * 4, [2] * 4, [0] * 4])
    outputs = np.array([[0] * 4, [0] * 4, [1] * 4])
    doubled = Machine(np.concatenate([targets + 3, targets]), np.concatenate([outputs] * 2))

    smallest, classes = doubled.minimised()

    np.testing.assert_array_equal(smallest.targets, targets)
    np.testing.assert_array_equal(smallest.outputs, outputs)
    np.testing.assert_array_equal(classes, [0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("length", [20, 100, 400])
def test_a_planted_rare_error_is_found(length, figure):
    weights = numpy_gru.planted(length)
    adder = Adder.from_weights(weights)
    # Random sums do not show it.
    drawn = random_pairs(4 * length, 500, np.random.RandomState(0))
    assert adder.add_pairs(drawn, 4 * length) == [a + b for a, b in drawn]

    proof = prove(weights)

    wrong = proof.wrong_sum
    assert proof.verdict == "refuted"
    assert adder.add(wrong.a, wrong.b, wrong.num_bits) == proof.answer != wrong.total
    figure(f"planted error, rate 1/{length}: found in a sum of {wrong.num_bits} bits")


def test_the_bits_that_are_said_to_be_right_are_right(provable):
    """Networks that forget, but whose output is so far off that some sums come out wrong."""
    random_state, checked = np.random.RandomState(0), set()
    for _ in range(40):
        shift = random_state.uniform(-0.6, 0.6)
        weights = provable | {"b_output": provable["b_output"] + shift}
        weights["W_output"] = provable["W_output"] + 0.15 * random_state.normal(size=(16, 1))
        expected = smallest_by_brute_force(weights, 5, None)
        if expected is None:
            continue
        # Without a sure output, the search continues beyond a state with a wrong one.
        network, blind = Network(weights), Network(weights)
        blind.slack = np.inf
        exploration = explore(blind, 0.02)
        assert exploration.is_closed
        radii, right_bits = ball_radii(network, exploration, np.eye(16), network.slack)
        assert radii is None
        assert right_bits < expected[0]
        checked.add(right_bits)
    assert len(checked) > 1


@settings(max_examples=4)
@given(
    name=st.sampled_from(["Wz", "Wr", "Wh", "Uz", "Ur", "Uh", "bz", "br", "bh", "W_output"]),
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([0.1, 0.5, 2.0]),
)
def test_damaged_weights_are_never_proved_wrongly(name, seed, size, provable, plain):
    random_state = np.random.RandomState(seed)
    damage = size * random_state.normal(size=provable[name].shape)
    damaged = provable | {name: provable[name] + damage}

    # The certificate is for other weights.
    with pytest.raises(RefusedError, match=f"other weights: {name}"):
        verify(plain, damaged)
    proof = prove(damaged)
    if proof.verdict == "proved":
        adder = Adder.from_weights(damaged)
        assert challenge(adder, random_state, {50: 2000, 500: 100}, 5000) == 0
    elif proof.verdict == "refuted":
        assert answer_of_numpy(damaged, proof.wrong_sum, None)[0] == proof.answer
        assert proof.answer != proof.wrong_sum.total
    # Even if the certificate claims to be for these, its balls are not.
    forged = plain | {name: damaged[name]}
    try:
        verify(forged, damaged)
    except RefusedError:
        pass
    else:
        x = random_state.randint(0, 2, size=(2000, 50, 2))
        output = numpy_gru.output(damaged, x.astype(float))
        np.testing.assert_array_equal(output > 0.5, add_columns(x))


def forgeries(c):
    """Wrong certificates, and why each is refused."""
    last = len(c["states"]) - 1
    other = next(i for i in range(1, last) if c["memories"][i] != c["memories"][last])

    def changed(name, index, value):
        array = c[name].copy()
        array[index] = value
        return {name: array}

    yield {"resolution": np.array(77)}, "another resolution"
    yield changed("memories", last, 1 - c["memories"][last]), "does not remember"
    yield changed("bits", last, 1 - c["bits"][last]), "does not remember"
    yield changed("targets", (last, 0), 0), "no state"
    yield changed("targets", (last, 0), last + 1), "no state"
    yield changed("targets", (last, 0), -1), "no state"
    yield changed("targets", (other, 0), last), "does not remember|step"
    yield changed("states", (0, 0), 1e-3), "begin with zeros"
    yield changed("states", last, c["states"][last] + 0.5), "may|not rounded"
    yield changed("states", (last, 0), np.nan), "states is not what"
    yield {"slack": np.array(0.0)}, "smaller than rounding errors"
    yield {"slack": np.array(-1.0)}, "smaller than rounding errors"
    yield changed("radii", last, np.inf), "radii is not what"
    yield changed("radii", last, -1.0), "negative"
    yield changed("radii", last, 1e9), "rounding errors"
    yield {name: c[name][:-1] for name in BY_STATE}, "no state"
    yield {name: c[name][:0] for name in BY_STATE}, "no states"
    yield {n: a[..., :0] for n, a in c.items() if n[0] in "WU"}, "other weights"
    yield {n: np.pad(c[n], [(0, 0), (0, 1)]) for n in ("states", "norm")}, "is not what"
    # Nothing of the size that this claims is computed.
    yield {"states": np.broadcast_to(0.0, (last + 1, 2**30))}, "states is not what"
    if c["resolution"] > 0:
        # The last digit of a number may be off, but no more: the next step could amplify it.
        almost = c["states"][last] + 3e-16 * np.sign(c["states"][last])
        yield changed("states", last, almost), "not rounded"
        yield {"resolution": np.array(-4)}, "another resolution"
    else:
        yield changed("radii", last, 0.0), "may leave"
        yield {"radii": c["radii"] / 2}, "may leave"
        yield {"radii": np.zeros(last + 1)}, "may leave"
        yield {"radii": np.full(last + 1, 10.0)}, "may|rounding errors"
        yield {"radii": np.full(last + 1, 0.05)}, "may"
        yield {"norm": np.diag([1e-3] + 15 * [1.0])}, "may"
        yield {"norm": 1e-3 * c["norm"]}, "may|rounding errors"
        yield {"norm": 1e3 * c["norm"]}, "may leave"
        yield {"norm": 0 * c["norm"]}, "norm has no inverse"
        yield {"norm": np.ones((16, 16))}, "norm has no inverse"


BY_STATE = "states", "radii", "memories", "bits", "targets"
# Types that no array of a certificate has.
TYPES = "U0", "V0", "U3", "O", "?", "longdouble", "complex", "u8"


def test_a_wrong_certificate_is_refused(certificate, resolution, provable, figure):
    number = 0
    for forged, reason in forgeries(certificate):
        with pytest.raises(RefusedError, match=reason):
            verify(certificate | forged, provable, resolution)
        number += 1
    figure(f"checker, resolution {resolution}: {number} wrong certificates refused")


@pytest.mark.parametrize("share", [-1, 1e-9])
def test_outputs_on_the_wrong_side_or_too_close_are_refused(share, certificate, provable):
    """Nothing else is wrong: no state depends on the output layer."""
    readout = {
        "W_output": share * provable["W_output"],
        "b_output": 0.5 + share * (provable["b_output"] - 0.5),
    }

    with pytest.raises(RefusedError, match="the output of state 1 may be wrong"):
        verify(certificate | readout, provable | readout, int(certificate["resolution"]) or None)


def test_arrays_of_other_names_types_and_shapes_are_refused(plain, provable):
    for name in plain.keys() - UNCHECKED:
        shape, rest = plain[name].shape, {other: plain[other] for other in plain if other != name}
        others = [np.zeros(shape, dtype) for dtype in TYPES]
        others += [np.zeros((*shape, 1), plain[name].dtype), np.zeros((0, *shape[1:]))]
        for other in others:
            with pytest.raises(RefusedError):
                verify(rest | {name: other}, provable)
        with pytest.raises(RefusedError, match=f"it lacks {name}"):
            verify(rest, provable)
    with pytest.raises(RefusedError, match="it holds Uf, of which nothing is known"):
        verify(plain | {"Uf": plain["Uh"]}, provable)


def test_a_certificate_for_another_kind_of_network_is_refused(plain, rounded, provable):
    with pytest.raises(RefusedError, match="another resolution"):
        verify(plain, provable, ROUNDED_TO)
    with pytest.raises(RefusedError, match="another resolution"):
        verify(rounded, provable)
    # Not even for the same numbers in another type, which gives other results.
    with pytest.raises(RefusedError, match="other weights"):
        verify(plain, {n: w.astype(np.float32) for n, w in provable.items()})
    with pytest.raises(RefusedError, match="the network is no gru"):
        verify({}, {})
    # No resolution is no way around the balls.
    for resolution in 0, False:
        verify(plain, provable, resolution)
        with pytest.raises(RefusedError, match="may leave"):
            verify(plain | {"radii": 0 * plain["radii"]}, provable, resolution)


def test_it_is_said_how_wrong_functions_may_be(certificate, resolution, provable, figure):
    """Certificates made for less are refused beyond it, and hold up to it."""
    allowed = verify(certificate, provable, resolution)
    figure(f"resolution {resolution}: sigmoid and tanh may be off by {allowed:.2g}")

    assert allowed > 1e6 * np.finfo(float).eps
    epsilons = allowed / np.finfo(float).eps
    for share, holds in {0.98: True, 1.03: False}.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gru_addition.verify.FUNCTION_ERROR", share * epsilons)
            # The slack of rule 5, which such functions need.
            c = certificate | {"slack": np.array(1.0)}
            checker = CheckersNetwork(c, EQUATIONS["gru"])
            error = checker.step_error(c, share * allowed).upper()
            c["slack"] = np.array(float(error) * (1 + 1e-9))
            if holds:
                assert verify(c, provable, resolution) >= share * allowed
            else:
                with pytest.raises(RefusedError, match="may"):
                    verify(c, provable, resolution)


def test_a_state_that_is_too_large_to_round_is_refused(rounded, provable):
    states = np.where(rounded["states"] == 0, 0, 1e308 * np.sign(rounded["states"]))
    with pytest.raises(RefusedError):
        verify(rounded | {"states": states}, provable, ROUNDED_TO)


def test_half_a_memory_is_refused():
    """Each unit of an LSTM has two numbers in its state."""
    weights = numpy_gru.random_weights(
        3, np.random.RandomState(0), names=CELLS["lstm"].layer.OP_SEEDS
    )
    c = {name: np.zeros(2, int) for name in ("memories", "bits")} | weights
    c |= {"targets": np.ones((2, 4), int), "resolution": np.array(0), "slack": np.array(1.0)}
    c |= {"machine_targets": ADDITION.targets, "machine_outputs": ADDITION.outputs}

    for size in 5, 7:
        balls = {"states": np.zeros((2, size)), "radii": np.ones(2), "norm": np.eye(size)}
        with pytest.raises(RefusedError, match="is not what it should be"):
            verify(c | balls, weights)


class OtherGraph:
    """The real graph, or that of an adder, but with an output and states that are off by these."""

    def __init__(self, graph, adder, off):
        self._graph, self.adder, self._off, self.machine = graph, adder, off, ADDITION

    def after_column(self, *arguments):
        return [
            x + off for x, off in zip(self._graph.after_column(*arguments), self._off, strict=True)
        ]


def test_the_prover_listens_to_its_checker_and_to_the_graphs(provable, plain):
    network, adder = Network(provable), Adder.from_weights(provable)
    graph = prover._RealGraph(adder)
    of_search = {name: plain[name] for name in ("states", "memories", "bits", "targets")}
    found = Exploration(**of_search, wrong_sum=None, is_certain=True, columns=9, is_closed=True)

    def refused(graph, radii=plain["radii"]):
        with pytest.raises(RefusedError) as refused:
            prover._proved(network, provable, graph, found, radii, plain["norm"])
        return str(refused.value)

    assert prover._proved(network, provable, graph, found, plain["radii"], plain["norm"])
    assert "may leave the ball" in refused(graph, plain["radii"] / 2)
    for off, distance in ([0, 1e-3], "0.004"), ([1e-3, 0], "0.001"):
        other = OtherGraph(graph, adder, off)
        assert refused(other) == f"the real graph is {distance} away from NumPy"
        other = OtherGraph(graph, OtherGraph(adder, None, off), [0, 0])
        assert refused(other) == f"the graph of add is {distance} away from NumPy"


def test_without_the_consent_of_the_graphs_nothing_is_said(provable, trained, monkeypatch):
    # The first two are enough for a proof.
    monkeypatch.setattr(prover, "SPACINGS", prover.SPACINGS[:2])
    graph = OtherGraph(prover._RealGraph(Adder.from_weights(provable)), None, [1, 1])
    graph.answer = lambda wrong_sum: (wrong_sum.total, True)

    for proof in (
        prover._prove_plain(Network(provable), provable, graph),
        prover._prove_plain(Network(trained(Config()).weights), None, graph),
    ):
        assert (proof.verdict, proof.certificate, proof.wrong_sum) == ("undecided", None, None)
        assert any("away from NumPy" in what or "wrong in NumPy" in what for what in proof.tried)


def test_a_wrong_sum_that_might_not_be_the_smallest_is_not_called_so(monkeypatch):
    """The search ends at the limit of states, in a column before the smallest wrong sum's."""
    called_smallest = 0
    for seed in range(150):
        weights = numpy_gru.random_weights(3, np.random.RandomState(seed), 3.0)
        # The real graph is slow to build.
        graph = SimpleNamespace(
            machine=ADDITION,
            answer=lambda wrong, weights=weights: answer_of_numpy(weights, wrong, 3),
        )
        for most_states in (1, 4, 8):
            monkeypatch.setattr(prover, "MOST_ROUNDED_STATES", most_states)
            proof = prover._prove_rounded(Network(weights, 3), weights, graph)
            if proof.is_smallest:
                wrong = proof.wrong_sum
                expected = smallest_by_brute_force(weights, wrong.num_bits, 3)
                assert (wrong.num_bits, wrong.a, wrong.b) == expected
                called_smallest += 1
    assert called_smallest > 100


@settings(max_examples=60)
@given(
    name=st.sampled_from(BY_STATE),
    place=st.integers(0, 10**6),
    whole=st.integers(-2, 40),
    real=st.floats(-2, 2),
)
def test_a_certificate_changed_at_random_proves_nothing_wrong(
    name, place, whole, real, certificate, resolution, provable
):
    array = certificate[name].copy()
    place %= array.size
    before, array.flat[place] = array.flat[place], whole if array.dtype.kind == "i" else real

    try:
        verify(certificate | {name: array}, provable, resolution)
    except RefusedError:
        assert array.flat[place] != before
    else:
        # A small change to a number does no harm, nor does naming a nearby state as the target; and
        # no bit is read in the first state.
        is_harmless = name in ("states", "radii", "targets") or (name, place) == ("bits", 0)
        assert array.flat[place] == before or is_harmless
