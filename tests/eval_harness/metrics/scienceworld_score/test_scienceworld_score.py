import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.simulator.tasks import TASKS
from eval_harness.results.records import EpisodeResult, summarize
from tests.eval_harness.metrics.conftest import LAST, TASKS_PLAYED

FOLDER = Path(__file__).parents[4] / "eval_harness" / "metrics"


def _episode(task: str, variation: int, score: int | None) -> EpisodeResult:
    error = "ValueError: x" if score is None else None
    return EpisodeResult(task, variation, 0, score, score, 1, [], [], [], [], [], [], "", error)


@pytest.mark.parametrize(
    ("call", "boil", "mean"), [("zero", 5.0, 43.0), ("previous", 20.0, 46.75), ("maximum", 30.0, 49.25)]
)
def test_scoring_rules(answers: dict[str, Any], call: str, boil: float, mean: float) -> None:
    found = answers[call]
    assert found["per_task"]["boil"] == {"mean": boil, "episodes": 2, "failed": 1}
    assert found["per_task"]["freeze"] == {"mean": None, "episodes": 0, "failed": 1}
    assert found["mean_score"] == mean
    assert found["groups"]["medium"] == {"mean": 67.0, "tasks": 1, "episodes": 1}
    assert found["groups"]["long"] == {"mean": boil / 2, "tasks": 3, "episodes": 3}
    assert (found["success_rate"], found["episodes"], found["failed"]) == (0.2, 5, 3)


def test_summarize_returns_the_figures_of_the_metric(answers: dict[str, Any]) -> None:
    episodes = [
        _episode(task, number, None if last is None else max(0, last))
        for number, (task, last) in enumerate(zip(TASKS_PLAYED, LAST, strict=True))
    ]
    summary = summarize(episodes)
    del summary["played"], summary["inputs_shortened"]  # of the run, not of its scores
    assert answers["last"] == answers["zero"] == summary


def test_one_episode_and_no_episodes(answers: dict[str, Any]) -> None:
    assert answers["one"]["mean_score"] == 40.0
    assert answers["empty"] == {
        "mean_score": None,
        "per_task": {},
        "groups": {},
        "success_rate": None,
        "episodes": 0,
        "failed": 0,
    }


def test_bad_input_is_reported(answers: dict[str, Any]) -> None:
    assert "no task '1-1'" in answers["unknown task"]
    assert 'evaluate.load(PATH, "over_steps")' in answers["needs steps"]
    assert "'best'" in answers["unknown rule"]


def test_the_horizons_are_those_of_the_task_table() -> None:
    from eval_harness.metrics.scienceworld_score.scores import HORIZON_OF

    assert {name: task.horizon for name, task in TASKS.items()} == HORIZON_OF


def test_the_harness_does_not_import_evaluate() -> None:
    heavy = "{'evaluate', 'datasets', 'pandas'}"
    check = f"import sys, eval_harness.results.records; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=FOLDER.parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
