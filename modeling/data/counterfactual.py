"""Counterfactual examples: the same decision with other evidence, and the answer that follows from it.

A few hundred variations can be memorised in place of reading their evidence. So at a decision the
measurements, the limit or the trait in question are resampled, half of the time so that the evidence
calls for the other alternative, which then becomes the answer. Boxes are exchanged with each other.
The input remains a possible state of the simulator: a number changes in all its occurrences. (But frozen
paint is also called "solid", as most frozen liquids are.) Between two readings of a thermometer other
temperatures are drawn, which decide as little (`other_reading`).
"""

import random
import re
from collections.abc import Callable

from dataset_builder.trajectories.decisions import alternatives, decided_for, task_of
from dataset_builder.trajectories.genetics import Question
from dataset_builder.trajectories.model_input import READINGS

Example = tuple[str, str]

_SECTION = " | "
_DISTANCE = re.compile(r"(\d+)% (inclined plane.+)")
_OPPOSITES = (("most", "least"), ("steepest", "shallowest"))
_DEGREES = re.compile(r"(-?\d+(?:\.\d+)?) degrees")
_TEMPERATURE = re.compile(r"(.+) (-?\d+) degrees , (above|below)")
_LIMIT = re.compile(r"(?<=temperature is (?:above|below) )-?\d+\.\d+(?= degrees)")
_ANY_LIMIT = re.compile(r"(?<= is (?:above|below) )-?\d+\.\d+(?= degrees)")
_THERMOMETER = re.compile(r"(?<=thermometer \()-?\d+(?= degrees\))")
_ROOM_TEMPERATURES = range(5, 16)
_FROZEN_PAINT = re.compile(r"\bdried (?=[\w-]+ paint\b)")
_FROZEN = re.compile(r"(?:dried|solid) .+")
_WARMER = 3
_CIRCUIT = re.compile(r"(.+) , (.+) (on|off)")
_OFFSPRING = re.compile(r"offspring (.+) , (?:not )?(\w+)")
_SHIFT = 80
_FARTHEST = 120
_VALUES = {
    "plant height": ("tall", "short"),
    "seed shape": ("round", "wrinkly", "square", "spherical", "ovate"),
    "seed color": ("green", "orange", "blue", "brown", "yellow"),
    "leaf shape": ("elliptical", "linear", "pointed", "round"),
    "leaf size": ("small", "medium", "large"),
    "flower color": ("orange", "yellow", "blue", "red", "white", "purple"),
    "flower size": ("small", "medium", "large"),
}
"""Values that a trait of a plant can have, by the words of a task."""


def counterfactual(text: str, target: str, draw: random.Random) -> Example:
    """Another example of the same decision.

    Args:
        text (`str`): a compact state text with a notebook, of a decision step.
        target (`str`): the sub-goal or action that is right there.
        draw (`random.Random`): where numbers and choices come from.

    Returns:
        `tuple[str, str]`: input and target; evidence that cannot be parsed is returned unchanged.
    """
    for change in _CHANGES:
        text, target = change(text, target, draw)
    return text, target


def evidence_alone(text: str) -> str:
    """A state text cut down to task, goal and notebook; one without a notebook stays whole.

    Which entry of the notebook answers the task is learned in far fewer steps where little else stands
    between them, and such a step is cheap.
    """
    fields = text.split(_SECTION)
    if not fields[-1].startswith(READINGS):
        return text
    return _SECTION.join(field for field in fields if field.startswith(("task: ", "goal: ", READINGS)))


def other_reading(text: str, draw: random.Random) -> str:
    """A state between two readings of a thermometer, with other temperatures that decide no more than these.

    All temperatures are shifted alike. With one entry in the notebook, the limit of the task is drawn again,
    on the same side of it. What melts late on a stove is read at temperatures at which the substances of
    training have melted: a controller that has only seen those at decisions answers too early.

    Args:
        text (`str`): a compact state text with a notebook, of a step that is no decision.
        draw (`random.Random`): source of the numbers.
    """
    entries = [match for entry in _entries(text) if (match := _TEMPERATURE.fullmatch(entry))]
    if not entries or len(entries) < len(_entries(text)):
        return text
    shift = draw.randint(-_SHIFT, _SHIFT)
    text = _DEGREES.sub(lambda match: f"{_shifted(match[1], shift)} degrees", text)
    if len(entries) > 1:
        return text
    value, distance = int(entries[0][2]) + shift, draw.randint(1, _FARTHEST)
    limit = value - distance if entries[0][3] == "above" else value + distance
    task = task_of(text)
    return _ANY_LIMIT.sub(f"{limit}.0", task) + text[len(task) :]


