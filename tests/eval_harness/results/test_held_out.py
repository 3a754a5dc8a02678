"""Tasks that a run's models were not trained on are shown apart."""

from typing import Any

from eval_harness.reports.score_table import comparison_markdown
from eval_harness.results.records import RunResult, seen_and_unseen, summarize, unseen_tasks
from tests.eval_harness.reports.test_score_table import episode


def run(agent: str, **models: list[str]) -> RunResult:
    """`boil` has 20 and 60, `melt` 10, `find-plant` 100 and a failed episode."""
    played = [("boil", 20), ("boil", 60), ("melt", 10), ("find-plant", 100), ("find-plant", None)]
    fields: dict[str, Any] = {
        "agent": agent,
        "models": {role: {"id": role, "held_out_tasks": tasks} for role, tasks in models.items()},
        "agent_settings": {},
        "protocol": {"name": "mini", "hash": "abc"},
        "seed": 0,
        "complete": True,
        "batch_size": 8,
        "versions": {},
        "hardware": {},
        "wall_seconds": 1.0,
    }
    return RunResult(
        **summarize([episode(task, i, score) for i, (task, score) in enumerate(played)]), **fields
    )


def test_seen_and_unseen_tasks_have_means_of_their_own() -> None:
    found = seen_and_unseen(run("pair", controller=["boil", "find-plant"], executor=["boil", "find-plant"]))
    assert found == {
        "seen": {"mean": 10.0, "tasks": 1, "episodes": 1, "failed": 0},
        "unseen": {"mean": 70.0, "tasks": 2, "episodes": 3, "failed": 1},
    }


def test_what_one_model_has_seen_the_agent_has_seen() -> None:
    found = seen_and_unseen(run("pair", controller=["boil", "melt"], executor=["boil"]))
    assert found is not None
    assert found["unseen"]["tasks"] == 1
    assert seen_and_unseen(run("pair", controller=["boil"], executor=[])) is None
    assert seen_and_unseen(run("random")) is None
    assert unseen_tasks(run("pair", controller=["boil", "melt"], executor=["boil"])) == {"boil"}
    assert unseen_tasks(run("random")) == set()


def test_tasks_that_were_not_played_are_not_shown() -> None:
    found = seen_and_unseen(run("flat", flat=["freeze"]))
    assert found is not None
    assert set(found) == {"seen"}


def test_the_table_shows_them_for_runs_that_held_tasks_out() -> None:
    shown = comparison_markdown([run("flat", flat=["melt"]), run("random")])
    assert "| seen tasks | 70.0 (3, 1 failed) |  |" in shown
    assert "| unseen tasks | 10.0 (1) |  |" in shown
    assert "seen tasks" not in comparison_markdown([run("random")])
