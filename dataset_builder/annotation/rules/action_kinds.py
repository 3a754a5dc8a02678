"""The kind of each action of a path, as one letter, and the names of the things that it acts on.

The rules annotator turns a path into a string of letters (`KINDS`) and finds the segments with regular
expressions. Names come from the simulator's confirmation where there is one ("You focus on the water."),
spelled as the room shows them, because the solver words its actions at random.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dataset_builder.simulator import look
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.trajectory import Step, Trajectory

KINDS = {
    "N": "moves to another room (consecutive doors, walks and teleports)",
    "O": "opens a container from which nothing is taken before the agent leaves the room",
    "p": "picks up something for the first time",
    "r": "picks up something that was handled before",
    "d": "puts something down in the room",
    "m": "moves something into or onto something",
    "B": "pours something into something",
    "H": "moves something onto a heater",
    "A": "switches a heater on",
    "C": "moves something into a cooler",
    "S": "moves a vessel under the tap",
    "K": "turns the tap on",
    "k": "turns the tap off",
    "U": "pours into a flower pot",
    "E": "moves soil into a flower pot",
    "G": "moves a seed into a flower pot",
    "M": "moves a seed into a jar",
    "D": "digs",
    "I": "moves something onto an inclined plane",
    "f": "focuses",
    "t": "reads a thermometer",
    "w": "waits",
    "c": "connects parts of a circuit",
    "y": "connects the thing under test",
    "a": "switches something on",
    "z": "switches something off",
    "x": "mixes",
    "R": "reads a text",
    "q": "closes a door to keep a room shut",
    "b": "opens the bee hive",
    "v": "does anything else that the simulator accepts",
    "0": "looks, is rejected or has no effect, with no neighbouring action to join",
}
"""The alphabet of the patterns in `dataset_builder.annotation.rules.annotator`."""

NOTHING = "0"
# Temporary kinds, which `_with_silent_joined` merges with the next or the previous action.
_PREPARATION, _LOOK, _OPENING = ">", "<", "o"
_MOVES = re.compile(r"(?:q[q<>]*)?N(?:[Nq<>]*N)?")
_SILENT = re.compile(r"([<>o]*)([^<>o])<*|[<>o]+")

HEATERS = r"stove|blast furnace|oven|fire pit|hot plate|lighter"
COOLERS = r"freezer|fridge|ultra low temperature freezer"
POT = r"(?:self watering )?flower pot(?: \d+)?"
_LOCATIONS = "|".join(("inventory", "agent", *ROOMS, "seed jar", r"flower pot \d+"))
_HINTS = re.compile(rf" (?:in|on) (?:the )?(?:{_LOCATIONS})\b")

# Confirmations may begin with a side effect: "(disconnecting fork)You move the fork to the inventory."
_MOVED = r".*You move the (.+) to the (.+)\."
_TO_JAR = r".*You move the (.+) to the (seed jar)\."
_POURED = r"You pour the contents of the (.+) into the (.+)\."
_SWITCHED = r"The (.+) is (?:now|already) .+"
# Kind, pattern of the action, and pattern of the confirmation that gives the names (None: the action's
# groups give them). The first row that matches decides.
_FORMS: tuple[tuple[str, str, str | None], ...] = (
    ("N", r"(?:go|teleport) to (.+)", None),
    ("N", r"open (?:the )?door to (.+)|open .+ door", None),
    ("q", r"close (?:the )?door to (.+)", None),
    ("b", r"open (?:the )?(bee hive)", None),
    (_OPENING, r"open (?:the )?(.+)", r"The (.+) is (?:now|already) open"),
    ("f", r"focus on (.+)", r"You focus on the (.+)\."),
    ("p", r"pick up (.+)", r"You move the (.+) to the inventory\."),
    ("d", r"drop (.+)", r"You move the (.+) to the .+\."),
    ("I", r"move (.+) to (inclined plane.*)", _MOVED),
    ("E", rf"move (soil.*) to ({POT})", _MOVED),
    ("G", rf"move (.+) to ({POT})", _MOVED),
    ("M", r"move (.+) to (.+)", _TO_JAR),
    ("H", rf"move (.+) to (?:the )?({HEATERS})", _MOVED),
    ("C", rf"move (.+) to (?:the )?({COOLERS})", _MOVED),
    ("S", r"move (.+) to (?:the )?(sink)", _MOVED),
    ("m", r"(?:move|put) (.+) (?:to|in|into|on|onto) (.+)", _MOVED),
    ("U", rf"pour (.+) (?:into|in) ({POT})", _POURED),
    ("B", r"(?:pour|dunk) (.+) (?:into|in) (.+)", _POURED),
    ("A", rf"(?:activate|turn on) (?:the )?({HEATERS})", None),
    ("K", r"(?:activate|turn on) (?:the )?(sink)", None),
    ("k", r"(?:deactivate|turn off) (?:the )?(sink)", None),
    ("a", r"(?:activate|turn on) (.+)", _SWITCHED),
    ("z", r"(?:deactivate|turn off) (.+)", _SWITCHED),
    ("t", r"use thermometer.* on (.+)", None),
    ("D", r"use shovel.* on (.+)", None),
    ("w", r"wait\d*", None),
    ("c", r"connect (.+) to (.+)", r".+ on (.+) is now connected to .+ on (.+)"),
    ("x", r"mix (.+)", None),
    ("R", r"read (.+)", None),
    (_LOOK, r"(?:look|examine|inventory|task|objects|feel|smell)\b.*", None),
)
_REJECTED = re.compile(r"No known action|Unknown action|Ambiguous request|You can't|I'm not sure")


@dataclass(frozen=True)
class ActionGroup:
    """One or several consecutive actions of one kind, such as a request and the answer to its question.

    Attributes:
        kind: a key of `KINDS`.
        names: what it acts on, as the room, the inventory or the confirmation calls it.
        step: the step of the first action.
        start: index of the first action.
        stop: index after the last action.
        rooms: for kind `N`, the rooms that the agent enters, in order.

    Example:

    ```python
    [(group.kind, group.names) for group in action_groups(trajectory)]
    # [("N", ("kitchen",)), ("p", ("thermometer",)), ("f", ("water",))]
    ```
    """

    kind: str
    names: tuple[str, ...]
    step: Step
    start: int
    stop: int
    rooms: tuple[str, ...] = ()


def action_groups(trajectory: Trajectory) -> list[ActionGroup]:
    """Groups that cover the path's actions in order.

    Looks join the group before them, rejected actions and opened containers the group after them.
    """
    return _with_silent_joined(_with_moves_joined(list(_classified(trajectory)), trajectory))


def letters(groups: Sequence[ActionGroup]) -> str:
    """The kinds of the groups as one string."""
    return "".join(group.kind for group in groups)


def known_as(name: str, step: Step, description: str = "") -> str:
    """A name as the room, the inventory or the task text spells it: `plane b` → `plane B`."""
    name = re.sub(r" containing .*", "", _HINTS.sub("", name)).strip()
    for text in (step.look, step.inventory, description):
        match = re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text, re.IGNORECASE)
        if match:
            return match.group(0)
    return name


def contents(vessel: str, step: Step) -> list[str]:
    """Names of what the room or the inventory shows in a vessel before the action of `step`."""
    return look.contents(vessel, f"{step.inventory}\n{step.look}")


def clean(name: str) -> str:
    """A name as an argument of a sub-goal: one line without parentheses and commas."""
    name = re.sub(r"\s*\(containing [^)]*\)?", "", name)
    return " ".join(re.sub(r"[(),]", " ", name).split()) or "thing"


def _classified(trajectory: Trajectory) -> Iterator[ActionGroup]:
    """One group per action; a request and the number that answers its question form one."""
    steps = trajectory.steps
    handled: set[str] = set()
    last_target = ""
    index = 0
    while index < len(steps):
        step, stop = steps[index], index + 1
        answer = step.observation
        if answer.startswith("Ambiguous request") and stop < len(steps) and steps[stop].action.isdigit():
            answer = steps[stop].observation
            stop += 1
        kind, names = _kind_and_names(step, answer, trajectory.description)
        if kind == "p":
            # The solver sometimes picks up what it already holds.
            kind = _PREPARATION if _is_held(names[0], step) else "r" if names[0] in handled else "p"
        if kind in "pmHCSBG":
            handled.update(names)
        target = step.action.rpartition(" to ")[2]
        if kind not in _PREPARATION + _LOOK:
            last_target = target
        elif kind == _PREPARATION and target == last_target:
            kind = _LOOK  # a rejected variant of the action before belongs to that action
        yield ActionGroup(kind, names, step, index, stop)
        index = stop


def _is_held(name: str, step: Step) -> bool:
    line = rf"^\t(?:an? |the )?{re.escape(name)}(?: \(.*)?$"
    return re.search(line, step.inventory, re.MULTILINE) is not None


def _kind_and_names(step: Step, answer: str, description: str) -> tuple[str, tuple[str, ...]]:
    """The kind of an action, which may be a temporary one, and the names of what it acts on."""
    rejected = _REJECTED.match(answer) is not None
    form = _matching_form(step.action, answer)
    if form is None:
        if rejected or step.action.isdigit() or not step.action.strip():
            return _PREPARATION, ()
        return "v", tuple(step.action.split(maxsplit=1)[1:])
    kind, worded, confirmed = form
    if kind in (_LOOK, "N", "q"):
        return kind, ()
    if rejected:
        return _PREPARATION, ()
    names = _names(kind, worded, confirmed, step, description)
    tested = kind == "c" and "conductive" in description and any(name in description for name in names)
    return ("y" if tested else kind), names


def _matching_form(action: str, answer: str) -> tuple[str, re.Match[str], re.Match[str] | None] | None:
    """Kind, match of the action and match of the confirmation, by the first row of `_FORMS` that fits."""
    for kind, pattern, confirmation in _FORMS:
        worded = re.fullmatch(pattern, action)
        if worded is None:
            continue
        confirmed = re.match(confirmation, answer) if confirmation else None
        if confirmed or kind != "M":  # whether a move ends in the jar is known from its confirmation alone
            return kind, worded, confirmed
    return None


def _names(
    kind: str, worded: re.Match[str], confirmed: re.Match[str] | None, step: Step, description: str
) -> tuple[str, ...]:
    names = tuple(known_as(name, step, description) for name in (confirmed or worded).groups() if name)
    if confirmed and len(worded.groups()) == len(names):
        pairs = zip(names, worded.groups(), strict=True)
        names = tuple(_longer_name(name, phrase, step) for name, phrase in pairs)
    if kind == "I":  # the confirmation says only "the inclined plane"
        names = (names[0], known_as(worded.group(2), step, description))
    return names


def _longer_name(name: str, phrase: str, step: Step) -> str:
    """The action's phrase if it extends the confirmed name and is shown ("turtle egg" for "turtle")."""
    shown = f"{step.look}\n{step.inventory}"
    extends = name != phrase and re.search(rf"\b{re.escape(name)}\b", phrase)
    return phrase if extends and phrase in shown else name


