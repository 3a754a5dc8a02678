"""Recipes, training and agents: from a dataset to checkpoints that play.

The names below are loaded on first use, so that importing the package (and `subgoal --help`) stays
free of torch and transformers.
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from modeling.agents.base import Agent, Decision
    from modeling.agents.decoding import Decoding
    from modeling.agents.learned import FlatAgent, SubgoalAgent
    from modeling.checkpoints.training_record import TrainingResult
    from modeling.recipes.recipe import Recipe, load_recipe
    from modeling.training.train import train

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "agents.base": ["Agent", "Decision"],
        "agents.decoding": ["Decoding"],
        "agents.learned": ["FlatAgent", "SubgoalAgent"],
        "checkpoints.training_record": ["TrainingResult"],
        "recipes.recipe": ["Recipe", "load_recipe"],
        "training.train": ["train"],
    },
)
