"""The study: what networks learn from different recipes, measured over many seeds."""

from gru_addition.study.sweep import RECIPES, study

__all__ = ["RECIPES", "study"]
