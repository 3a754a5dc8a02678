"""Decisions: what a task offers, and which answers decide."""

import pytest

from dataset_builder.trajectories.decisions import (
    DECIDING_TASKS,
    alternatives,
    decided_for,
    decides,
    is_decision,
)
from dataset_builder.trajectories.trajectory import Trajectory

BOXES = "task: measure ice. If above 0 degrees, place it in the red box. If below, place it in the blue box."
LETTERS = "determine which of the two inclined planes (B, F) has the steepest angle."
NAMED = "determine which of the two inclined planes (bronze, unknown material C) has the most friction."


def test_alternatives() -> None:
    assert alternatives(BOXES) == ("red box", "blue box")
    assert alternatives(LETTERS) == ("inclined plane B", "inclined plane F")
    bronze, unknown = (f"inclined plane with a {name} surface" for name in ("bronze", "unknown material C"))
    assert alternatives(NAMED) == (bronze, unknown)
    assert alternatives("find a plant and move it to the red box in the kitchen.") == ()


@pytest.mark.parametrize(
    ("task", "answer", "name"),
    [
        (BOXES, "place(ice, red box)", "red box"),
        (BOXES, "place(ice, blue box, kitchen)", "blue box"),
        (BOXES, "focus_on(red box)", "red box"),
        (BOXES, "move ice to blue box", "blue box"),
        (BOXES, "focus on red box", "red box"),
        (BOXES, "focus_on(ice)", None),
        (BOXES, "place(ice, green box)", None),
        (LETTERS, "focus_on(inclined plane F)", "inclined plane F"),
        (LETTERS, "focus on inclined plane B", "inclined plane B"),
        (LETTERS, "slide(brick, inclined plane F)", None),
        (LETTERS, "move brick to inclined plane F", None),
        (LETTERS, "look at inclined plane F", None),
    ],
)
def test_which_alternative_an_answer_decides_for(task: str, answer: str, name: str | None) -> None:
    assert decided_for(task, answer) == name


@pytest.mark.parametrize(
    ("goal", "readings", "decision"),
    [
        ("measure_temperature(ice)", "ice 3 degrees , above", True),
        ("place(ice, red box)", "ice 3 degrees , above", False),
        ("place(ice, blue box)", "ice 3 degrees , above", True),
    ],
)
def test_repeating_the_subgoal_is_not_a_decision(goal: str, readings: str, decision: bool) -> None:
    for end in ("", f" | readings: {readings}"):
        text = f"{BOXES} | room: kitchen | see: red box | past: wait | done: a(b) | goal: {goal}{end}"
        assert is_decision(text, "place(ice, red box)") == decision
    paper = f"{BOXES} </s> Time: 3; . The current subtask is {goal}Action history: </s>"
    assert is_decision(paper, "place(ice, red box)") == decision


def test_an_actor_without_sub_goals_decides_too() -> None:
    assert is_decision(f"{BOXES} | room: kitchen | past: wait", "move ice to red box")
    assert not is_decision(f"{BOXES} | room: kitchen | past: wait", "wait")


def test_every_deciding_task_and_no_other_ends_with_a_decision(recorded: list[Trajectory]) -> None:
    for path in (path for path in recorded if path.path == "tidied"):
        last = [action for action in path.actions if decided_for(path.description, action)]
        assert bool(last) == (path.task in DECIDING_TASKS), path.key
        assert all(decides(path.task, action) for action in last)
        assert not decides("find-plant", "move flower pot 3 to red box")
