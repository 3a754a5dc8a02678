"""Changes of state in the blast furnace and the ultra low temperature freezer: both are fast.

The simulator's solver heats on the stove, waits up to 60 moves for nothing where a substance needs more
than the stove gives, and goes to the blast furnace then: half of its paths are longer than the step limit
of an agent allows for. The blast furnace boils and melts nearly all that the tasks name, so the expert goes
there at once (rubber and, to freeze it, chocolate excepted). What has been that hot takes up to 120 moves
in the kitchen's freezer, and up to 40 in the workshop's.
"""

import re
from collections.abc import Sequence

from dataset_builder.expert.plan import ANSWER, Experiment, in_order
from dataset_builder.trajectories.trajectory import Step

HEATED = ("boil", "melt", "change-the-state-of-matter-of")
FROZEN = "freeze"
_HEATER = "blast furnace"
_COOLER = "ultra low temperature freezer"
_PLACED = re.compile(r"move (?P<pot>.+) to (?P<appliance>stove|freezer|fridge)")
_WAITS = ["wait1"] * 4 + ["wait"] * 6  # most substances change within two moves
_MAX_MELTING, _MAX_FREEZING = 12, 8
_LIQUID = r"{} \(containing (?:a substance called )?(?:liquid|water)\b"


def own_appliances(task: str, steps: Sequence[Step]) -> Experiment | None:
    """The actions of a path with the appliances that are strong enough, or None if it uses no others.

    Args:
        task (`str`): simulator name of the task.
        steps (`Sequence[Step]`): a path that reaches the full score.
    """
    if task not in (*HEATED, FROZEN):
        return None
    placed = [(index, match) for index, step in enumerate(steps) if (match := _PLACED.fullmatch(step.action))]
    # Only what is liquid at first has to be frozen before it can melt.
    used = [(index, match) for index, match in placed if task != "melt" or match["appliance"] == "stove"]
    if not used:
        return None
    index, match = used[0]
    before = [step.action for step in steps[:index] if step.action != ANSWER]
    if task == FROZEN:
        return _freeze(before, match["pot"], solid=match["appliance"] == "stove")
    return in_order((*before, *_into_furnace(match["pot"]), *_WAITS))


def _freeze(before: Sequence[str], pot: str, solid: bool) -> Experiment:
    """What is solid at first has to melt before it can freeze."""
    unused = len(before) - 1 if before[-1:] == ["open freezer"] else len(before)
    yield from in_order(before[:unused])
    if solid:
        pot = pot.partition(" containing ")[0]  # other pots stay in the kitchen
        for action in _into_furnace(pot):
            look = (yield action).look
        melted = re.compile(_LIQUID.format(pot))
        for _ in range(_MAX_MELTING):
            if melted.search(look):
                break
            look = (yield "wait1").look
        _ = yield f"pick up {pot}"
    into_cooler = ["teleport to workshop", f"open {_COOLER}", f"move {pot} to {_COOLER}"]
    yield from in_order((*into_cooler, *["wait"] * _MAX_FREEZING))


def _into_furnace(pot: str) -> list[str]:
    return ["teleport to foundry", f"open {_HEATER}", f"move {pot} to {_HEATER}", f"activate {_HEATER}"]
