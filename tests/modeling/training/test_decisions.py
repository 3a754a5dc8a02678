"""Training with decisions: they are counted and recorded, may choose the checkpoint, and need a notebook."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.trajectory import Trajectory
from modeling.recipes.recipe import Recipe
from modeling.training.train import train

KEYS = {"counterfactual": 0.8, "evidence_only": 0.5, "decision_share": 0.25}


def test_right_decisions_are_printed_and_recorded(dataset: Path, recipe: Recipe, tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=200)
    chosen = recipe.with_values(**KEYS, metric_for_best_model="decisions", max_steps=20, evaluate_every=10)
    result = train("controller", chosen, dataset, tmp_path / "controller", console=console)
    assert set(result.decisions_by_task) == {"use-thermometer"}
    counted = result.decisions_by_task["use-thermometer"]
    assert result.metrics["decisions"] == counted["share"]
    assert counted["examples"] >= 1
    assert result.curve["decisions"]["step"] == [10, 20]
    losses = result.curve["validation_loss"]
    assert result.metrics["validation_loss"] == pytest.approx(
        dict(zip(losses["step"], losses["value"], strict=True))[result.best_step], abs=1e-4
    )
    record = json.loads((tmp_path / "controller" / "training.json").read_text())
    assert record["decisions_by_task"] == result.decisions_by_task
    assert (
        "| use-thermometer | "
        in (tmp_path / "controller" / "README.md").read_text().partition("decision accuracy")[2]
    )
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "use-thermometer: " in output
    assert "decision accuracy" in output


def test_without_decision_steps_nothing_is_counted_and_none_can_choose(
    tmp_path: Path, recipe: Recipe, recorded: list[Trajectory], write_dataset: Callable[..., Path]
) -> None:
    paths = [path for path in recorded if path.task == "find-plant"]
    dataset = write_dataset(tmp_path / "no-decisions", paths)
    result = train("controller", recipe, dataset, tmp_path / "out", max_steps=1)
    assert (result.metrics["decisions"], result.decisions_by_task) == (None, {})
    with pytest.raises(UsageError, match=r"no decision steps .*: set metric_for_best_model: loss"):
        train(
            "controller", recipe.with_values(metric_for_best_model="decisions"), dataset, tmp_path / "other"
        )


@pytest.mark.parametrize("key", ["counterfactual", "evidence_only"])
def test_counterfactual_examples_need_a_notebook(
    tmp_path: Path, recipe: Recipe, recorded: list[Trajectory], write_dataset: Callable[..., Path], key: str
) -> None:
    paths = [path for path in recorded if path.task == "use-thermometer"]
    dataset = write_dataset(tmp_path / "no-notebook", paths, "compact-1")
    with pytest.raises(
        UsageError, match=r"need a notebook .* holds compact-1: build the corpus in compact-2"
    ):
        train(
            "controller",
            recipe.with_values(state_text="compact-1", **{key: 0.5}),
            dataset,
            tmp_path / "out",
        )
