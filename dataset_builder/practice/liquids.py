"""Melting points of the paints of the house: paths for a task that asks for other liquids.

Nearly all substances of the known melting points are solids, which must be heated; a liquid must be cooled.
So a cup of paint is put into the kitchen, and the task's text asks for the paint (hindsight relabelling,
arXiv 1707.01495). The simulator has no score for it: the answer follows from the readings.
"""

import re
from random import Random

from dataset_builder.expert.plan import Experiment, ReplayFailed
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.trajectory import Trajectory

TASK = "measure-melting-point-known-substance"

_LOWEST = 0.0  # degrees; a freezer takes more than fifty moves to cool paint below it
_MOST_READINGS = 25
_PAINTS = ("red paint", "blue paint", "yellow paint")
_CUPS = ("tin cup", "ceramic cup")
_HOLDERS = ("cupboard", "fridge")
_STARTS = ("hallway", "workshop", "bathroom", "kitchen", "kitchen")
_QUESTION = re.compile(
    r"melting point of (?P<substance>[\w -]+?), .*?"
    r"is below (?P<bound>-?[\d.]+) degrees celsius, focus on the (?P<box>\w+ box)",
)
_READING = re.compile(r"measures a temperature of (-?\d+) degrees")


def other_liquid(base: Trajectory, draw: Random) -> tuple[str, str] | None:
    """A paint, and the text of the task that asks for its melting point; None where it cannot be decided.

    Args:
        base (`Trajectory`): a path of known melting points.
        draw (`Random`): chooses the paint.
    """
    asked = _QUESTION.search(base.description)
    if asked is None or float(asked["bound"]) <= _LOWEST:
        return None
    paint = draw.choice(_PAINTS)
    return paint, re.sub(rf"\b{re.escape(asked['substance'])}\b", paint, base.description)


def placement(paint: str, draw: Random) -> list[str]:
    """Actions that put a cup of the paint somewhere in the kitchen, and go to another room or stay."""
    held = f"cup containing {paint}"
    actions = ["teleport to art studio", f"pick up {held}", "teleport to kitchen", "open cupboard"]
    if draw.random() < 0.5:
        cup = draw.choice(_CUPS)
        actions += [f"pick up {cup}", f"pour {held} into {cup}", "close cupboard"]
        actions += ["teleport to art studio", "drop wood cup", "teleport to kitchen", "open cupboard"]
        held = cup
    if draw.random() < 0.6:
        holder = draw.choice(_HOLDERS)
        actions += [f"open {holder}", f"move {held} to {holder}"]
    else:
        actions.append(draw.choice((f"drop {held}", f"move {held} to table", f"move {held} to counter")))
    actions += [f"close {holder}" for holder in _HOLDERS]
    return [*actions, f"teleport to {draw.choice(_STARTS)}"]


def measurement(text: str, paint: str, look: str) -> Experiment:
    """The actions that answer the question: the paint is cooled until it is a liquid below the bound.

    Args:
        text (`str`): the relabelled text of the task.
        paint (`str`): the substance that it asks for.
        look (`str`): the first look.
    """
    asked = _QUESTION.search(text)
    if asked is None:
        raise ReplayFailed("the task's text asks for no melting point")
    if room_of(look) != "kitchen":
        yield "teleport to kitchen"
    yield "pick up thermometer"
    look = (yield "focus on thermometer").look
    for holder in _HOLDERS:
        if paint not in look:
            look = (yield f"open {holder}").look
    vessel = re.search(rf"\b(\w+ cup) \(containing {paint}\)", look)
    if vessel is None:
        raise ReplayFailed(f"no {paint} in sight")
    name = vessel[1] if look.count(vessel[1]) == 1 else f"cup containing {paint}"
    yield f"pick up {name}"
    yield f"focus on {paint}"
    yield "open freezer"
    yield f"move {name} to freezer"
    for _ in range(_MOST_READINGS):
        reading = _READING.search((yield f"use thermometer on {paint}").observation)
        if reading is None:
            raise ReplayFailed(f"no reading of {paint}")
        if float(reading[1]) < float(asked["bound"]):
            yield f"focus on {asked['box']}"
            return
    raise ReplayFailed("the readings do not decide")
