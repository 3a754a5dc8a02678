"""Heating in the blast furnace and freezing in the workshop, where something has to be heated or frozen."""

import pytest

from dataset_builder.expert.change_of_state import own_appliances
from dataset_builder.expert.plan import Seen
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS
from dataset_builder.trajectories.trajectory import Step

FURNACE = ["teleport to foundry", "open blast furnace", "move metal pot to blast furnace"]
COOLER = ["teleport to workshop", "open ultra low temperature freezer"]


def heated(task: str, *actions: str) -> list[str] | None:
    path = own_appliances(task, [Step("", "", action, "", 0.0, 0) for action in actions])
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
    ("task", "action"), [("grow-plant", "move metal pot to stove"), ("boil", "activate stove")]
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


def test_what_is_solid_melts_before_it_freezes() -> None:
    before = ["pick up metal pot", "move ice cream to metal pot"]
    steps = [*before, "move metal pot containing ice cream to stove", "activate stove", "wait"]
    actions = own_appliances("freeze", [Step("", "", action, "", 0.0, 0) for action in steps])
    assert actions
    chosen = [next(actions)]
    while chosen[-1] != "wait":
        melted = chosen[-2:] == ["wait1"] * 2
        holds = "liquid ice cream" if melted else "ice cream"
        chosen.append(actions.send(Seen("", f"a metal pot (containing {holds})")))
    assert chosen == [
        *before, *FURNACE, "activate blast furnace", "wait1", "wait1", "pick up metal pot", *COOLER,
        "move metal pot to ultra low temperature freezer", "wait",
    ]  # fmt: skip


def test_what_is_liquid_freezes_at_once() -> None:
    before = ["pick up metal pot", "pour wood cup into metal pot"]
    steps = [*before, "open freezer", "move metal pot to freezer"]
    actions = own_appliances("freeze", [Step("", "", action, "", 0.0, 0) for action in steps])
    assert actions
    chosen = [next(actions), *(actions.send(Seen("", "")) for _ in range(5))]
    assert chosen == [*before, *COOLER, "move metal pot to ultra low temperature freezer", "wait"]


def test_freezing_is_verified(simulator: Simulator) -> None:
    steps = find_trajectory(simulator, "freeze", 13).steps  # its stove is broken
    assert steps[-1].score_fraction == 1
    assert "activate stove" not in [step.action for step in steps]
    assert steps[-1].moves <= 60  # the solver's path has 84
