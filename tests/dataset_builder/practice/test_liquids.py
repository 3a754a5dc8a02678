"""Questions about the melting points of paints, and the actions that answer them."""

from random import Random

import pytest

from dataset_builder.expert.plan import ReplayFailed, Seen
from dataset_builder.practice.liquids import TASK, measurement, other_liquid, placement
from dataset_builder.trajectories.trajectory import Step, Trajectory

LEAD = (
    "Your task is to measure the melting point of lead, which is located around the kitchen. First, focus on "
    "the thermometer. Next, focus on the lead. If the melting point of lead is above 50.0 degrees celsius, "
    "focus on the red box. If the melting point of lead is below 50.0 degrees celsius, focus on the green "
    "box. The boxes are located around the kitchen."
)
KITCHEN = "This room is called the kitchen. In it, you see: \n\ta wood cup (containing red paint)\n"
HALLWAY = "This room is called the hallway. In it, you see: \n\ta picture\n"


def path(text: str) -> Trajectory:
    return Trajectory(TASK, 0, text, "easy", "tidied", (Step(HALLWAY, "", "wait", "", 0.0, 1),), "1.2.3")


def test_the_text_asks_for_a_paint_wherever_it_named_the_substance() -> None:
    liquid = other_liquid(path(LEAD), Random(0))
    assert liquid
    paint, text = liquid
    assert paint.endswith(" paint")
    assert text == LEAD.replace("lead", paint)


def test_a_bound_below_the_reach_of_a_freezer_is_left() -> None:
    assert other_liquid(path(LEAD.replace("50.0", "-10.0")), Random(0)) is None


def test_a_paint_is_put_into_the_kitchen() -> None:
    plans = [placement("red paint", Random(seed)) for seed in range(40)]
    assert all(plan[:2] == ["teleport to art studio", "pick up cup containing red paint"] for plan in plans)
    assert {plan[-1] for plan in plans} >= {"teleport to kitchen", "teleport to hallway"}
    assert any("move tin cup to fridge" in plan for plan in plans)
    assert any("move cup containing red paint to table" in plan for plan in plans)


def test_readings_end_below_the_bound() -> None:
    text = LEAD.replace("lead", "red paint").replace("50.0", "10.0")
    actions = measurement(text, "red paint", HALLWAY)
    temperature, played = 12, []
    action = next(actions)
    while True:
        played.append(action)
        temperature -= action.startswith("use ")
        seen = Seen(f"the thermometer measures a temperature of {temperature} degrees celsius", KITCHEN)
        try:
            action = actions.send(seen)
        except StopIteration:
            break
    assert played == [
        "teleport to kitchen", "pick up thermometer", "focus on thermometer", "pick up wood cup",
        "focus on red paint", "open freezer", "move wood cup to freezer",
        *["use thermometer on red paint"] * 3, "focus on green box",
    ]  # fmt: skip


def test_a_paint_that_is_nowhere_fails() -> None:
    actions = measurement(LEAD.replace("lead", "red paint"), "red paint", KITCHEN.replace("red", "blue"))
    seen = Seen("", HALLWAY)
    assert [next(actions), *(actions.send(seen) for _ in range(3))][-1] == "open fridge"
    with pytest.raises(ReplayFailed, match="no red paint in sight"):
        actions.send(seen)
