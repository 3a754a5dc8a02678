"""The inclined-plane experiment, run as a race: the same time on each plane, then one look.

The solver times a block on each plane with a stopwatch and looks 20 to 120 times while it slides.
Letting it slide for the same time on both planes and reading how far it came measures the same
thing in six actions.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataset_builder.expert.plan import Item

_PLACE = re.compile(r"move (.+) to (inclined plane.+)")
_STOPWATCH = re.compile(r"(pick up|activate|deactivate|examine) (?:the )?stopwatch")
_LETTER = re.compile(r"\b(plane|material) ([a-z])\b")
MIN_LEAD = 2
"""Percentage points between two planes that count as a difference."""


def race(items: Sequence["Item"], waits: tuple[str, ...]) -> "list[Item | str] | None":
    """The path with each timed slide replaced by `waits` and one look; None without slides.

    Args:
        items (`Sequence[Item]`): the path.
        waits (`tuple[str, ...]`): the actions that pass the time of one slide, such as `("wait",)`.
    """
    planes = [match.group(2) for item in items if (match := _PLACE.match(item.action))]
    if len(planes) < 2:
        return None
    rewritten: list[Item | str] = []
    for item in items:
        match = _PLACE.match(item.action)
        if _STOPWATCH.match(item.action) or item.action.startswith("look at inclined plane"):
            continue
        rewritten.append(item)
        if match:
            rewritten += [*waits, f"look at {_LETTER.sub(_upper, match.group(2))}"]
    return rewritten


def _upper(match: re.Match[str]) -> str:
    return f"{match.group(1)} {match.group(2).upper()}"  # as the room shows the plane's name


def distance(observation: str) -> int | None:
    """How far down a plane the block is, in percent; None if the text is about something else."""
    if "at the bottom of the plane" in observation:
        return 100
    match = re.search(r"approximately (\d+)% down the plane", observation)
    return int(match.group(1)) if match else None


def decided(observations: Sequence[str]) -> bool:
    """Whether the looks of a path tell two planes apart (True where no plane was looked at)."""
    distances = [value for text in observations if (value := distance(text)) is not None]
    # A smaller difference could be due to when each block was put down, not to its plane.
    return len(distances) != 2 or abs(distances[0] - distances[1]) >= MIN_LEAD
