"""The prover is right, and neither it nor its checker can be talked into a wrong proof."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy_gru
import pytest
from flint import arb, ctx
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gru_addition import prove as prove_module
from gru_addition.add import Adder
from gru_addition.dataset import add_columns, encode, from_bytes
from gru_addition.engines.compiled import compile_with_xla
from gru_addition.engines.graphs import build_graph, open_session
from gru_addition.model import tf
from gru_addition.proof.automaton import Automaton
from gru_addition.proof.cover import ball_radii, jacobians, stretch
from gru_addition.proof.enclosure import Enclosure
from gru_addition.proof.network import A, B, Network, step_error
from gru_addition.proof.norms import contracting_norm
from gru_addition.proof.pairs import CHALLENGE, challenge, random_pairs, structured_pairs
from gru_addition.proof.search import explore, try_all_sums
from gru_addition.prove import prove
from gru_addition.runs.weights import GATES
from gru_addition.study import RECIPES
from gru_addition.train import Config, train
from gru_addition.verify import RefusedError, _norm_of_all, _Numbers, names_of_weights, verify
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
    return prove(provable)


@pytest.fixture(scope="module")
def rounded(provable):
    return prove(provable, ROUNDED_TO)


@pytest.fixture(scope="module", params=["plain", "rounded"])
def proved(request):
    """A proof, with the resolution of its network."""
    return request.getfixturevalue(request.param), {"plain": None, "rounded": 4}[request.param]


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
        output = numpy_gru.output(
            weights, encode(wrong.a, wrong.b, wrong.num_bits), resolution=resolution
        )
        assert (
            (output > 0.5) != add_columns(encode(wrong.a, wrong.b, wrong.num_bits).astype(int))
        ).any()


def test_the_networks_of_that_test_go_wrong_at_different_lengths():
    lengths = set()
    for seed in range(60):
        random_state, weights = np.random.RandomState(seed), numpy_gru.perfect_weights()
        for name in "Wz", "Wr", "Wh", "Uz", "Ur", "Uh":
            weights[name] = weights[name] + 6 * random_state.normal(size=weights[name].shape)
        found, _ = try_all_sums(Network(weights), 6)
        lengths.add(found and found.num_bits)

    assert {None, 1, 2, 3} <= lengths


def test_the_tutorials_network_is_refuted_by_its_smallest_wrong_sum(trained):
    weights = trained(Config()).weights

    proof = prove(weights)

    wrong = proof.wrong_sum
    assert (wrong.num_bits, wrong.a, wrong.b) == smallest_by_brute_force(weights, 6, None)
    assert proof.verdict == "refuted"
    assert proof.has_fewest_bits
    assert proof.is_smallest
    assert proof.answer == Adder.from_weights(weights).add(wrong.a, wrong.b) != wrong.total


@pytest.mark.quick
def test_weights_set_by_hand_are_proved_right():
    with np.errstate(all="raise"):
        before = np.geterr()
        proof = prove(numpy_gru.perfect_weights(), resolution=1)
        assert np.geterr() == before

    assert proof.verdict == "proved"
    assert len(proof.certificate["states"]) <= 9


def checked_steps(network, centre, radius, norm):
    """What the checker makes of a ball: its norm, and after each pair of bits the `_Numbers`."""
    checker = CheckersNetwork(
        {**network.weights, "states": centre[None], "slack": np.array(1e-9), "norm": norm},
        network.cell,
    )
    ball = _Numbers(centre.tolist(), checker.inverse_norm, arb(radius))
    return checker.norm, [checker.step(ball, pair) for pair in range(4)]


def checked_stretches(network, centre, radius, norm):
    """The checker's bounds on the norm of the Jacobian, (4,)."""
    norm, steps = checked_steps(network, centre, radius, norm)
    return np.array([float(_norm_of_all(step.slopes * norm).upper()) for step in steps])


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
    cell=st.sampled_from(list(GATES)),
)
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="gru")
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="elman")
@example(seed=0, radius=0.5, scale=3, is_weighted=True, cell="lstm")
def test_no_step_from_a_ball_strays_farther_than_the_bounds(seed, radius, scale, is_weighted, cell):
    random_state = np.random.RandomState(seed)
    network = Network(numpy_gru.random_weights(6, random_state, scale, GATES[cell]))
    size = network.state_size
    norm = random_norm(size, random_state) if is_weighted else np.eye(size)
    centre = random_state.uniform(-1, 1, size)
    directions = random_state.normal(size=(2, 500, size))
    directions /= np.linalg.norm(directions @ norm, axis=2, keepdims=True)
    some, others = centre + radius * directions * random_state.uniform(0, 1, (2, 500, 1)) ** 0.2

    bounds = stretch(network, centre[None], np.array([radius]), norm)
    ball = Enclosure.ball(centre[None], np.array([radius]), np.linalg.inv(norm))
    after = network.step_from(ball, Enclosure)

    steps = network.steps(some)
    moved = np.linalg.norm((steps - network.steps(others)) @ norm, axis=2)
    stretches = moved / np.linalg.norm((some - others) @ norm, axis=1)[:, np.newaxis]
    assert (stretches <= bounds).all()
    assert (stretches.max(axis=0) <= checked_stretches(network, centre, radius, norm)).all()
    assert (after.low - 1e-12 <= steps).all()
    assert (steps <= after.high + 1e-12).all()
    for pair, step in enumerate(checked_steps(network, centre, radius, norm)[1]):
        for unit, values in enumerate(step.ranges):
            low, high = float(values.lower()), float(values.upper())
            assert low - 1e-12 <= steps[:, pair, unit].min()
            assert steps[:, pair, unit].max() <= high + 1e-12


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), radius=st.floats(0.1, 1))
def test_a_single_unit_is_nowhere_steeper_than_the_bound(seed, radius):
    """In one dimension the bound is hardly larger than the steepest slope."""
    random_state = np.random.RandomState(seed)
    network = Network(numpy_gru.random_weights(1, random_state, 4))
    centre = random_state.uniform(-1, 1, 1)
    h = centre + radius * np.linspace(-1, 1, 201)[:, np.newaxis]

    steepest = (abs(np.diff(network.steps(h)[..., 0], axis=0)) / np.diff(h, axis=0)).max(axis=0)

    assert (steepest <= stretch(network, centre[None], np.array([radius]))[0] * (1 + 1e-9)).all()
    assert (steepest <= checked_stretches(network, centre, radius, np.eye(1)) * (1 + 1e-9)).all()


