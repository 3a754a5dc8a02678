"""Making a state text fit a model's input: the oldest history is dropped, never the task or the goal.

Texts of a corpus and of a playing agent both pass through `shorten`, so that a model plays with inputs of the
same format as in training.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.model_input import check_version


@dataclass(frozen=True)
class _List:
    """A list inside a text that may lose entries.

    Attributes:
        body: pattern whose group is the list.
        between: pattern of the separator of entries; `joint` replaces it.
        first: whether the first entry is dropped first (True) or the last one (False).
    """

    body: re.Pattern[str]
    between: str
    joint: str
    first: bool = True

    def shorter(self, text: str) -> list[str]:
        """Shorter and shorter texts: one entry less each time, until the list is empty."""
        match = self.body.search(text)
        if match is None or not match.group(1):
            return []
        head, tail = text[: match.start(1)], text[match.end(1) :]
        entries = [entry for entry in re.split(self.between, match.group(1)) if entry]
        counts = range(1, len(entries) + 1)
        kept = [entries[n:] if self.first else entries[: len(entries) - n] for n in counts]
        return [head + self.joint.join(rest) + tail for rest in kept]


def _list(pattern: str, joint: str, between: str | None = None, first: bool = True) -> _List:
    return _List(
        re.compile(pattern, re.DOTALL), re.escape(joint) if between is None else between, joint, first
    )


# In the order in which they are shortened: past actions, finished sub-goals, visited rooms, things in sight.
_LISTS: dict[str, list[_List]] = {
    "paper-1": [
        _list(r"Action history: </s>(.*?)(?= </s> Current environment:)", "", r"(?= <extra_id_\d+> )"),
        _list(r"Completed subtasks are: (.*?)(?=\. The current subtask is )", "), "),
        _list(r"Visited rooms: (.*?)(?= </s> )", ", "),
        _list(r"Current environment: (.*?)(?= </s> Current inventory:)", " | ", first=False),
    ],
    "compact-1": [
        _list(r" \| past: (.*?)(?= \| done: |$)", " ; "),
        _list(r" \| done: (.*?)(?= \| goal: )", " ; "),
        _list(r" \| been: (.*?)(?= \| past: )", ", "),
        _list(r" \| see: (.*?)(?= \| exits: )", ", ", first=False),
    ],
}
_LISTS["compact-2"] = [
    _list(r" \| past: (.*?)(?= \| done: | \| readings: |$)", " ; "),
    *_LISTS["compact-1"][1:],
]


def shorten(text: str, version: str, fits: Callable[[str], bool]) -> str:
    """The text without its oldest entries, as few of them as necessary to fit.

    Past actions are dropped first, the oldest one first; then finished sub-goals, visited rooms, and things
    in sight, the last one first. Task, inventory, current sub-goal and notebook are kept.

    Args:
        text (`str`): composed by `state_text.model_input`.
        version (`str`): its state-text version.
        fits (`Callable[[str], bool]`): whether a text is short enough.

    Raises:
        UsageError: if even the parts that are kept do not fit.
    """
    if fits(text):
        return text
    for entries in _LISTS[check_version(version)]:
        shorter = entries.shorter(text)
        low, high = 0, len(shorter)
        while low < high:  # the longest of them that fits
            middle = (low + high) // 2
            low, high = (low, middle) if fits(shorter[middle]) else (middle + 1, high)
        if low < len(shorter):
            return shorter[low]
        text = shorter[-1] if shorter else text
    raise UsageError(
        f"Task, inventory and sub-goal alone are too long for the model's input ({text[:60]!r}…): "
        "raise source_length in the recipe."
    )
