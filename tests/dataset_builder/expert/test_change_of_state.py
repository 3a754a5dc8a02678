"""Heating in the blast furnace: at once, and only where something has to be heated."""

import pytest

from dataset_builder.expert.change_of_state import furnace_path
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS
from dataset_builder.trajectories.trajectory import Step


def heated(task: str, *actions: str) -> list[str] | None:
    path = furnace_path(task, [Step("", "", action, "", 0.0, 0) for action in actions])
    return None if path is None else list(path)


def test_what_comes_before_the_stove_stays() -> None:
    taken = ["pick up metal pot", "focus on tin", "0", "move tin to metal pot"]
    actions = heated("boil", *taken, "move metal pot to stove", "activate stove", "wait")
    assert actions
    assert actions[:7] == [
        "pick up metal pot", "focus on tin", "move tin to metal pot", "teleport to foundry",
        "open blast furnace", "move metal pot to blast furnace", "activate blast furnace",
    ]  # fmt: skip
    assert set(actions[7:]) == {"wait1", "wait"}


def test_what_must_freeze_first_is_frozen() -> None:
    frozen = ["move metal pot to freezer", "wait", "pick up metal pot"]
    actions = heated("melt", *frozen, "move metal pot to stove", "activate stove")
    assert actions
    assert actions[:3] == frozen


@pytest.mark.parametrize(
    ("task", "action"), [("freeze", "move metal pot to stove"), ("boil", "activate stove")]
)
def test_other_paths_stay(task: str, action: str) -> None:
    assert heated(task, action) is None


@pytest.mark.parametrize(("task", "variation"), [("boil", 12), ("melt", 1)])
def test_the_path_is_shorter_and_verified(simulator: Simulator, task: str, variation: int) -> None:
    steps = find_trajectory(simulator, task, variation).steps
    assert steps[-1].score_fraction == 1
    assert "activate blast furnace" in [step.action for step in steps]
    assert "activate stove" not in [step.action for step in steps]
    assert steps[-1].moves <= MAX_EPISODE_STEPS
