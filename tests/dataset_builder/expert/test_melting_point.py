"""When readings decide a question, and the other answer to it."""

from dataset_builder.expert.melting_point import other_answer, readings_after_decision
from dataset_builder.expert.plan import Plan
from dataset_builder.trajectories.trajectory import Step

TASK = "measure-melting-point-known-substance"
QUESTION = "the melting point of lead is above 50.0 degrees. If so, focus on the red box, else the blue box."


def reading(degrees: int, state: str) -> Step:
    text = f"the thermometer measures a temperature of {degrees} degrees celsius"
    return Step(f"you see: {state} lead", "", "use thermometer in inventory on lead", text, 0.0, 1)


def test_readings_after_the_deciding_one_are_surplus() -> None:
    steps = [reading(20, "solid"), reading(60, "solid"), reading(70, "solid"), reading(80, "liquid")]
    assert readings_after_decision(TASK, QUESTION, steps) == {2, 3}
    assert readings_after_decision("boil", QUESTION, steps) == set()


def test_the_other_of_two_boxes() -> None:
    plan: Plan = [("wait",), ("focus on red box", "focus on the red box")]
    assert other_answer(plan, QUESTION) == [("wait",), ("focus on blue box", "focus on the blue box")]
    assert other_answer(plan, "focus on the red box") is None
