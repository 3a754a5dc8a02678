"""The text a model reads: the only place where an `AgentState` becomes text.

Training replays trajectories and playing follows the simulator, and both call `model_input`, so that a model
only sees the format of its training. A version names the format; it is stored in the corpus
and in each checkpoint, and a pair of checkpoints of different versions is refused.

- `paper-1`: the fields and order of the code released with arXiv 2405.02749, ten past actions with their
  observations, for FLAN-T5 with 1,024 input tokens. Actions keep the simulator's wording.
- `compact-1`: a shorter text for small models. Observations that only confirm an action are omitted,
  descriptions lose their filler words, repeated actions are counted.
- `compact-2`: compact-1 with the agent's notebook at its end, `readings: …`, unless it is empty (see
  `dataset_builder.trajectories.notebook`).
"""

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.look import AMBIGUOUS, room_of, split_look
from dataset_builder.trajectories.agent_state import AgentState, Event
from dataset_builder.trajectories.notebook import notebook

ROLES = ("controller", "executor", "flat")
"""What a model does: state → sub-goal; state and sub-goal → action; state → action."""

DEFAULT_VERSION = "compact-2"

READINGS = "readings: "
"""Beginning of the notebook's field."""


def model_input(role: str, state: AgentState, version: str = DEFAULT_VERSION) -> str:
    """The input text of a model in a role.

    Args:
        role (`str`): one of `ROLES`.
        state (`AgentState`): for the executor, with the current sub-goal already set.
        version (`str`, *optional*, defaults to `"compact-2"`): one of `VERSIONS`.

    Raises:
        UsageError: for an unknown role or version.
    """
    if role not in ROLES:
        raise UsageError(f"Unknown role {role!r}: use one of {', '.join(ROLES)}.")
    compose, window = VERSIONS[check_version(version)]
    return compose(role, state, window)


def check_version(version: str) -> str:
    """The full name of a state-text version (`compact` means the newest `compact-N`).

    Raises:
        UsageError: if there is no such version.
    """
    if version in VERSIONS:
        return version
    newest = [name for name in VERSIONS if name.rpartition("-")[0] == version]
    if not newest:
        raise UsageError(f"Unknown state-text version {version!r}: use {', '.join(VERSIONS)}.")
    return newest[-1]


# --- paper-1 ---------------------------------------------------------------------------------------


def _paper(role: str, state: AgentState, window: int) -> str:
    parts = [f"{_one_line(state.description)} </s> Time: {state.step}; Score: {state.score_points}; </s> "]
    if role != "flat":
        if state.finished:
            parts.append(f". Completed subtasks are: {', '.join(state.finished)}")
        else:
            parts.append(". No completed subtasks")
        if state.subgoal:
            parts.append(f". The current subtask is {state.subgoal}")
    parts.append("Action history: </s>")
    events = state.history[-window:] if window else []
    for index, event in enumerate(events):
        mark = f"<extra_id_{window - index}>"
        parts.append(f" {mark} {event.action} (+{event.reward}) --> {_one_line(event.observation)} | ")
    parts.append(f" </s> Current environment: {_one_line(state.look)} </s> ")
    parts.append(f"Current inventory: {_one_line(state.inventory)} </s> ")
    if state.visited:
        parts.append(f"Visited rooms: {', '.join(state.visited)} </s> ")
    wanted = "subtask" if role == "controller" else "action"
    parts.append(f" What {wanted} should you do next? </s> ")
    text = "".join(parts)
    return text.replace("(that is open)", "").replace("(containing nothing)", "")


def _one_line(text: str) -> str:
    return text.replace("\n\t", " | ").replace("\n", " | ").replace("\t", " | ")


# --- compact-1 -------------------------------------------------------------------------------------