@given(ends=st.tuples(st.floats(-9, 9), st.floats(-9, 9)), share=st.floats(0, 1))
@example(ends=(-9, 9), share=0.5)
def test_the_bounds_on_a_slope_hold_every_slope(ends, share):
    (low, high), share = np.sort(ends), share
    x, centre = low + share * (high - low), (low + high) / 2
    number = Enclosure.ball(np.array([[centre]]), np.array([(high - low) / 2]))

    for function, slope in (
        (Enclosure.sigmoid, np.exp(-abs(x)) / (1 + np.exp(-abs(x))) ** 2),
        (Enclosure.tanh, 1 / np.cosh(x) ** 2),
    ):
        bounded = function(number)
        assert abs(slope - bounded.slopes) <= bounded.spread + 1e-12


def test_a_tiny_ball_is_stretched_by_the_jacobian():
    random_state = np.random.RandomState(0)
    weights = numpy_gru.random_weights(6, random_state, 1.5)
    network, centre = Network(weights), random_state.uniform(-1, 1, 6)
    norm = random_norm(6, random_state)

    bounds = stretch(network, centre[np.newaxis], np.array([1e-9]), norm)[0]

    checked = checked_stretches(network, centre, 1e-9, norm)
    exact = jacobians(network, centre[np.newaxis])
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


