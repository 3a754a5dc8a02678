"""Life stages of a plant: each named as the room shows it, as soon as a plant there has it.

The simulator's solver names the flower pot of each plant, although the plant's stage says which one is meant,
and waits until the seedling that it focused on has grown up, although a grown plant stands beside it. Nothing
that an agent reads tells it which pot the solver takes.
"""

import re

from dataset_builder.expert.plan import Experiment
from dataset_builder.simulator.look import room_of

TASK = "identify-life-stages-2"
_TASK = re.compile(
    r"focus on the life stages of the (?P<plant>[\w ]+?) plant, starting from earliest to latest\. "
    r"The plants are located (?P<room>[\w ]+?)\."
)
_STAGES = ("seed", "seedling", "adult", "reproducing")
_MAX_WAITS = 12


def experiment(description: str, look: str) -> Experiment | None:
    """The actions, each followed by what was seen after it; None if the task's text is another.

    Args:
        description (`str`): the task's text.
        look (`str`): the room in which the episode begins.
    """
    asked = _TASK.search(description)
    return _actions(asked["plant"], asked["room"], look) if asked else None


def _actions(plant: str, room: str, look: str) -> Experiment:
    if room_of(look) != room:
        look = (yield f"teleport to {room}").look
    for stage in _STAGES:
        waits = 0
        while not (shown := _shown(plant, stage, look)):
            if waits == _MAX_WAITS:
                return
            waits += 1
            look = (yield "wait1").look
        look = (yield f"focus on {shown}").look


def _shown(plant: str, stage: str, look: str) -> str:
    """The name under which a look shows a living plant in this stage; empty if there is none."""
    name = rf"{plant} seed\b" if stage == "seed" else rf"{plant} (?:tree|plant) in the {stage} stage"
    match = re.search(rf"(?<!dead )\b{name}", look)
    return match[0] if match else ""
