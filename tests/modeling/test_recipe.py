"""Recipes: one schema, helpful errors, the paper's figures."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dataset_builder.errors import UsageError
from dataset_builder.state_text import ROLES
from modeling.recipe import Recipe, load_recipe, parse_recipe, recipe_names, show_recipe


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_serves_every_role(name: str, role: str) -> None:
    recipe = load_recipe(name, role)
    assert (recipe.name, recipe.roles) == (name, {})
    assert recipe.about


def test_the_recipes_promised_are_there() -> None:
    assert {"scratch-tiny", "scratch-small", "flan-t5-small", "flan-t5-base", "flan-t5-large"} <= set(
        recipe_names()
    )


@pytest.mark.parametrize(
    ("role", "rate", "epochs"), [("executor", 1e-4, 30), ("controller", 4e-4, 20), ("flat", 1e-4, 16)]
)
def test_flan_recipes_have_the_figures_of_the_paper(role: str, rate: float, epochs: float) -> None:
    recipe = load_recipe("flan-t5-large", role)
    assert (recipe.learning_rate, recipe.epochs) == (rate, epochs)
    assert (recipe.batch_size, recipe.accumulation) == (8, 4)
    assert (recipe.source_length, recipe.target_length) == (1024, 30)
    assert (recipe.adam_epsilon, recipe.evaluate_every) == (1e-6, 100)
    assert (recipe.base, recipe.state_text) == ("google/flan-t5-large", "paper")


@pytest.mark.parametrize("name", recipe_names())
def test_a_shown_recipe_is_a_recipe(name: str) -> None:
    recipe = load_recipe(name)
    shown = show_recipe(recipe)
    assert parse_recipe(yaml.safe_load(shown), "shown") == recipe
    for field in Recipe.model_fields:
        assert f"\n{field}:" in f"\n{shown}"
    assert "# None" not in shown  # every field is explained


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rat": 1}, "unknown key 'learning_rat': did you mean learning_rate?"),
        ({"architecture": {"dmodel": 64}}, "unknown key 'architecture.dmodel': did you mean d_model?"),
        ({"roles": {"flat": {"epoch": 1}}}, "unknown key 'roles.flat.epoch': did you mean epochs?"),
        ({"roles": {"teacher": {}}}, "unknown role 'teacher' under roles: use controller, executor, flat."),
        ({"roles": {"flat": {"epochs": -1}}}, "roles.flat: epochs is -1: input should be greater than 0."),
        ({"batch_size": "many"}, "batch_size is 'many': input should be a valid integer"),
        ({"state_text": "terse"}, "Unknown state-text version 'terse'"),
        ({"architecture": {"d_model": 100, "heads": 3}}, "d_model must be a multiple of architecture.heads"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "is no YAML file"), ("- a\n- b\n", "holds no recipe"), ("", "holds no recipe")],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_recipe(path)


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean scratch-tiny"):
        load_recipe("scratch-tini")
    with pytest.raises(UsageError, match="Unknown role 'driver': use one of controller"):
        load_recipe("scratch-tiny", "driver")


def test_values_of_a_role_replace_the_general_ones() -> None:
    recipe = parse_recipe(
        {
            "name": "mine",
            "epochs": 3,
            "architecture": {"d_model": 64, "d_ff": 99},
            "roles": {"flat": {"epochs": 5, "architecture": {"d_ff": 64}}},
        },
        "mine",
    )
    flat, executor = recipe.for_role("flat"), recipe.for_role("executor")
    assert (flat.epochs, flat.architecture.d_model, flat.architecture.d_ff) == (5, 64, 64)
    assert (executor.epochs, executor.architecture.d_ff) == (3, 99)
