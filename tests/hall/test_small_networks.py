"""The network of two units in the docs is proved, and the search for small networks can find it."""

import json
import re
import runpy

import numpy as np
import pytest
from common import ROOT

from gru_addition.cells.weights import CELLS
from gru_addition.prove import prove

DOCS = (ROOT / "docs" / "study_and_proof.md").read_text(encoding="utf-8")
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


def test_a_network_that_adds_is_on_the_right_side_everywhere(weights, certificate):
    numbers = [*(weights[name].ravel() for name in CELLS["gru"].weight_shapes(2))]
    # The states in the order of bits and carries.
    order = [1, 3, 2, 4]
    states = np.arctanh(np.clip(certificate["states"][order], -0.9999, 0.9999))

    distances = ONE_UNIT["distances"](np.concatenate([*numbers, states.ravel()]), 2)

    assert distances.shape == (20,)
    assert distances.min() > 0.01
    # With the states of carry and no carry exchanged, it does not add.
    exchanged = np.concatenate([*numbers, states[[1, 0, 3, 2]].ravel()])
    assert ONE_UNIT["distances"](exchanged, 2).min() < -0.01


def test_the_search_reports_what_it_found(capsys):
    ONE_UNIT["main"]({1: 2})

    line = capsys.readouterr().out
    assert re.fullmatch(r"hidden size 1: 2 starts, 0 found, best distance -\S+\n", line)
