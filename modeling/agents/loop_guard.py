"""The loop guard against actions without progress, stalled sub-goals and answers without a reading.

Models trained on expert paths have never seen an episode that makes no progress, and greedy decoding
repeats itself there. The limits below are those of the expert paths, which never exceed them.
"""

import re
from collections.abc import Sequence

from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.agent_state import AgentState, Event, idle_steps
from dataset_builder.trajectories.decisions import decided_for
from dataset_builder.trajectories.notebook import READING

MAX_REPEATS, WINDOW, MAX_IN_WINDOW = 2, 12, 4
"""Experts play no action more than twice in a row, or more than four times in twelve actions, without a
reward. Exceptions are the actions of `_MAY_REPEAT` and numbers, which answer the simulator's questions."""

IDLE_STEPS, LONG_IDLE_STEPS = 10, 45
"""Actions without a reward after which a sub-goal is stalled. Of the experts' sub-goals 99% take at most 9
actions, those of `_LONG` up to 42."""

MAX_FRUITLESS = 3
"""Fruitless actions in a row after which a sub-goal is stalled, whatever the score did meanwhile: a growing
plant brings points by itself."""

_FRUITLESS = re.compile(
    r"(?:The .+ (?:is|are) already |.+ is already connected|There is only one thing|That can't be|You can't "
    r"|Its? not clear|That container is empty|I'm not sure|Unknown action)"
)
"""Answers of the simulator to actions that change nothing."""

_FOCUS = re.compile(r"focus_on\(([^,()]+)\)")
_SEARCH = ("teleport ", "go ", "open ")

_LONG = ("monitor_temperature", "wait_until", "find(")
_MAY_REPEAT = ("wait", "look", "use ", "examine", "read ")


def is_loop(action: str, history: Sequence[Event]) -> bool:
    """Whether an action would continue a loop.

    Args:
        action (`str`): a candidate.
        history (`Sequence[Event]`): the steps of the episode, oldest first.
    """
    if action.startswith(_MAY_REPEAT) or action.isdigit():
        return False
    recent = history[-WINDOW:]
    same = [event.action == action for event in recent[len(recent) - idle_steps(recent) :]]
    return sum(same) >= MAX_IN_WINDOW or (len(same) >= MAX_REPEATS and all(same[-MAX_REPEATS:]))


def makes_no_progress(action: str, state: AgentState) -> bool:
    """Whether an action would continue a loop, or leads to the room where the agent is.

    Args:
        action (`str`): a candidate.
        state (`AgentState`): holds the room and the history.
    """
    goes_nowhere = action in {f"teleport to {room_of(state.look)}", f"go to {room_of(state.look)}"}
    return goes_nowhere or is_loop(action, state.history)


def demote_loops(actions: Sequence[str], state: AgentState) -> tuple[str, ...]:
    """The candidates; if the first one makes no progress, those that do come first.

    Except a `focus`, which is never moved forward: a wrong one loses the episode, a loop only loses time.

    Args:
        actions (`Sequence[str]`): candidates, best first.
        state (`AgentState`): holds the room and the history.
    """
    if not actions or not makes_no_progress(actions[0], state):
        return tuple(actions)
    return tuple(
        sorted(actions, key=lambda action: action.startswith("focus") or makes_no_progress(action, state))
    )


def is_stalled(subgoal: str, state: AgentState) -> bool:
    """Whether a sub-goal has been pursued without progress for too long, now or before.

    Args:
        subgoal (`str`): a sub-goal of the controller.
        state (`AgentState`): holds the current sub-goal and the abandoned ones.
    """
    if subgoal != state.subgoal:
        return subgoal in state.abandoned
    recent = state.history[max(state.since, len(state.history) - MAX_FRUITLESS) :]
    if len(recent) == MAX_FRUITLESS and all(_FRUITLESS.match(event.observation) for event in recent):
        return True
    return state.idle_steps(state.since) >= (LONG_IDLE_STEPS if subgoal.startswith(_LONG) else IDLE_STEPS)


def is_premature(subgoal: str, state: AgentState) -> bool:
    """Whether a sub-goal answers a question about a temperature before any was read.

    No path of the train split does, and a wrong answer loses the episode.

    Args:
        subgoal (`str`): a sub-goal of the controller.
        state (`AgentState`): holds the task's text and the history.
    """
    if "degrees" not in state.description or decided_for(state.description, subgoal) is None:
        return False
    return not any(READING.search(event.observation) for event in state.history)


def focus_before_search(actions: Sequence[str], state: AgentState) -> tuple[str, ...]:
    """The candidates; under `focus_on(X)`, `focus on X` comes before a search for X.

    An executor that does not recognise X leaves the room or opens containers. The simulator rejects a
    focus on something that is not here, which costs no move. So it is tried once per sub-goal.

    Args:
        actions (`Sequence[str]`): candidates, best first.
        state (`AgentState`): holds the current sub-goal.
    """
    target = _FOCUS.fullmatch(state.subgoal)
    if not target or not actions or not actions[0].startswith(_SEARCH):
        return tuple(actions)
    focus = f"focus on {target[1]}"
    tried = any(event.action == focus for event in state.history[state.since :])
    return tuple(actions) if tried else (focus, *actions)


def guarded(actions: Sequence[str], state: AgentState) -> tuple[str, ...]:
    """The candidates in the order of `demote_loops`, after what `focus_before_search` tries first.

    Args:
        actions (`Sequence[str]`): candidates, best first.
        state (`AgentState`): holds the sub-goal, the room and the history.
    """
    demoted = demote_loops(actions, state)
    # A search that leads nowhere also shows that the executor does not recognise the object.
    searched = focus_before_search(actions, state)
    return demoted if searched == tuple(actions) else (searched[0], *demoted)