_CONFIRMATION = re.compile(
    r"You (move|focus on|pour|teleport|decide to wait|dunk|drop|eat)\b"
    r"|The .* (is now|is already) (activated|deactivated|open|closed)\."
    r"|.* is now connected to "
)
# Applied in this order to looks, inventories and observations.
_SHORTER = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"In your inventory, you see:", ""),
        (r" \(that is open\)| \(containing nothing\)", ""),
        (r"\ba substance called ", ""),
        (r", which is (?:turned off|off|deactivated)\b", " (off)"),
        (r", which is (?:turned on|on|activated)\b", " (on)"),
        (r"\. The [a-z ]+ door is closed\.", " (closed)"),
        (r"\. The [a-z ]+ door is open\.", " (open)"),
        (r"(?:[,.]?) (?:In|On) the [a-z ]+ is: nothing\.?", ""),
        (r"(?:[,.]?) (?:In|On) the [a-z ]+ is: ([^\n]*?)\.(?=[\n.]|$)", r" [\1]"),
        (r"\(containing ", "("),
        (r", currently reading a temperature of (-?\d+) degrees celsius", r" (\1 degrees)"),
        (r"\bthe thermometer measures a temperature of (-?\d+) degrees celsius", r"\1 degrees"),
        (r"(^|[\n\t(\[]|, )(?:an?|the|A) (?=[a-z0-9])", r"\1"),
    )
]
_UNSEEN = {"agent", "air", ""}
_MAX_ANSWER = 200
_MAX_FINISHED = 10


def _compact(role: str, state: AgentState, window: int) -> str:
    things, exits = _objects(state.look)
    fields = [
        f"task: {_task(state.description)}",
        f"room: {room_of(state.look)}",
        f"see: {', '.join(things)}",
        f"exits: {', '.join(exits)}",
        f"carry: {', '.join(_lines(state.inventory))}",
        f"been: {', '.join(state.visited)}",
        f"past: {_past(state.history, window)}",
    ]
    if role != "flat":
        fields.append(f"done: {' ; '.join(state.finished[-_MAX_FINISHED:])}")
        fields.append(f"goal: {state.subgoal}")
    return " | ".join(fields)


def _task(description: str) -> str:
    text = description.removeprefix("Task Description:").strip()
    return _one_line(text.removeprefix("Your task is to ")).replace("  ", " ")


def _shorten(text: str) -> str:
    for pattern, replacement in _SHORTER:
        text = pattern.sub(replacement, text)
    return text.replace("  ", " ")


def _lines(text: str) -> list[str]:
    rows = (row.strip().rstrip(".").strip() for row in _shorten(text).split("\n"))
    return [row for row in rows if row not in _UNSEEN]


def _objects(look: str) -> tuple[list[str], list[str]]:
    """Things in sight and rooms next door (closed doors are marked)."""
    inside, doors = split_look(look)
    exits = [row.strip().removeprefix("A door to the ") for row in doors.split("\n") if row.strip()]
    exits = [row.replace(" (that is open)", "").replace("that is closed", "closed") for row in exits]
    return _lines(inside), exits


def _past(history: Sequence[Event], window: int) -> str:
    rows = []
    for action, run in groupby(history, key=lambda event: event.action):
        events = list(run)
        times = f" x{len(events)}" if len(events) > 1 else ""
        answer = _answer(events[-1].observation)
        rows.append(f"{action}{times}" + (f" -> {answer}" if answer else ""))
    return " ; ".join(rows[-window:] if window else [])


def _answer(observation: str) -> str:
    """The part of an observation that says more than that the action succeeded."""
    if _CONFIRMATION.match(observation):
        return ""
    if observation.startswith(AMBIGUOUS):
        return "which one?"
    if observation.startswith("No known action"):
        return "not understood"
    if room_of(observation):
        return ""
    return _one_line(_shorten(observation)).strip()[:_MAX_ANSWER]


# --- compact-2 -------------------------------------------------------------------------------------


def _compact_with_notebook(role: str, state: AgentState, window: int) -> str:
    text = _compact(role, state, window)
    entries = notebook(state.description, state.history)
    return f"{text} | {READINGS}{' ; '.join(entries)}" if entries else text


VERSIONS: dict[str, tuple[Callable[[str, AgentState, int], str], int]] = {
    "paper-1": (_paper, 10),
    "compact-1": (_compact, 10),
    "compact-2": (_compact_with_notebook, 10),
}
"""Name → (composer, past actions shown)."""

WITH_NOTEBOOK = frozenset({"compact-2"})
"""Versions whose text ends with the notebook."""
