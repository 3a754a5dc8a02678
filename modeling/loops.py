"""Loops: an action that was played again and again to no avail gives way to the next candidate."""

from collections.abc import Sequence

from dataset_builder.state import Event

RUN, WINDOW, IN_WINDOW = 2, 12, 4
"""Of the experts' actions none is played more than twice running or four times in twelve without a
point, but for those of `_PATIENT` and answers to a question (a number)."""

_PATIENT = ("wait", "look", "use ", "examine", "read ")


def is_loop(action: str, history: Sequence[Event]) -> bool:
    """Whether an action would go on with a loop.

    Args:
        action (`str`): a candidate.
        history (`Sequence[Event]`): what was played, oldest first.
    """
    if action.startswith(_PATIENT) or action.isdigit():
        return False
    recent = history[-WINDOW:]
    points = [place for place, event in enumerate(recent) if event.reward > 0]
    since = recent[points[-1] + 1 :] if points else recent
    same = [event.action == action for event in since]
    return sum(same) >= IN_WINDOW or (len(same) >= RUN and all(same[-RUN:]))


def loops_last(actions: Sequence[str], history: Sequence[Event]) -> tuple[str, ...]:
    """The candidates in their order, those that go on with a loop behind all others."""
    return tuple(sorted(actions, key=lambda action: is_loop(action, history)))
