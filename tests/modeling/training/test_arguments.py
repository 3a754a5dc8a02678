"""From a recipe to training arguments."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.recipes.recipe import Recipe
from modeling.training.arguments import reporting_callbacks, seq2seq_arguments


@pytest.mark.parametrize(("every", "logging"), [(20, 20), (100, 20), (30, 15), (7, 7), (1, 1)])
def test_losses_are_logged_at_each_evaluation(
    recipe: Recipe, tmp_path: Path, every: int, logging: int
) -> None:
    arguments = seq2seq_arguments(recipe.with_values(evaluate_every=every), tmp_path, "test")
    assert (arguments.eval_steps, arguments.save_steps, arguments.logging_steps) == (every, every, logging)


def test_values_of_the_recipe_are_passed_on(recipe: Recipe, tmp_path: Path) -> None:
    values = recipe.with_values(weight_decay=0.1, precision="fp32", optimizer="adafactor", seed=7)
    arguments = seq2seq_arguments(values, tmp_path, "test")
    assert (arguments.weight_decay, arguments.bf16, arguments.seed) == (0.1, False, 7)
    assert arguments.optim == "adafactor"
    assert reporting_callbacks(values, tmp_path) == []


def test_bf16_is_refused_on_a_gpu_that_does_not_support_it(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Tesla V100")
    monkeypatch.setattr("modeling.training.arguments.has_fast_bf16", lambda: False)
    with pytest.raises(UsageError, match="Tesla V100 does not support bf16: use precision auto or fp32"):
        seq2seq_arguments(recipe.with_values(precision="bf16"), tmp_path, "test")
