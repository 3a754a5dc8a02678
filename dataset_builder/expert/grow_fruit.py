"""Growing a fruit: two plants of a kind, an open bee hive, and closed doors.

The simulator's solver plants three seeds, in pots in no order, and opens the hive when the plants flower.
Two plants pollinate each other as well, and an open hive costs nothing while they grow.
"""

import re

from dataset_builder.expert.plan import Experiment
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.genetics import flower_pots

TASK = "grow-fruit"
_TASK = re.compile(
    r"to grow an? (?P<fruit>[\w ]+?)\. .*Seeds can be found in the (?P<room>[\w ]+?)\.", re.DOTALL
)
_PLANTS = 2
_WAITS = 8


def experiment(description: str, look: str) -> Experiment | None:
    """The actions, each followed by what was seen after it; None if the task's text is another.

    Args:
        description (`str`): the task's text.
        look (`str`): the room in which the episode begins.
    """
    asked = _TASK.search(description)
    return _actions(asked["fruit"], asked["room"], look) if asked else None


def _actions(fruit: str, room: str, look: str) -> Experiment:
    if room_of(look) != room:
        look = (yield f"teleport to {room}").look
    look = (yield "pick up seed jar").look
    if room != "greenhouse":
        look = (yield "teleport to greenhouse").look
    pots = list(flower_pots(look).items())[:_PLANTS]
    yield from _fill([pot for pot, held in pots if "soil" not in held], look)
    for pot, _ in pots:
        yield f"move {fruit} seed in seed jar to {pot}"
    yield "close door to hallway"
    yield "close door to outside"
    look = (yield "open bee hive").look
    for _ in range(_WAITS):
        if _bears(fruit, look):
            break
        look = (yield "wait").look
    yield f"focus on {fruit}"


def _fill(bare: list[str], look: str) -> Experiment:
    """Soil into the pots without any: what lies here first, then what has to be dug outside."""
    if bare and re.search(r"^\tsoil$", look, re.MULTILINE):
        yield f"move soil to {bare.pop(0)}"
    if not bare:
        return
    shovel_here = "\ta shovel" in look
    if shovel_here:
        yield "pick up shovel"
    for pot in bare:
        yield "teleport to outside"
        if pot == bare[0] and not shovel_here:
            yield "pick up shovel"
        yield "use shovel on ground"
        yield "pick up soil"
        yield "teleport to greenhouse"
        yield f"move soil in inventory to {pot}"


def _bears(fruit: str, look: str) -> bool:
    return re.search(rf"\b{fruit}\b(?! (?:tree|seed|flower|pollen))", look) is not None
