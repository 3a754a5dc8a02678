"""From a recipe to training arguments."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import TrainingArguments

from dataset_builder.common.errors import UsageError
from modeling.recipes.recipe import Recipe
from modeling.training.arguments import causal_arguments, reporting_callbacks, seq2seq_arguments


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


@pytest.mark.parametrize("arguments", [seq2seq_arguments, causal_arguments])
@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.filterwarnings("error::FutureWarning")
def test_memory_for_activations_follows_the_recipe(
    arguments: Callable[[Recipe, Path, str], TrainingArguments],
    recipe: Recipe,
    tmp_path: Path,
    checkpointing: bool,
) -> None:
    values = recipe.with_values(gradient_checkpointing=checkpointing)
    # Its name depends on the version of transformers.
    name = "activation_checkpointing"
    made = arguments(values, tmp_path, "test")
    assert getattr(made, name if hasattr(made, name) else "gradient_checkpointing") is checkpointing


def test_bf16_is_refused_on_a_gpu_that_does_not_support_it(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Tesla V100")
    monkeypatch.setattr("modeling.training.arguments.has_fast_bf16", lambda: False)
    with pytest.raises(UsageError, match="Tesla V100 does not support bf16: use precision auto or fp32"):
        seq2seq_arguments(recipe.with_values(precision="bf16"), tmp_path, "test")
