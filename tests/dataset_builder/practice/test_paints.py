"""Questions about the melting points of paints, and the actions that answer them."""

from random import Random

import pytest

from dataset_builder.expert.melting_point import Question
from dataset_builder.expert.plan import ReplayFailed, Seen
from dataset_builder.practice.paints import (
    TASK,
    ask_for_paint,
    freezes,
    is_decided,
    measurement,
    placement,
)
from dataset_builder.trajectories.trajectory import Step, Trajectory

LEAD = (
    "Your task is to measure the melting point of lead, which is located around the kitchen. First, focus on "
    "the thermometer. Next, focus on the lead. If the melting point of lead is above 50.0 degrees celsius, "
    "focus on the red box. If the melting point of lead is below 50.0 degrees celsius, focus on the green "
    "box. The boxes are located around the kitchen."
)
KITCHEN = "This room is called the kitchen. In it, you see: \n\ta wood cup (containing red paint)\n"
FROZEN = KITCHEN.replace("red", "dried red")
HALLWAY = "This room is called the hallway. In it, you see: \n\ta picture\n"
RED = Question("red paint", 50, False, "red box", "green box")


def path(text: str) -> Trajectory:
    return Trajectory(TASK, 0, text, "easy", "tidied", (Step(HALLWAY, "", "wait", "", 0.0, 1),), "1.2.3")


def test_the_text_asks_for_a_paint_wherever_it_named_the_substance() -> None:
    relabelled = ask_for_paint(path(LEAD), Random(0))
    assert relabelled
    asked, text = relabelled
    assert asked == RED._replace(substance=asked.substance)
    assert asked.substance.endswith(" paint")
    assert text == LEAD.replace("lead", asked.substance)
    assert ask_for_paint(path("Your task is to boil water."), Random(0)) is None


def test_a_paint_is_put_into_the_kitchen() -> None:
    plans = [placement(RED, Random(seed)) for seed in range(40)]
    assert all(plan[:2] == ["teleport to art studio", "pick up cup containing red paint"] for plan in plans)
    assert {plan[-1] for plan in plans} >= {"teleport to kitchen", "teleport to hallway"}
    assert any("move tin cup to fridge" in plan for plan in plans)
    assert any("move cup containing red paint to table" in plan for plan in plans)


def played(asked: Question, look: str, temperature: int) -> list[str]:
    """The actions, where each reading is a degree lower than the one before."""
    actions = measurement(asked, look)
    done, action = [], next(actions)
    while True:
        done.append(action)
        temperature -= action.startswith("use ")
        observation = f"the thermometer measures a temperature of {temperature} degrees celsius"
        try:
            action = actions.send(Seen(observation, KITCHEN))
        except StopIteration:
            return done


def test_readings_end_below_the_bound() -> None:
    assert played(RED._replace(bound=10), HALLWAY, 12) == [
        "teleport to kitchen", "pick up thermometer", "focus on thermometer", "pick up wood cup",
        "focus on red paint", "open freezer", "move wood cup to freezer",
        *["use thermometer on red paint"] * 3, "focus on green box",
    ]  # fmt: skip


def test_a_reading_above_the_bound_of_a_liquid_decides_nothing() -> None:
    def steps(look: str, reading: int) -> list[Step]:
        said = f"the thermometer measures a temperature of {reading} degrees celsius"
        return [
            Step(KITCHEN, "", "use thermometer on red paint", said, 0.0, 1),
            Step(look, "", "focus on green box", "", 0.0, 2),
        ]

    assert is_decided(RED, steps(KITCHEN, 5))
    assert not is_decided(RED._replace(bound=5), steps(KITCHEN, 5))
    assert not is_decided(RED, steps(FROZEN, 0))
    assert is_decided(RED._replace(bound=-10), steps(FROZEN, 0))
    assert not is_decided(RED, [])


def test_paint_freezes_above_a_low_bound() -> None:
    assert freezes(path(LEAD.replace("50.0", "-10.0")))
    assert not freezes(path(LEAD))
    assert not freezes(path("Your task is to boil water."))


def test_a_paint_that_is_nowhere_fails() -> None:
    actions = measurement(RED, KITCHEN.replace("red", "blue"))
    seen = Seen("", HALLWAY)
    assert [next(actions), *(actions.send(seen) for _ in range(3))][-1] == "open fridge"
    with pytest.raises(ReplayFailed, match="no red paint in sight"):
        actions.send(seen)
