"""Tasks that a run's models were not trained on are shown apart."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.reports.score_table import comparison_markdown
from eval_harness.results.played_run import read_played
from eval_harness.results.records import (
    RunResult,
    load_run,
    seen_and_unseen,
    summarize,
    unseen_tasks,
)
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


def test_seen_and_unseen_tasks_have_separate_means() -> None:
    found = seen_and_unseen(run("pair", controller=["boil", "find-plant"], executor=["boil", "find-plant"]))
    assert found == {
        "seen": {"mean": 10.0, "tasks": 1, "episodes": 1, "failed": 0},
        "unseen": {"mean": 70.0, "tasks": 2, "episodes": 3, "failed": 1},
    }


def test_a_task_is_unseen_only_if_no_model_was_trained_on_it() -> None:
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


def test_the_table_has_rows_for_held_out_tasks() -> None:
    shown = comparison_markdown([run("flat", flat=["melt"]), run("random")])
    assert "| seen tasks | 70.0 (3, 1 failed) |  |" in shown
    assert "| unseen tasks | 10.0 (1) |  |" in shown
    assert "seen tasks" not in comparison_markdown([run("random")])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run folder"):
        load_run(tmp_path)


def test_a_line_that_is_not_an_episode_is_reported(make_run: Callable[..., Path]) -> None:
    folder = make_run("a", [])
    (folder / "episodes.jsonl").write_text('{"key": ["boil", 0, 0], "task": "boil"}\n')
    with pytest.raises(UsageError, match=r"episodes\.jsonl has a line that is not an episode"):
        read_played(folder)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"llm_prompt_tokens": None}, "llm_prompt_tokens: Input should be a valid integer"),
        ({"score": "50"}, "score: Input should be a valid integer"),
        ({"actions": None}, "actions: Input should be a valid array"),
        ({"scores": [1, "x"]}, "scores.1: Input should be a valid integer"),
        ({"task": "boyl"}, "task: 'boyl' is not in the table of tasks"),
    ],
)
def test_a_wrong_field_of_an_episode_is_reported(
    wrong: dict[str, Any], said: str, make_run: Callable[..., Path]
) -> None:
    folder = make_run("a", [])
    record = {"key": ["boil", 0, 0], **episode("boil", 0, 50).to_dict(), **wrong}
    (folder / "episodes.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(UsageError, match=re.escape(f'(key ["boil", 0, 0]: {said}): remove it.')) as caught:
        read_played(folder)
    assert str(caught.value).startswith(str(folder / "episodes.jsonl"))
    assert "\n" not in str(caught.value)


def test_unknown_and_missing_fields_are_tolerated(make_run: Callable[..., Path]) -> None:
    folder = make_run("a", [])
    record = episode("boil", 0, 50).to_dict() | {"key": ["boil", 0, 0], "later": 1}
    del record["llm_calls"], record["seconds"], record["error"]
    (folder / "episodes.jsonl").write_text(json.dumps(record) + "\n")
    assert read_played(folder).episodes == [episode("boil", 0, 50)]
    path = folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 1}))
    assert load_run(folder).folder == folder


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"protocol": "paper"}, "protocol: Input should be an object"),
        ({"protocol": {"name": "paper"}}, "protocol: no hash"),
        ({"models": "m"}, "models: Input should be an object"),
        ({"played": None}, "played: Input should be an object"),
    ],
)
def test_a_wrong_field_of_a_results_file_is_reported(
    wrong: dict[str, Any], said: str, make_run: Callable[..., Path]
) -> None:
    path = make_run("a") / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    with pytest.raises(UsageError, match=rf"results\.json is not a results file .*\({said}\)") as caught:
        load_run(path.parent)
    assert "\n" not in str(caught.value)
