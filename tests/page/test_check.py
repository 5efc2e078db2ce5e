"""The page's checker says what `gru_addition.verify` says, and its wrong sums are Python's.

`proved.json` holds the weights of three small networks, trained for 3,000 iterations like this:

    Config(cell=cell, hidden_size=units, seed=seed, iterations=3000, num_bits=12,
           fresh_batches=True, learning_rate=0.01, jacobian_penalty=0.01)
"""

import json
import re
from fractions import Fraction
from itertools import chain

import numpy as np
import numpy_gru
import pytest
from common import ROOT
from flint import arb, arb_mat, ctx, fmpq_mat, fmpz_mat
from node import run_node

from gru_addition import verify as checker
from gru_addition.cells.network import Network
from gru_addition.prove.cover import ball_radii
from gru_addition.prove.search import explore, try_all_sums
from gru_addition.verify import ADDITION, FUNCTION_ERROR, RefusedError, verify

CHECK = """
import { check } from "./numbers/check.js";
result = data.map(([network, certificate, options]) => check(network, certificate, options));
"""
SEARCH = """
import { smallestWrong, wrongByStates } from "./numbers/search.js";
const told = (sum) => sum && { ...sum, a: `${sum.a}`, b: `${sum.b}`, answer: `${sum.answer}` };
result = data.networks.map((network) => (
  [told(smallestWrong(network, data.budget)), told(wrongByStates(network))]));
"""
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
OF_DOCS = json.loads(DATA.search((ROOT / "docs" / "index.html").read_text("utf-8")).group(1))
PERFECT = numpy_gru.perfect_weights()
OPEN = 1000.0


def arrays(lists):
    return {name: np.array(values) for name, values in lists.items()}


TWO_UNITS = arrays(OF_DOCS[2]["weights"])


def elman():
    """The weights set by hand of a GRU whose gates are open, without the gates."""
    return {name: w for name, w in PERFECT.items() if name[-1] == "h" or "_" in name}


def lstm():
    """The same, in an LSTM that writes its memory anew in each column."""
    weights = {kind + gate: 0 * PERFECT[kind + "h"] for kind in "WUb" for gate in "ifo"}
    weights |= {"bi": weights["bi"] + OPEN, "bf": weights["bf"] - OPEN, "bo": weights["bo"] + OPEN}
    weights |= {"Wc": PERFECT["Wh"], "bc": PERFECT["bh"], "Uc": PERFECT["Uh"] / np.tanh(1)}
    return weights | {"W_output": PERFECT["W_output"] / np.tanh(1), "b_output": PERFECT["b_output"]}


def reset_after():
    """The same GRU with the candidate's bias inside the reset product."""
    return PERFECT | {"bh": 0 * PERFECT["bh"], "bu": PERFECT["bh"]}


def soft(weights, share):
    """Weights whose candidate is less like a switch."""
    return weights | {name: share * w for name, w in weights.items() if name[1:] in ("h", "u", "c")}


def sixteen_units():
    """The weights set by hand, and 13 units that do next to nothing."""
    random_state, weights = np.random.RandomState(0), {}
    for name, weight in PERFECT.items():
        larger = 0.02 * random_state.normal(size=[16 if n == 3 else n for n in weight.shape])
        larger[tuple(slice(n) for n in weight.shape)] = weight
        weights[name] = larger
    weights["Uh"][3:, :3] = 0
    return weights


def with_unit(weights, h_bias, h_weight, z_bias=OPEN):
    """Weights with one more unit, which depends on nothing else and which nothing depends on."""
    units, wider = len(weights["Uh"]), {}
    for name, weight in weights.items():
        wider[name] = np.pad(weight, [(0, int(size == units)) for size in weight.shape])
    wider["bh"][-1], wider["Uh"][-1, -1], wider["bz"][-1] = h_bias, h_weight, z_bias
    return wider


