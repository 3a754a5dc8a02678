"""When readings decide a question, and the other answer to it."""

import pytest

from dataset_builder.expert.melting_point import measurement, other_answer, readings_after_decision
from dataset_builder.expert.plan import Plan, Seen
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


KNOWN = (
    "Your task is to measure the melting point of {0}. If the melting point of {0} is above {1} degrees "
    "celsius, focus on the red box. If the melting point of {0} is below {1} degrees celsius, focus on the "
    "blue box."
)


def measured(substance: str, bound: float, heater: str, readings: list[tuple[int, str]]) -> list[str]:
    """The actions when a thermometer shows these temperatures and the room then these names."""
    shown = "the thermometer measures a temperature of {} degrees celsius"
    path = [
        Step("", "", f"move metal pot to {heater}", "", 0.0, 1),
        Step("", "", f"use thermometer on {substance}", shown.format(0), 0.0, 2),
        Step("", "", "focus on blue box", "", 1.0, 3),
    ]
    actions = measurement("measure-melting-point-known-substance", KNOWN.format(substance, bound), path)
    assert actions
    chosen, seen = [next(actions)], [("", substance), *((shown.format(t), look) for t, look in readings)]
    for observation, look in seen:
        chosen.append(actions.send(Seen(observation, look)))
    return chosen[1:]


@pytest.mark.parametrize(
    ("substance", "bound", "heater", "readings", "answer"),
    [
        ("tin", 50.0, "stove", [(20, "tin"), (60, "tin")], "red box"),  # a solid above
        ("tin", 50.0, "stove", [(20, "tin"), (40, "liquid tin")], "blue box"),  # a liquid below
        ("tin", 50.0, "stove", [(20, "tin"), (60, "liquid tin")], "red box"),  # melted beyond it
        ("tin", 50.0, "stove", [(20, "tin")] * 4, "red box"),  # it gets no hotter
        ("juice", 10.0, "freezer", [(9, "juice")], "blue box"),
        ("juice", -10.0, "freezer", [(5, "juice"), (0, "solid juice")], "red box"),
        ("juice", -10.0, "freezer", [(5, "juice"), (-12, "juice")], "blue box"),
        ("juice", -10.0, "freezer", [(5, "juice")] * 4, "blue box"),  # it gets no colder
    ],
)
def test_the_answer_comes_with_the_reading_that_decides(
    substance: str, bound: float, heater: str, readings: list[tuple[int, str]], answer: str
) -> None:
    chosen = measured(substance, bound, heater, readings)
    names = [substance] + [look for _, look in readings[:-1]]
    assert chosen == [*[f"use thermometer on {name}" for name in names], f"focus on {answer}"]
