"""`subgoal train` on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from modeling.cli import train_command
from modeling.recipes.recipe import Recipe, load_recipe, parse_recipe, show_recipe

app = typer.Typer()
app.command()(train_command)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_recipe_is_shown_with_every_default() -> None:
    shown = yaml.safe_load(_run("--show-recipe", "flan-t5-base"))
    assert parse_recipe(shown, "shown") == load_recipe("flan-t5-base")
    shown = yaml.safe_load(_run("controller", "--show-recipe", "flan-t5-base"))
    assert shown["learning_rate"] == 4e-4


def test_training_by_command(tmp_path: Path, dataset: Path, recipe: Recipe) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(show_recipe(recipe))
    out = tmp_path / "out"
    options = [
        "--recipe",
        str(mine),
        "--dataset",
        str(dataset),
        "--out",
        str(out),
        "--max-steps",
        "2",
        "--seed",
        "5",
    ]
    printed = _run("executor", *options)
    assert "0.0% lose history" in printed
    assert "exact match" in printed
    assert (out / "model.safetensors").exists()
    assert "already finished" in _run("executor", *options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Which role"),
        (["executor"], "add --recipe with one of cpu-mini"),
        (["executor", "--recipe", "scratch-tiny"], "add --dataset"),
        (["executor", "--recipe", "scratch-tiny", "--dataset", "x"], "add --out"),
        (["driver", "--recipe", "scratch-tiny", "--dataset", "x", "--out", "y"], "Unknown role 'driver'"),
        (
            ["executor", "--recipe", "scratchtiny", "--dataset", "x", "--out", "y"],
            "Did you mean scratch-tiny",
        ),
        (["--show-recipe", "nothing"], "No recipe 'nothing'"),
        (
            ["executor", "--recipe", "scratch-tiny", "--dataset", "x", "--out", "y", "--max-steps", "0"],
            "max_steps is 0",
        ),
    ],
)
def test_wrong_usage_is_reported_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "\n" not in str(caught.value)


def test_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, modeling, modeling.cli, modeling.agents.base\n"
        "heavy = ('torch', 'transformers', 'datasets', 'py4j', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