def certified(weights, resolution=None, norm=None, spacing=0.1):
    """What `prove` does to make a certificate, without asking TensorFlow."""
    network = Network(weights, resolution)
    found = explore(network, spacing if resolution is None else 0.25 / resolution)
    norm, radii = np.eye(network.state_size) if norm is None else norm, np.zeros(len(found.states))
    if resolution is None:
        radii, _ = ball_radii(network, found, norm, network.slack)
    return weights | {
        "resolution": np.array(resolution or 0), "slack": np.array(network.slack), "norm": norm,
        "states": found.states, "radii": radii, "carries": found.memories, "bits": found.bits,
        "targets": found.targets,
    }  # fmt: skip


def random_norm(size, seed):
    change = np.random.RandomState(seed).normal(size=(size, size))
    return np.eye(size) + 0.6 * change / np.sqrt(size)


def certificates():
    """Certificates that hold, with their networks: weights, resolution, certificate."""
    short = arrays(OF_DOCS[2]["certificate"])
    yield TWO_UNITS, None, TWO_UNITS | {"resolution": np.array(0), "slack": np.array(1e-9)} | short
    for spacing in 0.2, 0.05:
        yield TWO_UNITS, None, certified(TWO_UNITS, spacing=spacing)
    yield TWO_UNITS, None, certified(TWO_UNITS, norm=random_norm(2, 0), spacing=0.2)
    for weights in PERFECT, elman(), lstm(), reset_after():
        yield weights, None, certified(weights)
        yield weights, 4, certified(weights, 4)
        size = Network(weights).state_size
        yield weights, None, certified(weights, norm=random_norm(size, 1))
        yield soft(weights, 0.25), None, certified(soft(weights, 0.25))
    yield PERFECT, 1, certified(PERFECT, 1)
    # Its reset gate is half open, and depends on the state.
    moving = PERFECT | {"br": 0 * PERFECT["br"], "Ur": 0.3 * np.eye(3)}
    moving |= {"Uh": 2 * PERFECT["Uh"], "bh": PERFECT["bh"] + 2, "bu": np.full(3, -4.0)}
    yield moving, None, certified(moving)
    for lists in json.loads((ROOT / "tests" / "page" / "proved.json").read_text()).values():
        yield arrays(lists), None, certified(arrays(lists), spacing=0.02)
    yield sixteen_units(), None, certified(sixteen_units(), spacing=0.2)


def described(weights, resolution=None):
    """What the page knows about a network."""
    network = Network(weights, resolution)
    lists = {name: weight.tolist() for name, weight in network.weights.items()}
    about = {"cell": network.cell, "resolution": resolution, "stateSize": network.state_size}
    return about | {"weights": lists}


def for_json(value):
    """Arrays as lists; numbers that JSON has not are None."""
    if isinstance(value, dict):
        return {name: for_json(entry) for name, entry in value.items()}
    if value.dtype.kind == "f":
        value = np.where(np.isfinite(value), value, None)
    return value.tolist()


def for_python(certificate):
    """The page knows addition only, so its certificates have carries, and hold no machine."""
    tables = {f"machine_{name}": table for name, table in ADDITION._asdict().items()}
    renamed = {"memories" if name == "carries" else name: c for name, c in certificate.items()}
    return tables | renamed


def checked(cases, **options):
    """What the page makes of certificates: of weights, a resolution and a certificate each."""
    return run_node(CHECK, [(described(w, r), for_json(c), options) for w, r, c in cases])


def holds(weights, resolution, certificate):
    try:
        verify(for_python(certificate), weights, resolution)
    except RefusedError:
        return False
    return True


def sharpest(matrix):
    """The checker's sharpest bound on a norm."""
    return list(checker._norms(matrix))[-1]


