"""The network of two units in the docs is proved, and a single unit is as docs/one_unit.md says."""

import json
import re
import runpy

import numpy as np
import pytest
from common import ROOT
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.random import RandomState

from gru_addition.cells import gru
from gru_addition.cells.network import Network
from gru_addition.cells.weights import CELLS
from gru_addition.prove import prove
from gru_addition.prove.search import try_all_sums

DOCS = (ROOT / "docs" / "two_units.md").read_text(encoding="utf-8")
TWO_UNITS = runpy.run_path(str(ROOT / "examples" / "two_units.py"))
ONE_UNIT = runpy.run_path(str(ROOT / "examples" / "one_unit.py"))


@pytest.fixture(scope="module")
def weights():
    """The 33 weights of the docs."""
    lines = re.findall(r"^(\w+) = (\[.*\])$", DOCS, re.MULTILINE)
    return {name: np.array(json.loads(numbers)) for name, numbers in lines}


@pytest.fixture(scope="module")
def certificate(weights):
    return TWO_UNITS["shortened"](prove(weights).certificate, weights)


def test_the_weights_of_the_docs_have_the_certificate_and_the_step_of_the_docs(
    weights, certificate, capsys
):
    assert sum(weight.size for weight in weights.values()) == 33

    TWO_UNITS["show_certificate"](certificate)
    TWO_UNITS["show_step"](certificate, weights)

    for block in capsys.readouterr().out.split("From "):
        assert block in DOCS


# A unit that is right at each pair of bits, if the candidate may depend on the pair as it likes.
WITHOUT_SUMS = np.array(
    [[0.69, -0.31, 1.92, -0.64, -1.87, -1.68, -0.95, 2.65, 0.28, -1.74, 0.02, -0.16, 1.5, -0.1]]
)


def beyond_threshold(units, k):
    """How far above theta the GRU's own step leads, (n, 4, 4), by pairs of bits and states.

    k: (n, 4, 4), what enters the candidate.
    """
    theta, *recurrent, states, r, z = units
    steps = np.empty(k.shape)
    for i, pair, state in np.ndindex(k.shape):
        x = {"z": z[i, pair], "r": r[i, pair], "h": k[i, pair, [state]]}
        w = {name: weight[i] for name, weight in zip(("Uz", "Ur", "Uh"), recurrent, strict=True)}
        steps[i, pair, state] = gru.step(states[i, 0, [state]], x, w)[0]
    return steps - theta


@pytest.mark.parametrize("only_open", [False, True])
def test_a_step_leads_above_the_threshold_if_the_candidate_gets_more_than_minus_h(only_open):
    random_state = RandomState(0)
    units = ONE_UNIT["units_of"](random_state.normal(size=(200, 14)), only_open)
    x, y = ONE_UNIT["terms"](units)
    with np.errstate(divide="ignore"):
        bound = np.arctanh(np.clip(y, -1, 1)) - x
    k = np.where(np.isfinite(bound), bound, 0) + 3 * random_state.normal(size=bound.shape)

    beyond = beyond_threshold(units, k)

    is_clear = abs(beyond) > 1e-9
    assert is_clear.mean() > 0.8
    assert ((beyond > 0) == (k > bound))[is_clear].all()
    assert 0.2 < (beyond > 0).mean() < 0.8


def test_a_positive_margin_means_that_the_gru_can_be_right_at_each_pair_of_bits():
    units = ONE_UNIT["units_of"](WITHOUT_SUMS)
    with np.errstate(divide="ignore"):
        assert ONE_UNIT["smallest_margins"](units, sums=()) > 0.5
        assert ONE_UNIT["smallest_margins"](units) < -0.5
        x, y = ONE_UNIT["terms"](units)
        bound = np.arctanh(np.clip(y, -1, 1)) - x
    # After 0+0 and 1+1, states with a carry lead above the threshold, after the others the rest.
    above = ONE_UNIT["HAS_CARRY"] == (ONE_UNIT["SIGNS"] > 0)
    least = bound.max(axis=2, where=above, initial=-np.inf, keepdims=True)
    most = bound.min(axis=2, where=~above, initial=np.inf, keepdims=True)
    k = np.broadcast_to((least + np.minimum(most, least + 1)) / 2, bound.shape)

    assert ((beyond_threshold(units, k) > 0) == above).all()


weight = st.floats(-30, 30)
output_weight = st.floats(0.1, 30) | st.floats(-30, -0.1)


def one_unit_network(numbers, output):
    """A network of one unit, of the cell that has as many weights: 4 to a gate, and a threshold."""
    kind = CELLS["gru" if len(numbers) > 5 else "elman"]
    shapes = [*kind.weight_shapes(1).items()][:-2]
    ends = np.cumsum([np.prod(shape) for _, shape in shapes])
    pieces = np.split(np.array(numbers[:-1]), ends[:-1])
    weights = {name: p.reshape(shape) for (name, shape), p in zip(shapes, pieces, strict=True)}
    bias = 0.5 - output * np.tanh(numbers[-1] / 10)
    return Network(weights | {"W_output": np.array([[output]]), "b_output": np.array([bias])})


@given(st.lists(weight, min_size=5, max_size=5), output_weight)
def test_an_elman_unit_has_a_wrong_sum_of_at_most_three_bits(numbers, output):
    wrong_sum, is_certain = try_all_sums(one_unit_network(numbers, output), 3)
    assert wrong_sum is not None or not is_certain


@given(st.lists(weight, min_size=13, max_size=13), output_weight)
def test_a_gru_unit_that_is_proved_not_to_add_has_a_wrong_sum_of_at_most_four_bits(numbers, output):
    network = one_unit_network(numbers, output)
    w = network.weights
    assume(w["Uh"] >= 0 or (w["Wz"] * w["Wr"] >= 0).any())
    wrong_sum, is_certain = try_all_sums(network, 4)
    assert wrong_sum is not None or not is_certain


def test_the_search_reports_what_it_found(capsys):
    ONE_UNIT["main"](20, 110)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    for line in lines[:2]:
        assert re.fullmatch(r"all comparisons, .*: 20 starts, 0 found, best margin -\S+", line)


def test_the_page_shows_what_the_search_prints():
    page = (ROOT / "docs" / "one_unit.md").read_text(encoding="utf-8")
    printed = rf": {ONE_UNIT['STARTS']} starts, \d+ found, best margin "
    assert len(re.findall(rf"^    all comparisons, .*{printed}", page, re.MULTILINE)) == 2
    assert len(re.findall(rf"^    control, .*{printed}", page, re.MULTILINE)) == 2