def _other_distances(text: str, target: str, draw: random.Random) -> Example:
    """Two planes with other distances; half of the time the other one comes first."""
    entries = [match for entry in _entries(text) if (match := _DISTANCE.fullmatch(entry))]
    if len(entries) != 2 or entries[0][1] == entries[1][1]:
        return text, target
    old = {match[2]: int(match[1]) for match in entries}
    planes = list(old)
    numbers = sorted(draw.sample(range(1, 100), 2))
    if draw.random() < 0.5:
        text, target = _with_other_answer(text, target, planes)
        planes.reverse()
    for plane, number in zip(planes, numbers, strict=True):
        shown = re.compile(rf"({re.escape(plane)}, with: [a-z ]+? approximately )(\d+)(?=%)")

        def moved(match: re.Match[str], number: int = number, plane: str = plane) -> str:
            return f"{match[1]}{max(0, min(100, number + int(match[2]) - old[plane]))}"  # it slid on

        text = shown.sub(moved, text)
    text = _with_entries(text, [f"{number}% {plane}" for number, plane in zip(numbers, planes, strict=True)])
    return _other_question(text, target, planes, draw)


def _other_question(text: str, target: str, planes: list[str], draw: random.Random) -> Example:
    """Half of the time the task asks for the other end: least for most."""
    task = task_of(text)
    pair = next((pair for pair in _OPPOSITES if any(f"the {word} " in task for word in pair)), None)
    if pair is None or draw.random() < 0.5:
        return text, target
    text, target = _with_other_answer(text, target, planes)
    return _exchanged(task, *pair) + text[len(task) :], target


def _other_temperatures(text: str, target: str, draw: random.Random) -> Example:
    """All temperatures shifted alike; half of the time the limit crosses the one that was measured."""
    entries = [match for entry in _entries(text) if (match := _TEMPERATURE.fullmatch(entry))]
    if not entries:
        return text, target
    shift = draw.randint(-_SHIFT, _SHIFT)
    text = _DEGREES.sub(lambda match: f"{_shifted(match[1], shift)} degrees", text)
    text = _warmer_liquid(text, draw)
    task, boxes = task_of(text), alternatives(task_of(text))
    # A melting point cannot be moved alone: whether a substance is solid depends on it.
    if len(entries) != 1 or len(boxes) != 2 or not _LIMIT.search(task) or draw.random() < 0.5:
        return text, target
    name, relation = entries[0][1], entries[0][3]
    value = int(entries[0][2]) + shift
    distance = draw.randint(1, _FARTHEST)
    limit = value + distance if relation == "above" else value - distance
    other = "below" if relation == "above" else "above"
    text, target = _with_other_answer(text, target, list(boxes))
    text = _LIMIT.sub(f"{limit}.0", task) + text[len(task) :]
    return _with_entries(text, [f"{name} {value} degrees , {other}"]), target


def _other_word_for_frozen(text: str, target: str, draw: random.Random) -> Example:
    """Half of the time frozen paint, the only frozen liquid of practice, is called solid and not dried."""
    if draw.random() < 0.5:
        return text, target
    return _FROZEN_PAINT.sub("solid ", text), _FROZEN_PAINT.sub("solid ", target)


def _warmer_liquid(text: str, draw: random.Random) -> str:
    """Half of the time the notebook has the liquid 0 to 3 degrees above its solid."""
    entries = [match for entry in _entries(text) if (match := _TEMPERATURE.fullmatch(entry))]
    frozen = [match for match in entries if _FROZEN.fullmatch(match[1])]
    if len(entries) != 2 or len(frozen) != 1 or draw.random() < 0.5:
        return text
    liquid = next(match for match in entries if match is not frozen[0])
    value = int(frozen[0][2])
    if not (liquid[3] == frozen[0][3] == "above" and value <= int(liquid[2]) <= value + _WARMER):
        return text
    warmer = draw.randint(0, _WARMER)
    listed = [f"{liquid[1]} {value + warmer} degrees , {liquid[3]}", frozen[0][0]]
    return _with_entries(text, listed[::-1] if warmer else listed)