def checkers_steps(weights, resolution, c):
    """What the checker of Python finds for each step: distance, and the target's output margin."""
    with ctx.workprec(checker.PRECISION):
        network = checker._Network(c, checker.CELLS[Network(weights).cell])
        for i, target, step in checker._steps(c, network, network.inverse_norm):
            off = step.centre - arb_mat([c["states"][target].tolist()])
            if resolution is None:
                stray = float(c["radii"][i]) * sharpest(step.slopes * network.norm)
                slack = network.slack * sharpest(network.norm)
                distance = checker._length((off * network.norm).entries()) + stray + slack
            else:
                distance = resolution * (max(abs(x).upper() for x in off.entries()) + network.slack)
            output = arb_mat([c["states"][target].tolist()]) * network.readout
            output = output[0, 0] + network.w["b_output"][0, 0] - 0.5
            margin = (2 * int(c["bits"][target]) - 1) * output
            margin -= network.output_norm * float(c["radii"][target]) + network.slack
            yield float(arb(distance).upper()), float(margin.lower())


def checkers_error(weights, _, c):
    with ctx.workprec(checker.PRECISION):
        network = checker._Network(c, checker.CELLS[Network(weights).cell])
        return float(network.step_error(c, FUNCTION_ERROR * network.epsilon).upper())


@pytest.fixture(scope="module")
def right():
    return list(certificates())


def test_certificates_hold_in_the_page_with_the_margins_of_verify(right, figure):
    assert all(holds(*case) for case in right)

    results = checked(right)

    assert [result["reason"] for result in results] == [None] * len(right)
    off = []
    for case, result in zip(right, results, strict=True):
        expected = list(checkers_steps(*case))
        for step, (distance, margin) in zip(result["steps"], expected, strict=True):
            assert step["holds"]
            off.append(step["distance"] - distance)
            off.append(margin - step["outputMargin"])
            assert step["margin"] == pytest.approx(1 - step["distance"] / step["room"])
        # Here each ball has a bound of its own.
        assert 0.2 < result["error"] / checkers_error(*case) < 1 + 1e-9
    # Arb keeps 30 bits of a radius.
    assert max(map(abs, off)) < 1e-9
    figure(f"page's checker: {len(right)} certificates hold, bounds {max(map(abs, off)):.1g} off")


def changed(c, name, index, value):
    array = c[name].astype(type(value) if c[name].dtype.kind == "i" else float)
    array[index] = value
    return c | {name: array}


def by_state(c, indices):
    """A certificate with some of its states, or with some of them again."""
    names = "states", "radii", "carries", "bits", "targets"
    return c | {name: c[name][indices] for name in names}


def read_at_the_start():
    """A network that says how large a + b + carry is by the units that tanh rounds to 1."""
    weights = {
        "Wh": np.array([[40, 0.4, 0.25]] * 2), "Uh": np.outer([0, 1, 0], [40, 0.4, 0.25]),
        "bh": np.zeros(3), "W_output": np.array([[0.0], [-1], [1]]), "b_output": np.ones(1),
    }  # fmt: skip
    carries = np.array([0, 0, 1, 1])
    return weights, 1, weights | {
        "resolution": np.array(1), "slack": np.array(1e-9), "norm": np.eye(3),
        "states": np.tri(4, 3, -1), "radii": np.zeros(4), "carries": carries,
        "bits": np.array([0, 1, 0, 1]), "targets": carries[:, np.newaxis] + [0, 1, 1, 2],
    }  # fmt: skip


def wider_states(c):
    """The states of a certificate, with one more number that is zero."""
    return np.pad(c["states"], [(0, 0), (0, 1)])