def test_a_norm_is_found_in_which_maps_contract():
    """Each is a rotation in an ellipse and a contraction, but lengthens some vectors."""
    random_state = np.random.RandomState(0)
    form = random_norm(5, random_state)
    rotations = np.linalg.qr(random_state.normal(size=(8, 5, 5)))[0]
    maps = form @ (0.8 * rotations) @ np.linalg.inv(form)
    assert np.linalg.norm(maps, 2, axis=(1, 2)).max() > 1.2

    norm = contracting_norm(maps)

    lengths = np.linalg.norm(np.linalg.solve(norm, maps @ norm), 2, axis=(1, 2))
    assert 0.8 - 1e-9 <= lengths.max() < 0.9
    np.testing.assert_allclose(np.linalg.norm(np.linalg.inv(norm), 2), 1)


def checked_error(weights, states):
    """The checker's bound on the error of a step from any of these states."""
    c = weights | {"states": states, "radii": np.zeros(1), "norm": np.eye(16)}
    checker = CheckersNetwork(c | {"slack": np.array(1e-9)}, "gru")
    return float(checker.step_error(c).upper())


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
        checked = checked_error(weights, states)
        assert off.max() < step_error(weights, eps) < Network(weights).slack / 3
        assert off.max() < checked < 1.2 * step_error(weights, eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_and_tanh_are_far_more_accurate_than_is_assumed(dtype, figure):
    """A hundred epsilon are assumed, of the session and of XLA."""
    random_state = np.random.RandomState(0)
    scales = 10 ** random_state.uniform(-8, 1.5, 40_000)
    x = (scales * random_state.choice([-1, 1], 40_000)).astype(dtype)

    def build():
        given = tf.placeholder(dtype, (None,))
        both = tf.sigmoid(given), tf.tanh(given)
        return given, both, compile_with_xla(lambda x: (tf.sigmoid(x), tf.tanh(x)), given)

    graph, (given, *computed) = build_graph(build)
    with open_session(graph) as session:
        computed = session.run(computed, {given: x})
    with ctx.workprec(100):
        exact = [[1 / (1 + (-arb(number)).exp()), arb(number).tanh()] for number in x.tolist()]
    for engine, found in zip(("session", "XLA"), computed, strict=True):
        for function, values, of_exact in zip(
            ("sigmoid", "tanh"), found, zip(*exact, strict=True), strict=True
        ):
            off = [float(abs(e - y)) for e, y in zip(of_exact, values.tolist(), strict=True)]
            largest = max(off) / np.finfo(dtype).eps
            figure(
                f"{function}, {dtype}, {engine}: right to {largest:.2f} epsilon at 40,000 points"
            )
            assert 0.1 < largest < 10


def test_a_trained_network_is_proved_right(proved, provable):
    proof, resolution = proved

    assert (proof.verdict, proof.right_bits) == ("proved", math.inf)
    verify(proof.certificate, provable, resolution)


def test_a_network_that_contracts_in_another_norm_only_is_proved_right(trained):
    weights = trained(replace(PROVABLE, seed=85)).weights

    certificate = prove(weights).certificate

    verify(certificate, weights)
    with pytest.raises(RefusedError, match="may leave"):
        verify(certificate | {"norm": np.eye(16)}, weights)


def test_a_certificate_of_an_earlier_version_still_holds(plain, provable):
    """Those had no norm, because their balls were Euclidean."""
    verify({name: array for name, array in plain.certificate.items() if name != "norm"}, provable)


def test_threads_that_verify_leave_the_precision_of_arb_as_it_was(plain, provable):
    before, ctx.prec = ctx.prec, 61
    try:
        with ThreadPoolExecutor(6) as executor:
            list(executor.map(lambda _: verify(plain.certificate, provable), range(12)))
        assert ctx.prec == 61
    finally:
        ctx.prec = before


def test_what_is_proved_is_right(proved, provable, figure):
    _, resolution = proved
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
    wrong = challenge(adder, np.random.RandomState(seed), *CHALLENGE)

    figure(f"proved, seed {seed}, resolution {resolution}: {wrong} wrong of 1,000,001 sums")
    assert wrong == 0


def test_a_proof_minimises_to_the_carry(proved):
    automaton = Automaton.of_certificate(proved[0].certificate)

    smallest, classes = automaton.minimised()

    assert len(smallest.targets) == 2
    np.testing.assert_array_equal(classes, proved[0].certificate["carries"])
    for carry, (a, b) in itertools.product((0, 1), zip(A, B, strict=True)):
        pair = 2 * a + b
        written = smallest.outputs[carry, pair] + 2 * smallest.targets[carry, pair]
        assert written == a + b + carry


@pytest.mark.quick
def test_an_automaton_that_has_no_smaller_one_stays():
    # It writes a one in every third column only.
    targets = np.array([[1] * 4, [2] * 4, [0] * 4])
    outputs = np.array([[0] * 4, [0] * 4, [1] * 4])
    doubled = Automaton(np.concatenate([targets + 3, targets]), np.concatenate([outputs] * 2))

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
        # The search continues beyond a state with a wrong output.
        network = Network(weights)
        exploration = explore(BlindNetwork(weights), 0.02)
        assert exploration.is_closed
        radii, right_bits = ball_radii(network, exploration, np.eye(16))
        assert radii is None
        assert right_bits < expected[0]
        checked.add(right_bits)
    assert len(checked) > 1


class BlindNetwork(Network):
    """A network whose outputs the search does not see: it finds no sum wrong."""

    @property
    def slack(self):
        return np.inf

    @slack.setter
    def slack(self, value):
        pass


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
        verify(plain.certificate, damaged)
    proof = prove(damaged)
    if proof.verdict == "proved":
        adder = Adder.from_weights(damaged)
        assert challenge(adder, random_state, {50: 2000, 500: 100}, 5000) == 0
    elif proof.verdict == "refuted":
        assert (
            Adder.from_weights(damaged).add(
                proof.wrong_sum.a, proof.wrong_sum.b, proof.wrong_sum.num_bits
            )
            == proof.answer
            != proof.wrong_sum.total
        )
    # Even if the certificate claims to be for these, its balls are not.
    forged = plain.certificate | {name: damaged[name]}
    try:
        verify(forged, damaged)
    except RefusedError:
        pass
    else:
        x = random_state.randint(0, 2, size=(2000, 50, 2))
        output = numpy_gru.output(damaged, x.astype(float))
        np.testing.assert_array_equal(output > 0.5, add_columns(x))


def forgeries(certificate):
    """Wrong certificates, and why each is refused."""
    c = certificate
    last = len(c["states"]) - 1
    is_rounded = int(c["resolution"]) > 0

    def changed(name, index, value):
        array = c[name].copy()
        array[index] = value
        return c | {name: array}

    other = next(i for i in range(1, last) if c["carries"][i] != c["carries"][last])
    yield "no states", {k: v for k, v in c.items() if k != "states"}, "lacks states"
    yield "another resolution", c | {"resolution": np.array(77)}, "another resolution"
    yield "wrong carry", changed("carries", last, 1 - c["carries"][last]), "does not carry"
    yield "wrong bit", changed("bits", last, 1 - c["bits"][last]), "does not carry"
    yield "back to the start", changed("targets", (last, 0), 0), "no state"
    yield "out of range", changed("targets", (last, 0), last + 1), "no state"
    yield "negative target", changed("targets", (last, 0), -1), "no state"
    yield "wrong carry in a target", changed("targets", (other, 0), last), "does not carry|step"
    yield "moved start", changed("states", (0, 0), 1e-3), "begin with zeros"
    yield "moved state", changed("states", last, c["states"][last] + 0.5), "may|not rounded"
    yield "NaN", changed("states", (last, 0), np.nan), "states is not what"
    yield "no slack", c | {"slack": np.array(0.0)}, "smaller than rounding errors"
    yield "negative slack", c | {"slack": np.array(-1.0)}, "smaller than rounding errors"
    yield "infinite radius", changed("radii", last, np.inf), "radii is not what"
    yield "negative radius", changed("radii", last, -1.0), "negative"
    yield "huge radius", changed("radii", last, 1e9), "rounding errors"
    yield "floats for targets", c | {"targets": c["targets"].astype(float)}, "targets is not"
    yield "long doubles", c | {"states": c["states"].astype(np.longdouble)}, "states is not"
    yield "complex states", c | {"states": c["states"].astype(complex)}, "states is not"
    empty = {n: a[..., :0] for n, a in c.items() if a.ndim == 2 and n[0] in "WUs"}
    yield "no units", c | empty | {n: c[n][:0] for n in ("br", "bz", "bh")}, "no states"
    yield "several resolutions", c | {"resolution": np.array([4, 4])}, "resolution is not"
    yield "another shape", c | {"carries": c["carries"][:-1]}, "carries is not"
    yield (
        "one state less",
        c | {n: c[n][:-1] for n in ("states", "radii", "carries", "bits", "targets")},
        "no state",
    )
    if is_rounded:
        # The last digit of a number may be off, but no more: the next step could amplify it.
        almost = c["states"][last] + 3e-16 * np.sign(c["states"][last])
        yield "a state almost rounded", changed("states", last, almost), "not rounded"
        yield "negative resolution", c | {"resolution": np.array(-4)}, "another resolution"
    else:
        yield "no radius", changed("radii", last, 0.0), "may leave"
        yield "smaller radii", c | {"radii": c["radii"] / 2}, "may leave"
        yield "all radii zero", c | {"radii": np.zeros(last + 1)}, "may leave"
        yield "huge radii", c | {"radii": np.full(last + 1, 10.0)}, "may|rounding errors"
        yield "a norm that flattens", c | {"norm": np.diag([1e-3] + 15 * [1.0])}, "may"
        yield "a small norm", c | {"norm": 1e-3 * c["norm"]}, "may|rounding errors"
        yield "a large norm", c | {"norm": 1e3 * c["norm"]}, "may leave"
        yield "no norm", c | {"norm": 0 * c["norm"]}, "norm has no inverse"
        yield "a singular norm", c | {"norm": np.ones((16, 16))}, "norm has no inverse"
        yield "half a norm", c | {"norm": c["norm"][:, :8]}, "norm is not what"
        yield "NaN in the norm", c | {"norm": np.nan * c["norm"]}, "norm is not what"
        yield "large radii", c | {"radii": np.full(last + 1, 0.05)}, "may"


def test_a_wrong_certificate_is_refused(proved, provable, figure):
    proof, resolution = proved

    names = []
    for name, forged, reason in forgeries(proof.certificate):
        with pytest.raises(RefusedError, match=reason):
            verify(forged, provable, resolution)
        names.append(name)
    figure(f"checker, resolution {resolution}: {len(names)} wrong certificates refused")


def test_a_certificate_for_another_kind_of_network_is_refused(plain, rounded, provable):
    with pytest.raises(RefusedError, match="another resolution"):
        verify(plain.certificate, provable, ROUNDED_TO)
    with pytest.raises(RefusedError, match="another resolution"):
        verify(rounded.certificate, provable)
    # Not even for the same numbers in another type, which gives other results.
    with pytest.raises(RefusedError, match="other weights"):
        verify(plain.certificate, {n: w.astype(np.float32) for n, w in provable.items()})


def test_the_prover_listens_to_its_checker(provable, monkeypatch):
    # The first two are enough for a proof.
    monkeypatch.setattr(prove_module, "SPACINGS", prove_module.SPACINGS[:2])

    def refuse(*arguments):
        raise RefusedError("no")

    monkeypatch.setattr(prove_module, "verify", refuse)

    for resolution in (None, ROUNDED_TO):
        proof = prove(provable, resolution)
        assert (proof.verdict, proof.certificate) == ("undecided", None)
        assert any("refused by the checker: no" in what for what in proof.tried)


def test_the_prover_listens_to_the_real_graph(provable, trained, monkeypatch):
    # The first two are enough for a proof.
    monkeypatch.setattr(prove_module, "SPACINGS", prove_module.SPACINGS[:2])
    shift = []

    def shifted(output_and_states):
        return [found + by for found, by in zip(output_and_states, shift, strict=True)]

    class OtherGraph(prove_module._RealGraph):
        """One that takes different steps, but adds correctly."""

        def after_column(self, *arguments):
            return shifted(super().after_column(*arguments))

        def add(self, wrong_sum):
            return wrong_sum.total

    class OtherAdder(Adder):
        def after_column(self, *arguments):
            return shifted(super().after_column(*arguments))

    for other, name in (OtherGraph, "the real graph"), (OtherAdder, "the graph of add"):
        with monkeypatch.context() as patch:
            patch.setattr(prove_module, other.__base__.__name__, other)
            for shift[:], distance in ([0, 1e-3], "0.004"), ([1e-3, 0], "0.001"):
                proof = prove(provable)
                assert proof.verdict == "undecided"
                assert any(f"{name} is {distance} away from NumPy" in why for why in proof.tried)

    monkeypatch.setattr(prove_module, "_RealGraph", OtherGraph)
    proof = prove(trained(Config()).weights)
    assert (proof.verdict, proof.wrong_sum) == ("undecided", None)
    assert "12 + 13 on 5 bits: wrong in NumPy, right in the real graph" in proof.tried


@pytest.mark.parametrize("resolution", [0, False])
def test_no_resolution_is_no_way_around_the_balls(resolution, plain, provable):
    verify(plain.certificate, provable, resolution)
    with pytest.raises(RefusedError, match="may leave"):
        verify(plain.certificate | {"radii": 0 * plain.certificate["radii"]}, provable, resolution)


def test_a_wrong_sum_that_might_not_be_the_smallest_is_not_called_so(monkeypatch):
    """The search ends at the limit of states, in a column before the smallest wrong sum's."""
    called_smallest = 0
    for seed in range(150):
        weights = numpy_gru.random_weights(3, np.random.RandomState(seed), 3.0)
        for most_states in (1, 4, 8):
            monkeypatch.setattr(prove_module, "MOST_ROUNDED_STATES", most_states)
            proof = prove_rounded_without_graph(weights, 3)
            if proof.is_smallest:
                wrong = proof.wrong_sum
                expected = smallest_by_brute_force(weights, wrong.num_bits, 3)
                assert (wrong.num_bits, wrong.a, wrong.b) == expected
                called_smallest += 1
    assert called_smallest > 100


def prove_rounded_without_graph(weights, resolution):
    """The proof, with NumPy in place of the real graph, which is slow to build."""

    class Graph:
        def add(self, wrong_sum):
            x = encode(wrong_sum.a, wrong_sum.b, wrong_sum.num_bits)
            output = numpy_gru.output(weights, x, resolution=resolution)
            return from_bytes(output[0, :, 0] > 0.5)

    return prove_module._prove_rounded(Network(weights, resolution), weights, Graph())


@settings(max_examples=60)
@given(
    name=st.sampled_from(["states", "radii", "carries", "bits", "targets"]),
    place=st.integers(0, 10**6),
    whole=st.integers(-2, 40),
    real=st.floats(-2, 2),
)
def test_a_certificate_changed_at_random_proves_nothing_wrong(name, place, whole, real, proved):
    proof, resolution = proved
    weights = {name: proof.certificate[name] for name in names_of_weights("gru")}
    array = proof.certificate[name].copy()
    place %= array.size
    before, array.flat[place] = array.flat[place], whole if array.dtype.kind == "i" else real

    try:
        verify(proof.certificate | {name: array}, weights, resolution)
    except RefusedError:
        assert array.flat[place] != before
    else:
        # A small change to a number does no harm, nor does naming a nearby state as the target; and
        # no bit is read in the first state.
        is_harmless = name in ("states", "radii", "targets") or (name, place) == ("bits", 0)
        assert array.flat[place] == before or is_harmless
