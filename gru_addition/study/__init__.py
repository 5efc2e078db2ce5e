"""The study: what networks learn from different recipes, measured over many seeds.

    python -m gru_addition study --seeds 32

The tutorial says that its network is independent of the length of the numbers, and shows one sum.
Here each recipe trains many networks, which are tested on sums of many kinds and lengths.

Read `recipes`, `measure` (what is asked of one network), `sweep` (all of them), `executors` and
`report`. The command, notebooks and benchmarks import this wing.
"""

from gru_addition.study.recipes import RECIPES
from gru_addition.study.sweep import study

__all__ = ["RECIPES", "study"]