def forgeries(right):
    """Certificates that do not hold, each with one thing wrong, and what that is."""
    weights, _, c = right[0]
    last, results = len(c["radii"]) - 1, checked(right[:1])[0]["steps"]
    tightest = min(results, key=lambda step: step["margin"])
    closest = min(results, key=lambda step: step["outputMargin"])

    def of_two_units(what, forged):
        return what, weights, None, forged

    # A step that sticks out of its ball by a millionth of the radius, and no more.
    shrunk = c["radii"][tightest["target"]] * (1 - tightest["margin"]) * (1 - 1e-6)
    yield of_two_units("a radius too small", changed(c, "radii", tightest["target"], shrunk))
    # Its centre would still be right.
    shift = np.array([0, closest["outputMargin"] + 1e-9])
    sign = 1 - 2 * c["bits"][closest["target"]]
    other = weights | {"b_output": weights["b_output"] + sign * shift[1:]}
    yield "an output wrong at the edge of a ball", other, None, c | other
    yield of_two_units("no ball but the centres", c | {"radii": 0 * c["radii"]})
    yield of_two_units("large balls", c | {"radii": 0 * c["radii"] + 0.3})
    yield of_two_units("no slack", c | {"slack": np.array(0.0)})
    yield of_two_units("a slack below all errors", c | {"slack": np.array(1e-15)})
    yield of_two_units("a negative slack", c | {"slack": np.array(-1e-9)})
    yield of_two_units("a slack as large as a ball", c | {"slack": np.array(0.01)})
    yield of_two_units("a negative radius", changed(c, "radii", last, -0.01))
    yield of_two_units("a norm without an inverse", c | {"norm": np.ones((2, 2))})
    yield of_two_units("almost no inverse", c | {"norm": np.array([[1, 1], [1, 1 + 2**-52]])})
    yield of_two_units("a norm that makes balls long", c | {"norm": np.diag([1, 0.05])})
    yield of_two_units("a start that is not zero", changed(c, "states", (0, 1), 1e-300))
    yield of_two_units("a way back to the start", changed(c, "targets", (last, 0), 0))
    yield of_two_units("a target before all", changed(c, "targets", (last, 0), -1))
    yield of_two_units("a target that is not there", changed(c, "targets", (last, 0), last + 1))
    yield of_two_units("half a target", changed(c, "targets", (last, 3), last - 0.5))
    yield of_two_units("a carry too few", changed(c, "carries", last, 0))
    yield of_two_units("a target with another bit", changed(c, "targets", (1, 0), 2))
    turned = {"carries": c["carries"] ^ 1, "targets": c["targets"][:, ::-1]}
    yield of_two_units("carries that mean the opposite", c | turned)
    yield of_two_units("no bits", {name: array for name, array in c.items() if name != "bits"})
    yield of_two_units("weights that are not used", c | {"Uf": c["Uh"]})
    yield of_two_units("no states", by_state(c, slice(0)))
    yield of_two_units("a state without an end", changed(c, "states", (last, 0), np.inf))
    yield of_two_units("a state that is no number", changed(c, "states", (last, 0), np.nan))
    yield of_two_units("radii that are text", c | {"radii": c["radii"].astype(str)})
    yield of_two_units("carries that are true or false", c | {"carries": c["carries"] == 1})
    yield of_two_units("states of three numbers", c | {"states": wider_states(c)})
    yield of_two_units("other weights", changed(c, "Uz", (0, 0), weights["Uz"][0, 0] + 1e-12))
    yield of_two_units("another resolution", c | {"resolution": np.array(4)})
    # Right but for the start: with these weights a network adds a + b + 1.
    more = PERFECT | {"bh": PERFECT["bh"] + 20}
    c = certified(PERFECT) | more | {"radii": np.array([0, 1e-3, 1e-3, 1e-3, 1e-3])}
    with_carry = changed(c, "targets", 0, c["targets"][np.argmax(c["carries"])])
    yield "a start with a carry", more, None, changed(with_carry, "carries", 0, 1)
    yield "a start elsewhere", more, None, changed(c, "states", 0, c["states"][1])
    # With these it answers 1 to 0 + 0, which leads it back to the start.
    yield "an unread start", *read_at_the_start()
    # From the centres, all steps are right; but balls around them do not shrink.
    c = certified(PERFECT)
    larger = {"states": wider_states(c), "norm": np.eye(4)}
    growing, lasting = with_unit(PERFECT, 0, 1.5), with_unit(PERFECT, 0, 0, -OPEN)
    yield "a unit in which differences grow", growing, None, c | growing | larger
    yield "a unit that never forgets", lasting, None, c | lasting | larger
    wrong = PERFECT | {"bh": PERFECT["bh"] - [0, 0, 40]}
    yield "three ones that give a zero", wrong, None, c | wrong
    c = certified(PERFECT, 4)
    yield "a rounded state with a ball", PERFECT, 4, changed(c, "radii", 2, 1e-3)
    yield "a state that is not rounded", PERFECT, 4, changed(c, "states", (2, 0), 1 - 1e-12)
    yield "a state of other units", PERFECT, 4, changed(c, "states", (2, 0), 0.75)
    tie = with_unit(PERFECT, np.arctanh(0.5), 0.0)
    c = certified(PERFECT, 1)
    larger["states"] = wider_states(c)
    yield "a step that is rounded either way", tie, 1, c | tie | larger
    memory = lstm() | {"bf": lstm()["bf"] + 2 * OPEN}
    yield "a memory that only grows", memory, None, certified(lstm()) | memory
    weights = elman() | {"Uh": 0.02 * elman()["Uh"]}
    yield "a carry that fades", weights, None, certified(elman()) | weights