def _with_moves_joined(groups: Sequence[ActionGroup], trajectory: Trajectory) -> list[ActionGroup]:
    """Joins consecutive doors, walks and teleports.

    When a plant is grown, two consecutive teleports stay apart: the first one serves to see that room.
    """
    joined: list[ActionGroup] = []
    position = 0
    gardening = re.search(r"\bto grow a", trajectory.description)
    for match in _MOVES.finditer(letters(groups)):
        joined += groups[position : match.start()]
        moves = groups[match.start() : match.end()]
        apart = gardening and all(move.step.action.startswith("teleport") for move in moves)
        joined += [_move([move], trajectory) for move in moves] if apart else [_move(moves, trajectory)]
        position = match.end()
    return [*joined, *groups[position:]]


def _move(moves: Sequence[ActionGroup], trajectory: Trajectory) -> ActionGroup:
    """Consecutive moves as one group, which is a preparation if the agent enters no room."""
    steps = trajectory.steps
    rooms = []
    for index in range(moves[0].start, moves[-1].stop):
        if index + 1 < len(steps):
            after = room_of(steps[index + 1].look)
        else:
            arrived = re.fullmatch(r"You (?:move|teleport) to the (.+)\.", steps[index].observation)
            after = arrived.group(1) if arrived else ""
        if after and after != room_of(steps[index].look):
            rooms.append(after)
    kind = "N" if rooms else _PREPARATION
    return ActionGroup(kind, tuple(rooms[-1:]), moves[0].step, moves[0].start, moves[-1].stop, tuple(rooms))


def _with_silent_joined(groups: Sequence[ActionGroup]) -> list[ActionGroup]:
    """Joins looks with the group before, rejected actions and opened containers with the group after."""
    joined: list[ActionGroup] = []
    for match in _SILENT.finditer(letters(groups)):
        before, main = match.group(1), match.group(2)
        matched = groups[match.start() : match.end()]
        if main is None:  # the path ends with these
            if joined and _OPENING not in match.group(0):
                joined[-1] = replace(joined[-1], stop=matched[-1].stop)
            else:
                joined.append(_opened(matched))
            continue
        if _OPENING in before and main == "N":  # the agent leaves without having taken anything out
            joined.append(_opened(matched[: len(before)]))
            matched, before = matched[len(before) :], ""
        joined.append(replace(matched[len(before)], start=matched[0].start, stop=matched[-1].stop))
    return joined


def _opened(groups: Sequence[ActionGroup]) -> ActionGroup:
    """Preparations without an action that they prepare, as one group."""
    opened = [group for group in groups if group.kind == _OPENING]
    last = replace(opened[-1], kind="O") if opened else replace(groups[-1], kind=NOTHING, names=())
    return replace(last, start=groups[0].start, stop=groups[-1].stop)
