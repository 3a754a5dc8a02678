"""Changes of state in the blast furnace: it heats anything within a few moves.

The simulator's solver heats on the stove, waits up to 60 moves for nothing where a substance needs more
than the stove gives, and goes to the blast furnace then: half of its paths are longer than the step limit
of an agent allows for. The blast furnace boils and melts whatever the tasks name, so the expert goes there
at once.
"""

import re
from collections.abc import Sequence

from dataset_builder.expert.plan import ANSWER, Experiment
from dataset_builder.trajectories.trajectory import Step

TASKS = ("boil", "melt", "change-the-state-of-matter-of")
_HEATER = "blast furnace"
_PLACED = re.compile(r"move (?P<pot>.+) to (?P<appliance>stove|freezer|fridge)")
_WAITS = ["wait1"] * 4 + ["wait"] * 6  # most substances change within two moves


def furnace_path(task: str, steps: Sequence[Step]) -> Experiment | None:
    """The actions of a path that heats in the blast furnace, or None if it heats nothing elsewhere.

    Args:
        task (`str`): simulator name of the task.
        steps (`Sequence[Step]`): a path that reaches the full score.
    """
    if task not in TASKS:
        return None
    placed = [(index, match) for index, step in enumerate(steps) if (match := _PLACED.fullmatch(step.action))]
    # Only what is liquid at first has to be frozen before it can melt.
    heated = [(index, match) for index, match in placed if task != "melt" or match["appliance"] == "stove"]
    if not heated:
        return None
    index, match = heated[0]
    return _actions([step.action for step in steps[:index] if step.action != ANSWER], match["pot"])


def _actions(before: Sequence[str], pot: str) -> Experiment:
    """Yields an action and receives what it showed."""
    heat = [f"open {_HEATER}", f"move {pot} to {_HEATER}", f"activate {_HEATER}"]
    for action in (*before, "teleport to foundry", *heat, *_WAITS):
        _ = yield action