def test_forgeries_are_refused_in_the_page_as_by_verify(right, figure):
    what, *cases = zip(*forgeries(right), strict=True)
    cases = list(zip(*cases, strict=True))
    assert not any(holds(*case) for case in cases)

    results = checked(cases)

    accepted = [name for name, result in zip(what, results, strict=True) if result["holds"]]
    assert accepted == []
    # Unless the form is wrong, the page can show a step that fails.
    assert all(
        any(not step["holds"] for step in result["steps"])
        for result in results
        if "may" in result["reason"]
    )
    reasons = dict(zip(what, [result["reason"] for result in results], strict=True))
    assert all(reasons.values())
    assert reasons["a norm without an inverse"] == "its norm has no inverse"
    figure(f"page's checker: {len(cases)} forgeries refused")


def test_changes_at_random_get_the_verdict_of_verify(right, figure):
    random_state, cases = np.random.RandomState(0), []
    names = "norm", "states", "radii", "carries", "bits", "targets"
    for _ in range(250):
        weights, resolution, c = right[random_state.randint(len(right) - 1)]
        array = c[names[random_state.randint(6)]]
        name = next(name for name in names if c[name] is array)
        place = np.unravel_index(random_state.randint(array.size), array.shape)
        value = random_state.randint(-1, len(c["radii"]) + 1)
        if array.dtype.kind == "f":
            change = 10.0 ** random_state.uniform(-12, 0)
            value = array[place] + change * random_state.choice([-1, 1])
        cases.append((weights, resolution, changed(c, name, place, value)))
    expected = [holds(*case) for case in cases]

    results = checked(cases)

    assert [result["holds"] for result in results] == expected
    assert 30 < sum(expected) < 220
    figure(f"page's checker: verify's verdict on 250 changes, {sum(expected)} of them harmless")


def test_what_the_page_knows_of_a_certificate_is_enough():
    network = OF_DOCS[2]
    without_slack = run_node(CHECK, [(network, network["certificate"], {})])[0]
    weights, _, c = next(certificates())
    with_slack = checked([(weights, None, c)])[0]

    assert without_slack["holds"]
    for less, more in zip(without_slack["steps"], with_slack["steps"], strict=True):
        assert 0 < more["distance"] - less["distance"] < 1.1e-9


def test_an_update_gate_of_one_is_checked_like_one_that_is_open(right):
    cases = [(weights, r, c) for weights, r, c in right if "Wz" in weights]
    opened = []
    for weights, resolution, c in cases:
        gate = {"Wz": 0 * weights["Wz"], "Uz": 0 * weights["Uz"], "bz": 0 * weights["bz"] + OPEN}
        opened.append((weights | gate, resolution, c | gate))
    expected = [holds(*case) for case in opened]
    # That of the docs holds without a gate, but not all of them do.
    assert expected[0]
    assert not all(expected)

    results = checked(cases, updateGate=1)

    assert [result["holds"] for result in results] == expected
    for result, of_open in zip(results, checked(opened), strict=True):
        for step, like in zip(result["steps"], of_open["steps"], strict=True):
            assert step["distance"] == pytest.approx(like["distance"], abs=1e-9)
    assert not checked(cases[:1], updateGate=0.5)[0]["holds"]


