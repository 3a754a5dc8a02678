"""What gives way: an action played again and again, a sub-goal held for long, a search for what is here."""

import re
from collections.abc import Sequence

from dataset_builder.trajectories.agent_state import AgentState, Event

RUN, WINDOW, IN_WINDOW = 2, 12, 4
"""Of the experts' actions none is played more than twice running or four times in twelve without a
point, but for those of `_PATIENT` and answers to a question (a number)."""

PATIENCE, LONG_PATIENCE = 10, 45
"""Actions without a point after which a sub-goal is given up. Of the experts' sub-goals 99% take at most 9
actions, those of `_LONG` up to 42."""

_FOCUS = re.compile(r"focus_on\(([^,()]+)\)")
_SEARCH = ("teleport ", "go ", "open ")

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


def demote_loops(actions: Sequence[str], history: Sequence[Event]) -> tuple[str, ...]:
    """The candidates in their order; if the first goes on with a loop, others come before it.

    A `focus` never does: a wrong one loses the episode, a loop only time.
    """
    if not actions or not is_loop(actions[0], history):
        return tuple(actions)
    return tuple(sorted(actions, key=lambda action: action.startswith("focus") or is_loop(action, history)))


def is_stalled(subgoal: str, state: AgentState) -> bool:
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


def look_before_search(actions: Sequence[str], state: AgentState) -> tuple[str, ...]:
    """The candidates; before a search for what the sub-goal names, the attempt to find it here.

    Under `focus_on(X)` an executor that does not recognise X leaves the room or opens things. To focus
    on X before that costs no move if it is not here. It is tried once.

    Args:
        actions (`Sequence[str]`): candidates, best first.
        state (`AgentState`): with its sub-goal.
    """
    named = _FOCUS.fullmatch(state.subgoal)
    if not named or not actions or not actions[0].startswith(_SEARCH):
        return tuple(actions)
    focus = f"focus on {named[1]}"
    done = any(event.action == focus for event in state.history[state.since :])
    return tuple(actions) if done else (focus, *actions)
