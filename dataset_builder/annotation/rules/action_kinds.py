"""What each action of a path is, in one letter, and the names of what it acts on.

The rules annotator reads a path as a string of letters (`KINDS`), in which stretches of a plan are
found by regular expressions. Names come from the simulator's confirmation where it gives one ("You
focus on the water."), in the spelling that the room shows, never from the solver's random wording.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dataset_builder.simulator import look
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.trajectory import Step, Trajectory

KINDS = {
    "N": "moves to another room (a whole run of doors, walks and teleports)",
    "O": "opens a container for nothing that follows in this room",
    "p": "picks up something for the first time",
    "r": "takes something up again that was handled before",
    "d": "puts something down in the room",
    "m": "moves something into or onto something",
    "B": "moves an ingredient or a thing held into something by pouring",
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
    "0": "looks, fails, or goes nowhere, and nothing else is there to join",
}
"""The alphabet of the patterns in `dataset_builder.annotation.rules.annotator`."""

NOTHING = "0"
_PREPARATION, _LOOK, _OPENING = ">", "<", "o"  # these join a neighbour
_MOVES = re.compile(r"(?:q[q<>]*)?N(?:[Nq<>]*N)?")
_SILENT = re.compile(r"([<>o]*)([^<>o])<*|[<>o]+")

HEATERS = r"stove|blast furnace|oven|fire pit|hot plate|lighter"
COOLERS = r"freezer|fridge|ultra low temperature freezer"
POT = r"(?:self watering )?flower pot(?: \d+)?"
_PLACES = "|".join(("inventory", "agent", *ROOMS, "seed jar", r"flower pot \d+"))
_HINTS = re.compile(rf" (?:in|on) (?:the )?(?:{_PLACES})\b")

# Confirmations; taking a thing out of a circuit is mentioned first: "(disconnecting fork)You move".
_MOVED = r".*You move the (.+) to the (.+)\."
_TO_JAR = r".*You move the (.+) to the (seed jar)\."
_POURED = r"You pour the contents of the (.+) into the (.+)\."
_SWITCHED = r"The (.+) is (?:now|already) .+"
# Letter, action, and the confirmation that gives the names (None: the action's own words do).
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
    """One action, or a few that are one (a question and its answer, a walk through doors).

    Attributes:
        kind: a key of `KINDS`.
        names: what it acts on, as the room, the inventory or the confirmation calls it.
        step: the first action's step.
        start: index of its first action.
        stop: index after its last action.
        rooms: rooms entered, for a move to another room.
    """

    kind: str
    names: tuple[str, ...]
    step: Step
    start: int
    stop: int
    rooms: tuple[str, ...] = ()


def units_of(trajectory: Trajectory) -> list[ActionGroup]:
    """The path as units that cover its actions in order; looks and failures join a neighbour."""
    return _with_silent_joined(_with_moves_joined(list(_classified(trajectory)), trajectory))


def letters(units: Sequence[ActionGroup]) -> str:
    """The kinds of units as one string."""
    return "".join(unit.kind for unit in units)


def known_as(name: str, step: Step, description: str = "") -> str:
    """The spelling of a name that room, inventory or task text shows (`plane b` → `plane B`)."""
    name = re.sub(r" containing .*", "", _HINTS.sub("", name)).strip()
    for text in (step.look, step.inventory, description):
        found = re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text, re.IGNORECASE)
        if found:
            return found.group(0)
    return name


def contents(vessel: str, step: Step) -> list[str]:
    """What the room or the inventory says is in a vessel, before the action of `step`."""
    return look.contents(vessel, f"{step.inventory}\n{step.look}")


def clean(name: str) -> str:
    """A name as a sub-goal may carry it: no parenthesis, no comma, one line."""
    name = re.sub(r"\s*\(containing [^)]*\)?", "", name)
    return " ".join(re.sub(r"[(),]", " ", name).split()) or "thing"


def _classified(trajectory: Trajectory) -> Iterator[ActionGroup]:
    """One unit per action; a question and its answer are one."""
    steps = trajectory.steps
    handled: set[str] = set()
    target = ""
    index = 0
    while index < len(steps):
        step, stop = steps[index], index + 1
        answer = step.observation
        if answer.startswith("Ambiguous request") and stop < len(steps) and steps[stop].action.isdigit():
            answer = steps[stop].observation
            stop += 1
        kind, names = _kind(step, answer, trajectory.description)
        if kind == "p":
            # The solver now and then picks up what it holds.
            kind = _PREPARATION if _held(names[0], step) else "r" if names[0] in handled else "p"
        if kind in "pmHCSBG":
            handled.update(names)
        aim = step.action.rpartition(" to ")[2]
        if kind not in _PREPARATION + _LOOK:
            target = aim
        elif kind == _PREPARATION and aim == target:
            kind = _LOOK  # another try at what came before
        yield ActionGroup(kind, names, step, index, stop)
        index = stop


def _held(name: str, step: Step) -> bool:
    line = rf"^\t(?:an? |the )?{re.escape(name)}(?: \(.*)?$"
    return re.search(line, step.inventory, re.MULTILINE) is not None


def _kind(step: Step, answer: str, description: str) -> tuple[str, tuple[str, ...]]:
    """Letter and names of an action."""
    rejected = _REJECTED.match(answer) is not None
    for kind, words, confirmation in _FORMS:
        said = re.fullmatch(words, step.action)
        if said is None:
            continue
        if kind in (_LOOK, "N", "q"):
            return kind, ()
        if rejected:
            return _PREPARATION, ()
        meant = re.match(confirmation, answer) if confirmation else None
        if meant is None and confirmation == _TO_JAR:
            continue
        names = tuple(known_as(name, step, description) for name in (meant or said).groups() if name)
        if meant and len(said.groups()) == len(names):
            names = tuple(map(_fuller, names, said.groups(), [step] * len(names)))
        if kind == "c" and any(name in description for name in names):
            kind = "y" if "conductive" in description else "c"
        if kind == "I":  # the confirmation knows only "the inclined plane"
            names = (names[0], known_as(said.group(2), step, description))
        return kind, names
    if rejected or step.action.isdigit() or not step.action.strip():
        return _PREPARATION, ()
    return "v", tuple(step.action.split(maxsplit=1)[1:])


def _fuller(name: str, said: str, step: Step) -> str:
    """What was said, where the room shows that and the confirmation is shorter ("turtle" of "turtle egg")."""
    shown = f"{step.look}\n{step.inventory}"
    return said if name != said and re.search(rf"\b{re.escape(name)}\b", said) and said in shown else name


def _with_moves_joined(units: Sequence[ActionGroup], trajectory: Trajectory) -> list[ActionGroup]:
    """Each run of doors, walks and teleports made one unit.

    A gardener who teleports to two places in turn wanted to see the first: those stay two.
    """
    joined: list[ActionGroup] = []
    position = 0
    gardening = re.search(r"\bto grow a", trajectory.description)
    for run in _MOVES.finditer(letters(units)):
        joined += units[position : run.start()]
        moves = units[run.start() : run.end()]
        apart = gardening and all(unit.step.action.startswith("teleport") for unit in moves)
        joined += [_move([unit], trajectory) for unit in moves] if apart else [_move(moves, trajectory)]
        position = run.end()
    return [*joined, *units[position:]]


def _move(run: Sequence[ActionGroup], trajectory: Trajectory) -> ActionGroup:
    """A run as one unit; one that enters no room is only a preparation."""
    steps = trajectory.steps
    rooms = []
    for index in range(run[0].start, run[-1].stop):
        if index + 1 < len(steps):
            after = room_of(steps[index + 1].look)
        else:
            arrived = re.fullmatch(r"You (?:move|teleport) to the (.+)\.", steps[index].observation)
            after = arrived.group(1) if arrived else ""
        if after and after != room_of(steps[index].look):
            rooms.append(after)
    kind = "N" if rooms else _PREPARATION
    return ActionGroup(kind, tuple(rooms[-1:]), run[0].step, run[0].start, run[-1].stop, tuple(rooms))


def _with_silent_joined(units: Sequence[ActionGroup]) -> list[ActionGroup]:
    """Looks join what came before, failures and opened containers what comes next."""
    joined: list[ActionGroup] = []
    for match in _SILENT.finditer(letters(units)):
        before, main = match.group(1), match.group(2)
        group = units[match.start() : match.end()]
        if main is None:  # the path ends with these
            if joined and _OPENING not in match.group(0):
                joined[-1] = replace(joined[-1], stop=group[-1].stop)
            else:
                joined.append(_opened(group))
            continue
        if _OPENING in before and main == "N":  # nothing was taken out before leaving
            joined.append(_opened(group[: len(before)]))
            group, before = group[len(before) :], ""
        joined.append(replace(group[len(before)], start=group[0].start, stop=group[-1].stop))
    return joined


def _opened(group: Sequence[ActionGroup]) -> ActionGroup:
    """Preparations that nothing followed, as one unit."""
    opened = [unit for unit in group if unit.kind == _OPENING]
    last = replace(opened[-1], kind="O") if opened else replace(group[-1], kind=NOTHING, names=())
    return replace(last, start=group[0].start, stop=group[-1].stop)
