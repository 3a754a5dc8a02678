"""Melting points: when readings decide a question, and which answer they call for."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dataset_builder.expert.plan import ANSWER, MELTING_TASKS, Experiment, Plan
from dataset_builder.trajectories.notebook import READING
from dataset_builder.trajectories.trajectory import Step

_MELTING_POINT = re.compile(r"melting point of (?:solid |liquid )?([\w -]+?) is above (-?[\d.]+) degrees")
KNOWN = "measure-melting-point-known-substance"
"""Paths of unknown substances end their readings by nearly this rule already (`readings_after_decision`)."""
_HEATED = re.compile(r"move .+ to (?:stove|blast furnace|oven|hot plate|fire pit)")
_MOST_READINGS, _MOST_EQUAL = 25, 3


def other_answer(plan: Plan, description: str) -> Plan | None:
    """The plan with the other of the two boxes that the task names at its end; None if there are not two."""
    boxes = list(dict.fromkeys(re.findall(r"\b\w+ box\b", description)))
    given = [box for box in boxes if plan and plan[-1][0].endswith(box)]
    if len(boxes) != 2 or len(given) != 1:
        return None
    boxes.remove(given[0])
    return [*plan[:-1], tuple(option.replace(given[0], boxes[0]) for option in plan[-1])]


def readings_after_decision(task: str, description: str, steps: Sequence[Step]) -> set[int]:
    """Indices of readings taken after one had already decided the question of a melting point.

    A solid above the temperature in question, and a liquid not above it, leave nothing to find out,
    and neither does a change from one to the other.
    """
    asked = _MELTING_POINT.search(description)
    if task not in MELTING_TASKS or asked is None:
        return set()
    melted = re.compile(rf"\b(?:liquid|gaseous) {re.escape(asked.group(1))}\b")
    bound = float(asked.group(2))
    surplus: set[int] = set()
    decided = False
    before: bool | None = None
    for index, step in enumerate(steps):
        reading = READING.search(step.observation)
        if not step.action.startswith("use thermometer") or reading is None:
            continue
        if decided:
            surplus.add(index)
        # The state of the substance is read from the room: a thermometer only tells the temperature.
        solid = melted.search(step.look) is None
        decided = decided or solid == (float(reading.group(1)) > bound) or before not in (None, solid)
        before = solid
    return surplus


def measurement(task: str, description: str, steps: Sequence[Step]) -> Experiment | None:
    """The actions of a path that ends its readings by one rule; None for other tasks.

    With known substances, the solver stops reading at times that follow from nothing that it has seen. Here
    the answer comes as soon as a reading decides: a solid above the temperature in question, or a liquid
    below it.

    Args:
        task (`str`): simulator name of the task.
        description (`str`): the task's text.
        steps (`Sequence[Step]`): a path that reaches the full score.
    """
    readings = [index for index, step in enumerate(steps) if READING.search(step.observation)]
    if task != KNOWN or not readings:
        return None
    solid = any(_HEATED.fullmatch(step.action) for step in steps[: readings[0]])
    asked = find_question(description, solid)
    before = [step.action for step in steps[: readings[0]] if step.action != ANSWER]
    after = [step.action for step in steps[readings[-1] + 1 :] if step.action != ANSWER]
    return measure(asked, before, after) if asked else None


class Question(NamedTuple):
    """What a task asks about a melting point.

    Attributes:
        substance: its name in the text.
        bound: the temperature that it is compared with, in degrees Celsius.
        solid_at_first: whether it is solid before it is heated or cooled.
        above: the box to focus on if it melts above the bound.
        below: the box to focus on if it melts below.

    Example:

    ```python
    asked = find_question(trajectory.description, solid=True)
    print(asked.substance, asked.bound)  # "lead", 50.0
    ```
    """

    substance: str
    bound: float
    solid_at_first: bool
    above: str
    below: str


def find_question(description: str, solid: bool) -> Question | None:
    """The question in a task's text, or None if there is none.

    Args:
        description (`str`): the task's text.
        solid (`bool`): whether the substance is solid at first.
    """
    asked = _MELTING_POINT.search(description)
    boxes = list(dict.fromkeys(re.findall(r"\b\w+ box\b", description)))
    if asked is None or len(boxes) < 2:
        return None
    return Question(asked[1], float(asked[2]), solid, boxes[0], boxes[1])


def measure(
    question: Question, before: Sequence[str], after: Sequence[str], most_equal: int = _MOST_EQUAL
) -> Experiment:
    """The actions before, readings until one decides, and the actions after with the right box.

    Args:
        question (`Question`): what is asked.
        before (`Sequence[str]`): actions up to the heating or cooling.
        after (`Sequence[str]`): actions after the readings; the box that they name is replaced.
        most_equal (`int`, *optional*, defaults to 3): readings that repeat the one before, after which
            nothing is expected to change any more.
    """
    look = ""
    for action in before:
        look = (yield action).look
    # What never melts melts above all that was reached, what never freezes freezes below it.
    above, equal, previous = question.solid_at_first, 0, None
    for _ in range(_MOST_READINGS):
        name, _ = _state(question, look)
        seen = yield f"use thermometer on {name}"
        reading = READING.search(seen.observation)
        if reading is None:
            return
        look, value = seen.look, float(reading.group(1))
        _, solid = _state(question, look)
        if value > question.bound if solid else value < question.bound:
            above = solid
            break
        equal = equal + 1 if value == previous else 0
        if equal == most_equal or solid != question.solid_at_first:
            break
        previous = value
    answer = question.above if above else question.below
    for action in after:
        yield re.sub(r"\b\w+ box\b", answer, action)


def _state(question: Question, look: str) -> tuple[str, bool]:
    """What the room calls the substance, and whether it is solid."""
    other = "liquid" if question.solid_at_first else "(?:solid|dried)"  # frozen paint is "dried"
    changed = re.search(rf"\b{other} {re.escape(question.substance)}\b", look)
    return changed[0] if changed else question.substance, question.solid_at_first != bool(changed)
