"""How many of a hundred seeds are proved right, for each recipe meant to be provable."""

from collections import Counter

import pytest

from gru_addition.study import RECIPES
from gru_addition.study.executors import local_processes
from gru_addition.study.measure import run_seed

SEEDS = 100
# How many of a hundred must be proved: as the recipe has it, and with a rounded state.
LEAST = {
    "fresh + state noise": (99, 99),
    "fresh + Jacobian penalty": (99, 0),
    "tutorial + Jacobian penalty": (99, 99),
}


@pytest.mark.torture
@pytest.mark.parametrize("recipe", LEAST)
def test_nearly_all_seeds_are_proved(recipe, figure):
    settings = [RECIPES[recipe] | {"seed": seed} for seed in range(SEEDS)]

    with local_processes() as executor:
        rows = [row for rows in executor.map(run_seed, settings) for row in rows]

    def found(test, measure):
        return [row[3] for row in rows if row[0] == test and row[2] == measure]

    as_it_is, rounded = found("proof", "verdict"), found("rounded proof", "verdict")
    challenges = [found(test, "wrong in the challenge") for test in ("proof", "rounded proof")]
    figure(f"{recipe}, {SEEDS} seeds: {dict(Counter(as_it_is))}; rounded: {dict(Counter(rounded))}")
    assert [len(found) for found in challenges] == [
        verdicts.count("proved") for verdicts in (as_it_is, rounded)
    ]
    assert not any(challenges[0] + challenges[1])
    assert as_it_is.count("proved") >= LEAST[recipe][0]
    assert rounded.count("proved") >= LEAST[recipe][1]
