"""What an experiment has shown: when readings decide a question, and which answer they call for."""

import re
from collections.abc import Sequence

from dataset_builder.expert.plan import MELTING_TASKS, Plan
from dataset_builder.trajectories.trajectory import Step

_MELTING_POINT = re.compile(r"melting point of (?:solid |liquid )?([\w -]+?) is above (-?[\d.]+) degrees")
_READING = re.compile(r"measures a temperature of (-?\d+) degrees")


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
        reading = _READING.search(step.observation)
        if not step.action.startswith("use thermometer") or reading is None:
            continue
        if decided:
            surplus.add(index)
        # The state of the substance is read from the room: a thermometer only tells the temperature.
        solid = melted.search(step.look) is None
        decided = decided or solid == (float(reading.group(1)) > bound) or before not in (None, solid)
        before = solid
    return surplus
