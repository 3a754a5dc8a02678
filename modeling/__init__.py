"""Recipes, training and agents: from a dataset to checkpoints that play.

The names below are loaded on first use, so that importing the package (and `subgoal --help`) stays
free of torch and transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modeling.agents.base import Agent, Decision
    from modeling.agents.decoding import Decoding
    from modeling.agents.learned import FlatAgent, SubgoalAgent
    from modeling.checkpoints.training_record import TrainingResult
    from modeling.recipes.recipe import Recipe, load_recipe
    from modeling.training.train import train

_HOMES = {
    "Agent": "agents.base",
    "Decision": "agents.base",
    "Decoding": "agents.decoding",
    "FlatAgent": "agents.learned",
    "SubgoalAgent": "agents.learned",
    "TrainingResult": "checkpoints.training_record",
    "Recipe": "recipes.recipe",
    "load_recipe": "recipes.recipe",
    "train": "training.train",
}

__all__ = [
    "Agent",
    "Decision",
    "Decoding",
    "FlatAgent",
    "Recipe",
    "SubgoalAgent",
    "TrainingResult",
    "load_recipe",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
