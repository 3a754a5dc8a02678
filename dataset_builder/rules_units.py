"""What each action of a path is, in one letter, and the names of what it acts on.

The rules annotator reads a path as a string of letters (`KINDS`), in which stretches of a plan are
found by regular expressions. Names come from the simulator's confirmation where it gives one ("You
focus on the water."), in the spelling that the room shows, never from the solver's random wording.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dataset_builder.state import room_of
from dataset_builder.trajectory import Step, Trajectory

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
    "v": "anything else that the simulator accepted",
}
"""The alphabet of the patterns in `dataset_builder.rules`."""

_SILENT_BEFORE, _SILENT_AFTER, _OPEN, _CLOSE_DOOR = ">", "<", "o", "Q"

HEATERS = r"stove|blast furnace|oven|fire pit|hot plate|lighter"
COOLERS = r"freezer|fridge|ultra low temperature freezer"
POT = r"(?:self watering )?flower pot(?: \d+)?"
_HINT = r" (?:in|on) (?:the )?(?:inventory|agent|art studio|bathroom|bedroom|foundry|greenhouse|hallway"
_HINTS = re.compile(_HINT + r"|kitchen|living room|outside|workshop|seed jar|flower pot \d+)\b")

# Letter, action, and the confirmation that gives the names (None: the action's own words do).
_FORMS: tuple[tuple[str, str, str | None], ...] = (
    ("N", r"(?:go|teleport) to (.+)", None),
    ("N", r"open (?:the )?door to (.+)|open .+ door", None),
    (_CLOSE_DOOR, r"close (?:the )?door to (.+)", None),
    ("b", r"open (?:the )?(bee hive)", None),
    (_OPEN, r"open (?:the )?(.+)", r"The (.+) is (?:now|already) open"),
    ("f", r"focus on (.+)", r"You focus on the (.+)\."),
    ("p", r"pick up (.+)", r"You move the (.+) to the inventory\."),
    ("d", r"drop (.+)", r"You move the (.+) to the .+\."),
    ("I", r"move (.+) to (inclined plane.*)", None),
    ("E", rf"move (soil.*) to ({POT})", r".*You move the (.+) to the (.+)\."),
    ("G", rf"move (.+) to ({POT})", r".*You move the (.+) to the (.+)\."),
    ("M", r"move (.+) to (.+)", r".*You move the (.+ seed) to the (.*(?:jar|cup|bowl).*)\."),
    ("H", rf"move (.+) to (?:the )?({HEATERS})", r".*You move the (.+) to the (.+)\."),
    ("C", rf"move (.+) to (?:the )?({COOLERS})", r".*You move the (.+) to the (.+)\."),
    ("S", r"move (.+) to (?:the )?(sink)", r".*You move the (.+) to the (.+)\."),
    ("m", r"(?:move|put) (.+) (?:to|in|into|on|onto) (.+)", r".*You move the (.+) to the (.+)\."),
    ("U", rf"pour (.+) (?:into|in) ({POT})", r"You pour the contents of the (.+) into the (.+)\."),
    ("B", r"(?:pour|dunk) (.+) (?:into|in) (.+)", r"You pour the contents of the (.+) into the (.+)\."),
    ("A", rf"(?:activate|turn on) (?:the )?({HEATERS})", None),
    ("K", r"(?:activate|turn on) (?:the )?(sink)", None),
    ("k", r"(?:deactivate|turn off) (?:the )?(sink)", None),
    ("a", r"(?:activate|turn on) (.+)", r"The (.+) is (?:now|already) .+"),
    ("z", r"(?:deactivate|turn off) (.+)", r"The (.+) is (?:now|already) .+"),
    ("t", r"use thermometer.* on (.+)", None),
    ("D", r"use shovel.* on (.+)", None),
    ("w", r"wait\d*", None),
    ("c", r"connect (.+) to (.+)", r"(.+) on (.+) is now connected to (.+) on (.+)"),
    ("x", r"mix (.+)", None),
    ("R", r"read (.+)", None),
    (_SILENT_AFTER, r"(?:look|examine|inventory|task|objects|feel|smell)\b.*", None),
)
_REJECTED = re.compile(r"No known action|Unknown action|Ambiguous request|You can't|I'm not sure")


@dataclass(frozen=True)
class Unit:
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


def units_of(trajectory: Trajectory) -> list[Unit]:
    """The path as units that cover its actions in order; looks and failures join a neighbour."""
    raw = list(_classified(trajectory))
    raw = _with_moves_joined(raw, trajectory)
    return _with_silent_joined(raw)


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
    text = f"{step.inventory}\n{step.look}"
    for match in re.finditer(rf"(?:\b(?:an?|the) |\t){re.escape(vessel)} \(containing (.*?)\)(?=[\n,.]|$)", text, re.MULTILINE):
        parts = [_bare(part) for part in re.split(r", (?![^(]*\))", match.group(1))]
        if parts != ["nothing"]:
            return [part for part in parts if part]
    return []


def clean(name: str) -> str:
    """A name as a sub-goal may carry it: no parenthesis, no comma, one line."""
    name = re.sub(r"\s*\([^)]*\)?", "", name)
    return " ".join(re.sub(r"[(),]", " ", name).split()) or "thing"


def _bare(name: str) -> str:
    return re.sub(r"^(?:a substance called |an? |the |some )", "", name.strip())


def _classified(trajectory: Trajectory) -> Iterator[Unit]:
    """One unit per action; a question and its answer are one."""
    steps = trajectory.steps
    handled: set[str] = set()
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
            kind = _SILENT_BEFORE if _held(names[0], step) else "r" if names[0] in handled else "p"
        if kind in "pmHCSBG":
            handled.update(names)
        yield Unit(kind, names, step, index, stop)
        index = stop


def _held(name: str, step: Step) -> bool:
    return re.search(rf"^\t(?:an? |the )?{re.escape(name)}(?: \(.*)?$", step.inventory, re.MULTILINE) is not None


def _kind(step: Step, answer: str, description: str) -> tuple[str, tuple[str, ...]]:
    """Letter and names of an action."""
    for kind, words, confirmation in _FORMS:
        said = re.fullmatch(words, step.action)
        if not said:
            continue
        if kind in (_SILENT_AFTER, "N", _CLOSE_DOOR):
            return kind, tuple(filter(None, said.groups()))
        if _REJECTED.match(answer):
            return _SILENT_BEFORE, ()
        if kind == "I":
            block = re.search(r"You move the (.+) to the inclined plane", answer)
            names = (block.group(1) if block else said.group(1), said.group(2))
            return kind, tuple(known_as(name, step, description) for name in names)
        meant = re.match(confirmation, answer) if confirmation else None
        if kind == "M" and not meant:
            continue
        if kind == "c" and meant:
            parts = (meant.group(2), meant.group(4))
            tested = "conductive" in description and any(part in description for part in parts)
            return ("y" if tested else "c"), parts
        names = (meant or said).groups()
        return kind, tuple(known_as(name, step, description) for name in names)
    if _REJECTED.match(answer) or step.action.isdigit() or not step.action.strip():
        return _SILENT_BEFORE, ()
    verb, _, rest = step.action.partition(" ")
    return "v", (verb, rest) if rest else (verb,)


def _with_moves_joined(units: Sequence[Unit], trajectory: Trajectory) -> list[Unit]:
    """Each run of doors, walks and teleports made one unit; a run that goes nowhere is silent."""
    joined: list[Unit] = []
    index = 0
    while index < len(units):
        stop = index
        last_move = index
        while stop < len(units) and units[stop].kind in ("N", _CLOSE_DOOR, _SILENT_AFTER, _SILENT_BEFORE):
            last_move = stop if units[stop].kind == "N" else last_move
            stop += 1
        if units[index].kind not in ("N", _CLOSE_DOOR) or not any(
            unit.kind == "N" for unit in units[index:stop]
        ):
            unit = units[index]
            joined.append(replace(unit, kind="q") if unit.kind == _CLOSE_DOOR else unit)
            index += 1
            continue
        run = units[index : last_move + 1]
        joined.append(_move(run, trajectory))
        index = last_move + 1
    return joined


def _move(run: Sequence[Unit], trajectory: Trajectory) -> Unit:
    steps = trajectory.steps
    rooms = []
    for index in range(run[0].start, run[-1].stop):
        before = room_of(steps[index].look)
        after = room_of(steps[index + 1].look) if index + 1 < len(steps) else ""
        if not after and re.match(r"(?:go|teleport) to ", steps[index].action):
            after = steps[index].action.split(" to ", 1)[1]
        if after and after != before:
            rooms.append(after)
    kind = "N" if rooms else _SILENT_BEFORE
    return Unit(kind, (rooms[-1],) if rooms else (), run[0].step, run[0].start, run[-1].stop, tuple(rooms))


def _with_silent_joined(units: Sequence[Unit]) -> list[Unit]:
    """Looks join what came before, failures and opened containers what comes next."""
    joined: list[Unit] = []
    start: int | None = None
    opened: Unit | None = None
    for unit in units:
        if unit.kind == _SILENT_AFTER and joined and start is None:
            joined[-1] = replace(joined[-1], stop=unit.stop)
            continue
        if unit.kind in (_SILENT_AFTER, _SILENT_BEFORE, _OPEN):
            start = unit.start if start is None else start
            opened = unit if unit.kind == _OPEN else opened
            continue
        if start is not None and opened and unit.kind == "N":
            joined.append(replace(opened, kind="O", start=start, stop=unit.start))
            start = None
        joined.append(unit if start is None else replace(unit, start=start))
        start = opened = None
    if start is not None and units:
        stop = units[-1].stop
        if opened or not joined:
            last = opened or units[-1]
            joined.append(replace(last, kind="O" if opened else "v", start=start, stop=stop))
        else:
            joined[-1] = replace(joined[-1], stop=stop)
    return joined
