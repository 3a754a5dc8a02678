"""Paths that are relabelled to ask for another animal or another device in the same world.

A task with few train variations asks for few of the things that its worlds hold. So a path is rewritten for
another one of them, and the task's text with it (hindsight relabelling, arXiv 1707.01495). The simulator has
no score for the changed task: the replay checks what it can see.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from dataset_builder.expert.conductivity import BULB, DEVICE
from dataset_builder.trajectories.subgoals import SubGoal
from dataset_builder.trajectories.trajectory import Trajectory

_RELABELLED = 0.7  # share of the replays that ask for another thing
_ANIMALS = re.compile(r"the (\d) life stages of the ([\w ]+?),")
_YOUNGEST = re.compile(r"^\t(?:an? )?(?:(?P<hatches>[a-z ]+) egg|baby (?P<born>[a-z ]+))$", re.MULTILINE)
_METAMORPHOSES = {
    "frog": ("frog egg", "tadpole", "adult frog"),
    "butterfly": ("butterfly egg", "caterpillar", "butterfly pupa", "adult butterfly"),
}
_WIRE = re.compile(r"\b[a-z]+ wire\b")


class Relabelled(NamedTuple):
    """A path that asks for another thing than its task.

    Attributes:
        path: the path with the changed text and actions; its observations and scores are the old ones.
        subgoals: sub-goal of each step.
        hindsight: whether the task's text is another, which the simulator does not score.
        device: what must be on at the end of such a path; empty for animals.

    Example:

    ```python
    changed = other_animal(path, look, Random(0))
    if changed:
        print(changed.path.description, changed.subgoals)
    ```
    """

    path: Trajectory
    subgoals: list[str]
    hindsight: bool
    device: str = ""


def other_animal(
    base: Trajectory, look: str, draw: Random, held_out: Collection[str] = ()
) -> Relabelled | None:
    """The path for the life stages of another animal, or None if the task's own is asked for.

    Args:
        base (`Trajectory`): a path of identify-life-stages-1.
        look (`str`): the place where the animals are, before they grow.
        draw (`Random`): chooses the animal.
        held_out (`Collection[str]`, *optional*): texts that are not asked.
    """
    if not (asked := _ANIMALS.search(base.description)) or draw.random() >= _RELABELLED:
        return None
    animals = {name for match in _YOUNGEST.finditer(look) if (name := match["hatches"] or match["born"])}
    first = next(step for step in base.steps if step.action.startswith("focus on "))
    own = next((name for name in animals if name in first.action), asked[2])

    def text(animal: str) -> str:
        count = len(_stages(animal, look))
        return base.description.replace(asked[0], f"the {count} life stages of the {animal},")

    others = [animal for animal in sorted(animals - {own}) if text(animal) not in held_out]
    if not others:
        return None
    animal = draw.choice(others)
    stages = _stages(animal, look)
    there = [step for step in base.steps if step.action.startswith("teleport to ")]
    steps = list(there)
    subgoals = [str(SubGoal("navigate_to", (step.action.removeprefix("teleport to "),))) for step in there]
    for stage in stages:
        actions = [f"focus on {stage}"] if stage == stages[0] else ["wait", "wait", f"focus on {stage}"]
        steps += [replace(first, action=action) for action in actions]
        subgoals += [str(SubGoal("focus_on", (stage,)))] * len(actions)
    return Relabelled(replace(base, description=text(animal), steps=tuple(steps)), subgoals, hindsight=True)


def _stages(animal: str, look: str) -> Sequence[str]:
    if animal in _METAMORPHOSES:
        return _METAMORPHOSES[animal]
    born = f"baby {animal}" in look
    youngest = (f"baby {animal}",) if born else (f"{animal} egg", f"hatchling {animal}")
    return (*youngest, f"juvenile {animal}", f"adult {animal}")


def builds_circuit(task: str) -> bool:
    """Whether the paths of a task power a device, and can be changed by `other_parts`."""
    return task.startswith("power-component")


def surplus_parts(base: Trajectory, look: str, draw: Random) -> list[str]:
    """Wires and light bulbs that can be taken away before the path is replayed: two wires remain.

    Args:
        base (`Trajectory`): a path that powers a device.
        look (`str`): the room with the parts.
        draw (`Random`): chooses them.
    """
    wires = _distinct(_WIRE, look)
    surplus = draw.sample(wires, max(len(wires) - 2, 0)) if draw.random() < 0.5 else []
    asked = DEVICE.search(base.description)
    spare = [bulb for bulb in _distinct(BULB, look) if not asked or bulb != asked[0]]
    return surplus + [bulb for bulb in spare if draw.random() < 0.3]


def other_parts(
    base: Trajectory, subgoals: Sequence[str], look: str, draw: Random, held_out: Collection[str] = ()
) -> Relabelled | None:
    """The path with the first wires that are there, and mostly for another device.

    Args:
        base (`Trajectory`): a path that powers a device.
        subgoals (`Sequence[str]`): sub-goal of each of its steps.
        look (`str`): the room with the parts.
        draw (`Random`): chooses the device.
        held_out (`Collection[str]`, *optional*): texts that are not asked.

    Returns:
        `Relabelled` or `None`: None if the room lacks wires.
    """
    asked = DEVICE.search(base.description)
    wires, old = _distinct(_WIRE, look), _distinct(_WIRE, " ".join(base.actions))
    if asked is None or len(wires) < len(old):
        return None
    devices = [
        device
        for device in _distinct(DEVICE, look)
        if device != asked[0] and base.description.replace(asked[0], device) not in held_out
    ]
    names = dict(zip(old, wires, strict=False))
    device = draw.choice(devices) if devices and draw.random() < _RELABELLED else ""
    if device:
        names[asked[0]] = device
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))

    def renamed(text: str) -> str:
        return pattern.sub(lambda match: names[match[0]], text)

    steps = tuple(replace(step, action=renamed(step.action)) for step in base.steps)
    path = replace(base, description=renamed(base.description), steps=steps)
    return Relabelled(path, [renamed(subgoal) for subgoal in subgoals], bool(device), device)


def _distinct(pattern: re.Pattern[str], text: str) -> list[str]:
    return list(dict.fromkeys(pattern.findall(text)))