BALLS = """
import * as balls from "./numbers/enclosure.js";
const A = balls.arithmeticIn(0, 1), number = (m) => A.number([m, 0], [], 0);
const diagonal = (row) => row.map((ball, i) => row.map((_, j) => i === j ? ball : [0, 0]));
result = data.map(({ x, y, numbers, row, matrix }) => ({
  add: balls.addBalls(x, y),
  subtract: balls.subtractBalls(x, y),
  multiply: balls.multiplyBalls(x, y),
  product: balls.timesMatrix(row, numbers.map((value) => [value]))[0],
  length: balls.lengthAbove(row),
  norm: balls.normAbove(diagonal(row)),
  tanh: A.tanh(number(x[0])).range,
  sigmoid: A.sigmoid(number(x[0])).range,
  inverse: balls.inverseOf(matrix),
}));
"""


def inside(exact, ball):
    """Whether a ball of the page holds an exact number."""
    return abs(exact - Fraction(ball[0])) <= Fraction(ball[1])


def test_balls_hold_what_is_exact():
    """Points without a radius, too, where nothing but rounding counts."""
    random_state = np.random.RandomState(0)

    def drawn(number):
        scales = 10 ** random_state.uniform(-3, 3, number)
        radii = random_state.choice([0, 1e-16, 1e-3], number)
        return np.column_stack([random_state.normal(size=number) * scales, radii * scales]).tolist()

    data = []
    for _ in range(500):
        (x, y), row, numbers = drawn(2), drawn(5), random_state.normal(size=5).tolist()
        # Its first two products cancel.
        row[1], numbers[1] = [row[0][0] * numbers[0], 0.0], -1.0
        matrix = random_state.randint(-9, 10, (4, 4)) + 20 * np.eye(4)
        data.append({"x": x, "y": y, "row": row, "numbers": numbers, "matrix": matrix.tolist()})

    found = run_node(BALLS, data)

    ends = [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 0)]
    for case, results in zip(data, found, strict=True):
        for i, j in ends:
            x = Fraction(case["x"][0]) + i * Fraction(case["x"][1])
            y = Fraction(case["y"][0]) + j * Fraction(case["y"][1])
            for name, exact in ("add", x + y), ("subtract", x - y), ("multiply", x * y):
                assert inside(exact, results[name])
            points = [Fraction(m) + i * Fraction(r) for m, r in case["row"]]
            products = [p * Fraction(n) for p, n in zip(points, case["numbers"], strict=True)]
            assert inside(sum(products), results["product"])
            assert sum(p**2 for p in points) <= Fraction(results["length"]) ** 2
            assert max(abs(p) for p in points) <= Fraction(results["norm"])
        with ctx.workprec(100):
            x = arb(case["x"][0])
            for name, exact in ("tanh", x.tanh()), ("sigmoid", 1 / (1 + (-x).exp())):
                m, r = results[name]
                assert abs(exact - m) <= r < 1e-13
        whole = fmpz_mat([[int(n) for n in row] for row in case["matrix"]])
        for exact, ball in zip(
            fmpq_mat(whole).inv().entries(), chain(*results["inverse"]), strict=True
        ):
            assert inside(Fraction(int(exact.p), int(exact.q)), ball)
            assert ball[1] < 1e-12


def damaged(weights, random_state, scale):
    """Weights with noise, with which a network adds some sums only. The output layer has none."""
    of_cell = {name: weight for name, weight in weights.items() if len(name) == 2}
    noise = {name: random_state.normal(size=weight.shape) for name, weight in of_cell.items()}
    return weights | {name: weight + scale * noise[name] for name, weight in of_cell.items()}


