"""Tasks held out of a training: named in a recipe, left out of what is learnt, and recorded."""

import json
from pathlib import Path

import pytest
import yaml

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import load_checkpoint
from modeling.checkpoints.training_record import read_record
from modeling.data.examples import load_role
from modeling.recipes.recipe import Recipe, load_recipe, parse_recipe, show_recipe
from modeling.training.train import train

HELD_OUT = ("find-plant", "lifespan-longest-lived")


def test_a_recipe_names_tasks_by_name_or_id() -> None:
    recipe = load_recipe("scratch-tiny").with_values(exclude_tasks=["7-1", "find-plant", "find-plant"])
    assert recipe.exclude_tasks == HELD_OUT  # in the order of the table, so that lists can be compared
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
def test_bad_tasks_are_named(values: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_recipe({"name": "mine", **values}, "mine")


def test_held_out_tasks_leave_the_training_split_alone(dataset: Path) -> None:
    whole, held = load_role("flat", str(dataset)), load_role("flat", str(dataset), exclude_tasks=HELD_OUT)
    assert set(whole.train["task"]) - set(held.train["task"]) == set(HELD_OUT)
    assert held.validation["task"] == whole.validation["task"]
    assert held.fingerprint == whole.fingerprint
    assert held.describe()["train"] == len(held.train) < len(whole.train)
    seen = [held.validation["task"][row] for row in held.seen_validation_rows()]
    assert set(seen) == set(whole.validation["task"]) - set(HELD_OUT)
    assert whole.seen_validation_rows() == list(range(len(whole.validation)))
    with pytest.raises(UsageError, match="exclude_tasks leaves no training examples of"):
        load_role("flat", str(dataset), exclude_tasks=sorted(set(whole.train["task"])))


def test_a_training_records_what_it_held_out(
    dataset: Path, recipe: Recipe, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    short = recipe.with_values(max_steps=2, exact_match_examples=1000, exclude_tasks=HELD_OUT)
    result = train("flat", short, dataset, tmp_path / "flat")
    data = load_role("flat", str(dataset))
    assert tuple(result.held_out_tasks) == HELD_OUT
    assert read_record(tmp_path / "flat") == result
    assert set(result.exact_match_by_task) == set(data.validation["task"])  # the held-out ones too
    assert tuple(json.loads((tmp_path / "flat" / "config.json").read_text())["held_out_tasks"]) == HELD_OUT
    checkpoint = load_checkpoint(str(tmp_path / "flat"))
    assert tuple(checkpoint.describe()["held_out_tasks"]) == HELD_OUT
    assert "held_out_tasks" not in load_checkpoint(str(checkpoints["flat"])).describe()

    fewer = short.with_values(exclude_tasks=HELD_OUT[:1])
    further = train("flat", fewer, dataset, tmp_path / "further", base=str(tmp_path / "flat"))
    assert tuple(further.held_out_tasks) == HELD_OUT[:1]
    message = "exclude_tasks holds out lifespan-longest-lived, but .*further was trained on it"
    with pytest.raises(UsageError, match=message):
        train("flat", short, dataset, tmp_path / "again", base=str(tmp_path / "further"))
