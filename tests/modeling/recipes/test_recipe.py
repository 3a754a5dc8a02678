"""Recipes: one schema, helpful errors, the paper's figures."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.model_input import ROLES
from modeling.recipes.recipe import Recipe, load_recipe, parse_recipe, recipe_names, show_recipe


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_serves_every_role(name: str, role: str) -> None:
    recipe = load_recipe(name, role)
    assert (recipe.name, recipe.roles) == (name, {})
    assert recipe.about


def test_the_recipes_promised_are_there() -> None:
    flan = {f"flan-t5-{size}" for size in ("small", "base", "large", "xl", "large-lora", "xl-lora")}
    stages = ("small-more", "small-evidence", "small-polish", "small-unsimplified")
    scratch = {f"scratch-{size}" for size in ("tiny", "small", *stages, "base")} | {"quickstart"}
    causal = {
        "smollm2-135m",
        "smollm2-360m",
        "qwen3-0.6b-lora",
        "qwen2.5-1.5b-lora",
        "llama-3.2-1b-lora",
        "cpu-mini",
    }
    tools = {"tool-agent-cpu", "tool-agent-lora"}
    assert scratch | flan | causal | tools == set(recipe_names())


@pytest.mark.parametrize(
    ("role", "rate", "epochs"), [("executor", 1e-4, 30), ("controller", 4e-4, 20), ("flat", 1e-4, 16)]
)
@pytest.mark.parametrize("size", ["small", "base", "large", "xl"])
def test_flan_recipes_have_the_figures_of_the_paper(size: str, role: str, rate: float, epochs: float) -> None:
    recipe = load_recipe(f"flan-t5-{size}", role)
    assert (recipe.learning_rate, recipe.epochs) == (rate, epochs)
    # XL needs smaller batches; what an optimizer step sees is the same.
    assert recipe.batch_size * recipe.accumulation == 32
    assert (recipe.batch_size == 8) == (size != "xl")
    assert (recipe.source_length, recipe.target_length) == (1024, 30)
    assert (recipe.adam_epsilon, recipe.evaluate_every) == (1e-6, 100)
    assert (recipe.base, recipe.state_text) == (f"google/flan-t5-{size}", "paper")
    assert recipe.lora is None


@pytest.mark.parametrize("size", ["large", "xl"])
def test_lora_variants_differ_in_what_is_trained_and_how_fast(size: str) -> None:
    for role in ROLES:
        lora, whole = load_recipe(f"flan-t5-{size}-lora", role), load_recipe(f"flan-t5-{size}", role)
        assert lora.lora is not None
        assert (lora.lora.rank, lora.lora.alpha, lora.learning_rate) == (64, 128, 2e-4)
        assert lora.batch_size * lora.accumulation == 32
        same = ("base", "epochs", "source_length", "target_length", "adam_epsilon", "schedule")
        assert all(getattr(lora, name) == getattr(whole, name) for name in same)


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
        ({"lora": {"ranks": 8}}, "unknown key 'lora.ranks': did you mean rank?"),
        ({"report_to": "wandb"}, "report_to is 'wandb': input should be 'none', 'tensorboard' or 'trackio'"),
        ({"roles": {"flat": {"epoch": 1}}}, "unknown key 'roles.flat.epoch': did you mean epochs?"),
        ({"roles": {"teacher": {}}}, "unknown role 'teacher' under roles: use controller, executor, flat."),
        ({"roles": {"flat": {"epochs": -1}}}, "roles.flat: epochs is -1: input should be greater than 0."),
        ({"batch_size": "many"}, "batch_size is 'many': input should be a valid integer"),
        ({"state_text": "terse"}, "Unknown state-text version 'terse'"),
        ({"architecture": {"d_model": 100, "heads": 3}}, "d_model must be a multiple of architecture.heads"),
        ({"kind": "decoder"}, "kind is 'decoder': input should be 'seq2seq' or 'causal'"),
        ({"kind": "causal", "rename": 0.5}, "rename is for kind: seq2seq; this recipe is for causal models"),
        (
            {"packing": True},
            "packing is for kind: causal; this recipe is for seq2seq models: remove packing.",
        ),
        ({"kind": "causal", "optimizer": "muon"}, "kind: causal fine-tunes: use adamw or adafactor."),
        ({"kind": "causal", "frozen_layers": 2, "packing": True}, "remove packing."),
        ({"roles": {"flat": {"frozen_layers": 2}}}, "roles.flat: frozen_layers is for kind: causal"),
        ({"only_tasks": ["boil"], "exclude_tasks": ["melt"]}, "only_tasks and exclude_tasks exclude each"),
        ({"only_tasks": ["cook"]}, "only_tasks: "),
    ],
)
def test_mistakes_are_reported_in_one_line(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "is not a YAML file"), ("- a\n- b\n", "not hold a recipe"), ("", "not hold a recipe")],
)
def test_a_file_that_is_not_a_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
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


def test_a_recipe_names_tasks_by_name_or_id() -> None:
    recipe = load_recipe("scratch-tiny").with_values(exclude_tasks=["7-1", "find-plant", "find-plant"])
    assert recipe.exclude_tasks == (
        "find-plant",
        "lifespan-longest-lived",
    )
    assert parse_recipe(yaml.safe_load(show_recipe(recipe)), "shown") == recipe
    assert load_recipe("scratch-tiny").exclude_tasks == ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"exclude_tasks": ["boill"]}, r"mine: exclude_tasks: Unknown task 'boill'. Did you mean boil\?"),
        (
            {"roles": {"flat": {"exclude_tasks": ["boill"]}}},
            "mine, roles.flat: exclude_tasks: Unknown task 'boill'",
        ),
        ({"exclude_tasks": "boil"}, "mine: exclude_tasks is 'boil': input should be a valid tuple"),
    ],
)
def test_bad_tasks_are_reported(values: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_recipe({"name": "mine", **values}, "mine")
