"""Tests of conductivity with the light bulb that comes first in the alphabet.

The device that the simulator's solver puts into its circuit depends on the number of the variation: a red,
green or blue bulb, a motor or a buzzer. Any device shows whether a current flows, and nothing that an agent
reads tells it which one the solver takes. Of the wires, the solver takes the first in the alphabet too.
"""

import re
from collections.abc import Sequence

from dataset_builder.expert.plan import ANSWER, Experiment, in_order
from dataset_builder.trajectories.trajectory import Step

TASKS = ("test-conductivity", "test-conductivity-of-unknown-substances")
DEVICE = re.compile(r"\b(?:[a-z]+ light bulb|electric motor|electric buzzer)\b")
BULB = re.compile(r"\b[a-z]+ light bulb\b")


def first_bulb(task: str, steps: Sequence[Step]) -> Experiment | None:
    """The actions of a path with the first light bulb in sight; None if it has that one, or for other tasks.

    Args:
        task (`str`): simulator name of the task.
        steps (`Sequence[Step]`): a path that reaches the full score.
    """
    if task not in TASKS:
        return None
    connecting = next((step for step in steps if step.action.startswith("connect ")), None)
    used = next((match[0] for step in steps if (match := DEVICE.search(step.action))), None)
    bulbs = sorted(BULB.findall(connecting.look)) if connecting else []
    if used is None or not bulbs or used == bulbs[0]:
        return None
    return in_order([step.action.replace(used, bulbs[0]) for step in steps if step.action != ANSWER])
