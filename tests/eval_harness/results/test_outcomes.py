from dataclasses import replace
from typing import Any

import pytest

from eval_harness.results.outcomes import OUTCOMES, count_outcomes, outcome_of
from eval_harness.results.records import EpisodeResult


def episode(actions: list[str], **changes: Any) -> EpisodeResult:
    n = len(actions)
    fields: dict[str, Any] = {
        "subgoals": [""] * n,
        "scores": [5] * n,
        "observations": [""] * n,
        "rejected": [[] for _ in actions],
        "last_resort": [],
        "stop_reason": "step_limit",
    }
    task = changes.pop("task", "boil")
    return EpisodeResult(task, 0, 0, 5, 5, n, actions, **{**fields, **changes})


WALK = [f"teleport to room {i}" for i in range(30)]
REFUSED: list[list[str]] = [["x"], []]


@pytest.mark.parametrize(
    ("played", "expected"),
    [
        (episode(["wait"], scores=[100], stop_reason="completed"), "completed"),
        (episode(WALK, scores=[5] * 29 + [-100], stop_reason="lost"), "wrong focus"),
        (
            episode(["focus on red box"], scores=[-100], stop_reason="lost", task="use-thermometer"),
            "wrong decision",
        ),
        (episode(["focus on red box"], scores=[-100], stop_reason="lost"), "wrong focus"),
        (episode(WALK), "out of steps"),
        (episode(WALK, stop_reason="score_unchanged"), "out of steps"),
        (episode([]), "out of steps"),
        (episode(WALK[:3], stop_reason="agent_stopped"), "agent stopped"),
        (episode(WALK[:10] + ["wait"] * 20), "loop"),
        (episode(WALK[:10] + WALK[:5] * 4), "loop"),
        (episode(WALK[:10] + WALK[:6] * 4), "out of steps"),
        (episode(["wait"] * 10), "loop"),
        (episode(["wait"] * 9), "out of steps"),
        (episode(WALK, rejected=REFUSED * 15), "rejected actions"),
        (episode(WALK, rejected=[["x"]] * 15 + [[]] * 15), "out of steps"),
        (episode(["wait"] * 20, last_resort=list(range(20))), "rejected actions"),
        (episode(WALK, error="ValueError: x", stop_reason="error"), "agent error"),
    ],
)
def test_each_episode_has_one_class(played: EpisodeResult, expected: str) -> None:
    assert outcome_of(played) == expected
    assert expected in OUTCOMES


def test_real_episodes(recorded_episodes: list[EpisodeResult]) -> None:
    assert count_outcomes(recorded_episodes) == {
        "completed": 4,
        "wrong decision": 0,
        "wrong focus": 2,
        "rejected actions": 1,
        "loop": 0,
        "agent stopped": 0,
        "out of steps": 2,
        "agent error": 0,
    }


def test_an_error_takes_precedence_over_the_score(recorded_episodes: list[EpisodeResult]) -> None:
    failed = [replace(played, error="ValueError: x") for played in recorded_episodes]
    assert count_outcomes(failed)["agent error"] == len(failed)


def test_every_class_is_explained() -> None:
    assert all(name == outcome.name and len(outcome.meaning) > 20 for name, outcome in OUTCOMES.items())
