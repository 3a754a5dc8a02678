"""Loops: an action played again and again, or a sub-goal held for long, gives way to the next candidate."""

from collections.abc import Sequence

from dataset_builder.state import AgentState, Event

RUN, WINDOW, IN_WINDOW = 2, 12, 4
"""Of the experts' actions none is played more than twice running or four times in twelve without a
point, but for those of `_PATIENT` and answers to a question (a number)."""

PATIENCE, LONG_PATIENCE = 10, 45
"""Actions without a point after which a sub-goal is given up. Of the experts' sub-goals 99% take at most 9
actions, those of `_LONG` up to 42."""

_LONG = ("monitor_temperature", "wait_until", "find(")
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
    """The candidates in their order; if the first goes on with a loop, others come before it.

    A `focus` never does: a wrong one loses the episode, a loop only time.
    """
    if not actions or not is_loop(actions[0], history):
        return tuple(actions)
    return tuple(sorted(actions, key=lambda action: action.startswith("focus") or is_loop(action, history)))


def leads_nowhere(subgoal: str, state: AgentState) -> bool:
    """Whether a sub-goal has been held for too long, or was left for that.

    Args:
        subgoal (`str`): what the controller names.
        state (`AgentState`): with the sub-goal that was held until now.
    """
    if subgoal != state.subgoal:
        return subgoal in state.abandoned
    held = state.history[state.since :]
    points = [place for place, event in enumerate(held) if event.reward > 0]
    fruitless = len(held) - (points[-1] + 1 if points else 0)
    return fruitless >= (LONG_PATIENCE if subgoal.startswith(_LONG) else PATIENCE)