def searched(cases, budget=20):
    """The page's findings: for each network, what `smallestWrong` and `wrongByStates` say."""
    found = run_node(SEARCH, {"networks": [described(*case) for case in cases], "budget": budget})
    for pair in found:
        for wrong in pair:
            if wrong is not None and wrong["bits"] is not None:
                wrong |= {name: int(wrong[name]) for name in ("a", "b", "answer")}
    return found


def answer_of(network, a, b, bits):
    """Python's answer, column by column."""
    h, answer = np.zeros((1, network.state_size)), 0
    for k in range(bits):
        pair = 2 * (a >> k & 1) + (b >> k & 1)
        h = network.settle(network.steps(h)[:, pair])
        answer |= int(network.output(h)[0] > 0.5) << k
    return answer


def test_the_smallest_wrong_sum_is_that_of_python(figure):
    random_state = np.random.RandomState(0)
    cases = [(TWO_UNITS, None), (PERFECT, 3)]
    for weights in PERFECT, elman(), lstm(), reset_after():
        for resolution in None, 3:
            for share, scale in (1, 4), (1, 8), (0.1, 0.2), (0.08, 0.1):
                cases.append((damaged(soft(weights, share), random_state, scale), resolution))

    bits, doubtful = set(), 0
    for case, (found, _) in zip(cases, searched(cases, budget=1000), strict=True):
        network, tried = Network(*case), found["tried"]
        expected, is_certain = try_all_sums(network, tried)
        doubtful += not is_certain
        if is_certain and expected is None:
            assert found["bits"] is None
            assert tried > 2
        elif is_certain:
            smallest = expected.num_bits, expected.a, expected.b
            assert (found["bits"], found["a"], found["b"]) == smallest
            answer = answer_of(network, found["a"], found["b"], found["bits"])
            assert found["answer"] == answer != expected.total
        bits.add(found["bits"])
    assert bits >= {1, 2, 3, 4, 5, None}
    number = len(cases) - doubtful
    assert number > 15
    figure(f"page's search: the smallest wrong sums of {number} networks are Python's")


def test_the_tutorials_network_is_wrong_from_12_and_13_on():
    weights = arrays(OF_DOCS[0]["weights"])
    expected, is_certain = try_all_sums(Network(weights), 5)
    assert is_certain

    # It ends as soon as it has found one.
    for found in searched([(weights, None)], budget=60_000)[0]:
        assert (found["bits"], found["a"], found["b"]) == (5, expected.a, expected.b) == (5, 12, 13)
        assert found["answer"] == answer_of(Network(weights), 12, 13, 5)


def test_what_is_found_by_states_is_wrong_and_no_longer_than_the_smallest(figure):
    """Of two units, one of whose weights is changed; and of a network with a rare error."""
    cases = []
    for name, weight in TWO_UNITS.items():
        for share in -1.0, 0.5, 0.8, 1.5:
            for place in np.ndindex(weight.shape):
                cases.append((changed(TWO_UNITS, name, place, share * weight[place]), None))

    # Its state is the same after 0 + 0 and 1 + 1.
    forgetful = {
        "Wh": np.array([[40.0, -40], [-40, 40]]), "Uh": np.zeros((2, 2)), "bh": np.full(2, -20.0),
        "W_output": np.full((2, 1), 0.5), "b_output": np.ones(1),
    }  # fmt: skip

    others = [(numpy_gru.planted(20), None), (forgetful, None)]
    *results, (_, rare), (_, carried) = searched(cases + others)

    number = 0
    for (weights, _), (smallest, found) in zip(cases, results, strict=True):
        if found is not None:
            answer = answer_of(Network(weights), found["a"], found["b"], found["bits"])
            assert found["answer"] == answer != found["a"] + found["b"]
            number += 1
        if smallest["bits"] is not None:
            assert found["bits"] == smallest["bits"]
    assert 30 < number < len(cases)
    assert (carried["a"], carried["b"], carried["bits"], carried["answer"]) == (1, 1, 2, 0)
    assert rare["bits"] > 20
    assert rare["answer"] != rare["a"] + rare["b"]
    figure(f"page's search by states: {number} of {len(cases)} changed weights give a wrong sum")
