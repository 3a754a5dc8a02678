"""Melting points of the paints of the house: what a task with other substances is relabelled to.

Of the known melting points in train, nearly all are those of solids, which must be heated; a liquid must be
cooled. So a cup of paint is put into the kitchen, and the task's text asks for the paint (hindsight
relabelling, arXiv 1707.01495). The simulator has no score for it: the readings decide.
"""

import re
from collections.abc import Sequence
from random import Random

from dataset_builder.expert.melting_point import KNOWN, Question, find_question, measure
from dataset_builder.expert.plan import Experiment, ReplayFailed
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.notebook import READING
from dataset_builder.trajectories.trajectory import Step, Trajectory

TASK = KNOWN

_PAINTS = ("red paint", "blue paint", "yellow paint")
_CUPS = ("tin cup", "ceramic cup")
_HOLDERS = ("cupboard", "fridge")
_STARTS = ("hallway", "workshop", "bathroom", "kitchen", "kitchen")
_FREEZES = 0.0  # degrees
_COOLED = (2, 12)  # moves in the freezer before the path, where paint in wood cools by a degree in three
_MOST_EQUAL = 8


def freezes(base: Trajectory) -> bool:
    """Whether paint freezes above the bound of a path's question, so that the last reading finds it frozen.

    Args:
        base (`Trajectory`): a path of known melting points.
    """
    asked = find_question(base.description, solid=False)
    return asked is not None and asked.bound < _FREEZES


def ask_for_paint(base: Trajectory, draw: Random) -> tuple[Question, str] | None:
    """The question of a task, asked for a paint, and the task's text with it; None if there is no question.

    Args:
        base (`Trajectory`): a path of known melting points.
        draw (`Random`): chooses the paint.
    """
    own = find_question(base.description, solid=False)
    if own is None:
        return None
    paint = draw.choice(_PAINTS)
    text = re.sub(rf"\b{re.escape(own.substance)}\b", paint, base.description)
    return own._replace(substance=paint), text


def placement(asked: Question, draw: Random) -> list[str]:
    """Actions that cool a cup of paint and put it somewhere in the kitchen, and go to the room of the start.

    Args:
        asked (`Question`): the question for a paint.
        draw (`Random`): chooses cup, place, time and room.
    """
    held = f"cup containing {asked.substance}"
    actions = ["teleport to art studio", f"pick up {held}", "teleport to kitchen", "open cupboard"]
    if asked.bound > _FREEZES and draw.random() < 0.5:  # in other cups it cools too slowly to freeze
        cup = draw.choice(_CUPS)
        actions += [f"pick up {cup}", f"pour {held} into {cup}"]
        # Where no other one is that the simulator could take for it.
        actions += ["teleport to hallway", "drop wood cup", "teleport to kitchen"]
        held = cup
    waits = ["wait1"] * draw.randint(*_COOLED)
    actions += ["open freezer", f"move {held} to freezer", *waits, f"pick up {held}"]
    if draw.random() < 0.6:
        holder = draw.choice(_HOLDERS)
        actions += ["open fridge", f"move {held} to {holder}"]
    else:
        actions.append(draw.choice((f"drop {held}", f"move {held} to table", f"move {held} to counter")))
    actions += [f"close {holder}" for holder in (*_HOLDERS, "freezer")]
    return [*actions, f"teleport to {draw.choice(_STARTS)}"]


def measurement(asked: Question, look: str) -> Experiment:
    """The actions that answer the question: the paint is cooled until a reading decides.

    Args:
        asked (`Question`): the question for a paint.
        look (`str`): the first look.

    Raises:
        ReplayFailed: if the paint is not in sight in the kitchen.
    """
    paint = asked.substance
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
    yield from measure(asked, [f"move {name} to freezer"], [f"focus on {asked.above}"], _MOST_EQUAL)


def is_decided(asked: Question, steps: Sequence[Step]) -> bool:
    """Whether the last reading decides: liquid paint below the bound, or frozen paint above it.

    Args:
        asked (`Question`): the question for a paint.
        steps (`Sequence[Step]`): what was played; its last step is the answer.
    """
    readings = [found for step in steps if (found := READING.search(step.observation))]
    if not readings:
        return False
    value, frozen = float(readings[-1][1]), f"dried {asked.substance}" in steps[-1].look
    return value > asked.bound if frozen else value < asked.bound
