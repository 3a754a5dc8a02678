"""Two trainings on one folder: the second one names the first, and changes nothing."""

import time
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.common.folder_lock import OWNER
from modeling.recipes.recipe import Recipe, show_recipe
from modeling.training.train import train
from tests.warm import WarmProcess

TRAINING = """
import sys
from modeling.training.train import train
train("flat", sys.argv[1], sys.argv[2], sys.argv[3])
"""


def test_the_second_training_names_the_first(dataset: Path, recipe: Recipe, tmp_path: Path) -> None:
    values, out = tmp_path / "recipe.yaml", tmp_path / "out"
    values.write_text(show_recipe(recipe.with_values(max_steps=100_000)))
    with WarmProcess("-c", TRAINING, values, dataset, out) as first:
        try:
            while not (out / "plan.json").exists():
                assert first.poll() is None, first.stderr.read()
                time.sleep(0.05)
            with pytest.raises(SubgoalError, match=rf"in use by process {first.pid} on"):
                train("flat", recipe, dataset, out)
            assert (out / OWNER).read_text().startswith(f"process {first.pid} ")
        finally:
            first.kill()
