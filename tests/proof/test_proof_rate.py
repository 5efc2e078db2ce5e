"""How many of a hundred seeds are proved right, for each recipe meant to be provable."""

from collections import Counter

import pytest

from gru_addition.study import RECIPES
from gru_addition.study.executors import local_processes
from gru_addition.study.measure import ROUNDED_TO

SEEDS = 100
# How many of a hundred must be proved: as the recipe has it, and with a rounded state.
LEAST = {
    "fresh + state noise": (99, 99),
    "fresh + Jacobian penalty": (99, 0),
    "tutorial + Jacobian penalty": (90, 99),
}


def verdicts(settings):
    """The verdicts on one network, as it is and rounded."""
    from gru_addition.prove import prove
    from gru_addition.train import Config, train

    config = Config(**settings)
    weights = train(config).weights
    return [prove(weights, resolution).verdict for resolution in (config.resolution, ROUNDED_TO)]


@pytest.mark.torture
@pytest.mark.parametrize("recipe", LEAST)
def test_nearly_all_seeds_are_proved(recipe, figure):
    settings = [RECIPES[recipe] | {"seed": seed} for seed in range(SEEDS)]

    with local_processes() as executor:
        as_it_is, rounded = zip(*executor.map(verdicts, settings), strict=True)

    figure(f"{recipe}, {SEEDS} seeds: {dict(Counter(as_it_is))}; rounded: {dict(Counter(rounded))}")
    assert as_it_is.count("proved") >= LEAST[recipe][0]
    assert rounded.count("proved") >= LEAST[recipe][1]