def other_thermometer(text: str, draw: random.Random) -> str:
    """Give a thermometer at room temperature another one, which decides nothing.

    In practice it is a degree colder than elsewhere, because time has passed before the path. A controller
    took this one degree for the sign that a liquid freezes.

    Args:
        text (`str`): a model's input.
        draw (`random.Random`): source of the temperature.
    """
    value = str(draw.choice(_ROOM_TEMPERATURES))
    return _THERMOMETER.sub(lambda own: value if int(own[0]) in _ROOM_TEMPERATURES else own[0], text)


def _with_other_thermometer(text: str, target: str, draw: random.Random) -> Example:
    return other_thermometer(text, draw), target


def _shifted(number: str, shift: int) -> str:
    return f"{float(number) + shift:.1f}" if "." in number else str(int(number) + shift)


def _other_circuit(text: str, target: str, draw: random.Random) -> Example:
    """Half of the time what is off is on, and what is on is off."""
    entries = _entries(text)
    match = _CIRCUIT.fullmatch(entries[-1]) if entries else None
    boxes = alternatives(task_of(text))
    if match is None or len(boxes) != 2 or draw.random() < 0.5:
        return text, target
    name, load, state = match.groups()
    other = "off" if state == "on" else "on"
    text, target = _with_other_answer(text, target, list(boxes))
    text = text.replace(f"{load} ({state})", f"{load} ({other})")
    return _with_entries(text, [*entries[:-1], f"{name} , {load} {other}"]), target


def _other_trait(text: str, target: str, draw: random.Random) -> Example:
    """Half of the time the task asks for a trait that the offspring lack, or for the one they show."""
    task, entries = task_of(text), _entries(text)
    asked, boxes = Question.read(task), alternatives(task)
    seen = [match for entry in entries if (match := _OFFSPRING.fullmatch(entry))]
    if asked is None or not seen or len(boxes) != 2 or draw.random() < 0.5:
        return text, target
    values = _VALUES[asked.part]
    shown = [word for match in seen for word in match[1].split() if word in values]
    of_parents = [word for entry in entries if entry.startswith("parents ") for word in entry.split()]
    lacked = [word for word in values if word not in shown]
    usual = [word for word in lacked if word in of_parents]
    choices = shown if asked.value not in shown else usual or lacked
    if not choices:
        return text, target
    value = draw.choice(choices)
    changed = [
        f"offspring {match[1]} , {'' if value in match[1].split() else 'not '}{value}"
        if (match := _OFFSPRING.fullmatch(entry))
        else entry
        for entry in entries
    ]
    text, target = _with_other_answer(text, target, list(boxes))
    text = task.replace(f"whether {asked.value} ", f"whether {value} ") + text[len(task) :]
    return _with_entries(text, changed), target


def _other_boxes(text: str, target: str, draw: random.Random) -> Example:
    """Half of the time two boxes take each other's place."""
    boxes = alternatives(task_of(text))
    if len(boxes) != 2 or not boxes[0].endswith(" box") or draw.random() < 0.5:
        return text, target
    return _exchanged(text, *boxes), _exchanged(target, *boxes)


_CHANGES: tuple[Callable[[str, str, random.Random], Example], ...] = (
    _other_distances,
    _with_other_thermometer,
    _other_temperatures,
    _other_word_for_frozen,
    _other_circuit,
    _other_trait,
    _other_boxes,
)


def _entries(text: str) -> list[str]:
    """Entries of the notebook at the end of a text."""
    last = text.rpartition(_SECTION)[2]
    return last.removeprefix(READINGS).split(" ; ") if last.startswith(READINGS) else []


def _with_entries(text: str, entries: list[str]) -> str:
    return f"{text.rpartition(_SECTION)[0]}{_SECTION}{READINGS}{' ; '.join(entries)}"


def _with_other_answer(text: str, target: str, names: list[str]) -> Example:
    """The other of two alternatives as the answer, and as the sub-goal if that names the answer already."""
    fields = [
        "goal: " + _exchanged(field.removeprefix("goal: "), *names)
        if field.startswith("goal: ") and decided_for(task_of(text), field.removeprefix("goal: "))
        else field
        for field in text.split(_SECTION)
    ]
    return _SECTION.join(fields), _exchanged(target, *names)


def _exchanged(text: str, one: str, other: str) -> str:
    return re.sub(
        rf"\b(?:{re.escape(one)}|{re.escape(other)})\b", lambda match: other if match[0] == one else one, text
    )
