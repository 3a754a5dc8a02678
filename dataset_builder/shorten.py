"""Make a state text fit a model's input: drop the oldest of the past, never what the task needs.

A corpus holds finished texts and an agent composes new ones; both pass through `shorten`, so a
model plays with inputs of the form it was trained on.
"""

import re
from collections.abc import Callable

from dataset_builder.errors import UsageError
from dataset_builder.state_text import check_version

Fits = Callable[[str], bool]

_PAPER_EVENT = re.compile(r" <extra_id_\d+> ")


def shorten(text: str, version: str, fits: Fits) -> str:
    """The text with as few of its oldest entries missing as it takes to fit.

    Past actions go first, oldest first; when none is left, finished sub-goals, then visited rooms,
    oldest first; then what is in sight, last first. Task, inventory and current sub-goal stay.

    Args:
        text (`str`): composed by `state_text.model_input`.
        version (`str`): the version it was composed in.
        fits (`Callable[[str], bool]`): whether a text is short enough.

    Raises:
        UsageError: if what must stay does not fit either.
    """
    if fits(text):
        return text
    for fewer in _STAGES[check_version(version)]:
        text, done = _fewest_dropped(text, fewer, fits)
        if done:
            return text
    raise UsageError(
        f"The input is too short for task, inventory and sub-goal alone ({text[:60]!r}…): raise source_length."
    )


def _fewest_dropped(text: str, fewer: Callable[[str], list[str]], fits: Fits) -> tuple[str, bool]:
    """The first of ever shorter texts that fits; else the shortest of them."""
    shorter = fewer(text)
    low, high = 0, len(shorter)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(shorter[middle]) else (middle + 1, high)
    if low < len(shorter):
        return shorter[low], True
    return (shorter[-1] if shorter else text), False


def _drop_from(head: str, entries: list[str], tail: str, joint: str, oldest_first: bool = True) -> list[str]:
    """Ever shorter texts: one entry of a list less each time."""
    counts = range(1, len(entries) + 1)
    kept = (entries[n:] if oldest_first else entries[: len(entries) - n] for n in counts)
    return [head + joint.join(rest) + tail for rest in kept]


def _field(text: str, start: str, stop: str) -> tuple[str, str, str] | None:
    """Text before, of and after a field, None if there is no such field."""
    begin = text.find(start)
    if begin < 0:
        return None
    begin += len(start)
    end = text.find(stop, begin)
    end = len(text) if end < 0 else end
    return text[:begin], text[begin:end], text[end:]


def _compact_stage(name: str, stop: str, joint: str, oldest_first: bool = True) -> Callable[[str], list[str]]:
    def fewer(text: str) -> list[str]:
        parts = _field(text, f" | {name}: ", f" | {stop}: ")
        if parts is None or not parts[1]:
            return []
        head, body, tail = parts
        return _drop_from(head, body.split(joint), tail, joint, oldest_first)

    return fewer


def _paper_history(text: str) -> list[str]:
    parts = _field(text, "Action history: </s>", " </s> Current environment:")
    if parts is None:
        return []
    head, body, tail = parts
    starts = [match.start() for match in _PAPER_EVENT.finditer(body)]
    ends = [*starts[1:], len(body)]
    return [head + body[end:] + tail for end in ends] if starts else []


def _paper_stage(start: str, stop: str, joint: str, oldest_first: bool = True) -> Callable[[str], list[str]]:
    def fewer(text: str) -> list[str]:
        parts = _field(text, start, stop)
        if parts is None or not parts[1]:
            return []
        head, body, tail = parts
        return _drop_from(head, body.split(joint), tail, joint, oldest_first)

    return fewer


_STAGES: dict[str, list[Callable[[str], list[str]]]] = {
    "paper-1": [
        _paper_history,
        _paper_stage("Completed subtasks are: ", ". The current subtask is ", ", "),
        _paper_stage("Visited rooms: ", " </s> ", ", "),
        _paper_stage("Current environment: ", " </s> Current inventory:", " | ", oldest_first=False),
    ],
    "compact-1": [
        _compact_stage("past", "done", " ; "),
        _compact_stage("done", "goal", " ; "),
        _compact_stage("been", "past", ", "),
        _compact_stage("see", "exits", ", ", oldest_first=False),
    ],
}
