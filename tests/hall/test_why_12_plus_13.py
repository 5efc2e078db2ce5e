"""The experiment on 12 + 13 counts what it says."""

import runpy

import numpy_gru
import pytest
from common import ROOT

from gru_addition.train import Config

SCRIPT = ROOT / "examples" / "why_12_plus_13.py"


def test_wrong_sums_are_those_of_the_network(trained):
    wrong_sums = runpy.run_path(str(SCRIPT))["wrong_sums"]

    # The README's example, and no other pair in a training set.
    assert wrong_sums(trained(Config()).weights) == [(12, 13), (13, 12)]
    perfect = numpy_gru.perfect_weights()
    assert wrong_sums(perfect) == []
    # Without an output for a one, only 0 + 0 is right.
    assert len(wrong_sums(perfect | {"W_output": 0 * perfect["W_output"]})) == 224


@pytest.mark.torture
def test_a_sum_with_what_is_lacking_mends_the_network(capsys):
    runpy.run_path(str(SCRIPT))["main"]([(12, 12), (0, 3), (0, 5)])

    assert capsys.readouterr().out.splitlines() == [
        "1 + 1 and a carry in column 3, made by 1 + 1 in column 2: 16 sums, output 0.27 to 1.00, "
        "2 wrong",
        "1 + 1 and a carry in column 3, passed on: 12 sums, output 0.70 to 1.03, 0 wrong",
        "with 1 + 1 in columns 2 and 3: 1 networks, 1 get 12 + 13 right, 1 all 225 sums",
        "other sums: 1 networks, 0 get 12 + 13 right, 0 all 225 sums",
    ]
