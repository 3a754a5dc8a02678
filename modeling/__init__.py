"""Recipes, training and agents: from a dataset to checkpoints that play.

The names below are loaded on first use, so that importing the package (and `subgoal --help`) stays
free of torch and transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modeling.agent import Decoding, FlatAgent, SubgoalAgent
    from modeling.protocol import Agent, Decision
    from modeling.recipe import Recipe, load_recipe
    from modeling.train import TrainingResult, train

_HOMES = {
    "SubgoalAgent": "agent",
    "FlatAgent": "agent",
    "Decoding": "agent",
    "Agent": "protocol",
    "Decision": "protocol",
    "Recipe": "recipe",
    "load_recipe": "recipe",
    "train": "train",
    "TrainingResult": "train",
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
