"""How the rules annotator names a stretch of a path: one function per kind of step.

Each takes the units of the stretch and what went before, and returns a sub-goal, or None where the
stretch only looks like that kind of step.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dataset_builder.rules_units import NOTHING, POT, Unit, clean, contents, known_as
from dataset_builder.state import room_of
from dataset_builder.subgoals import SubGoal

_ENDS = (("boil", "boiled"), ("melt", "melted"))
"""Verb of the task and the state that heating is for."""
_WIRE = re.compile(r"\bwire\b")
_VAGUE = ("plant", "living thing")
"""Words with which the simulator confirms a focus on any plant."""
_STAGE = re.compile(r" in the \w+ stage\b")


@dataclass
class Context:
    """What earlier actions tell about the meaning of later ones.

    Attributes:
        description: the task's text.
        awaited: what the next waits are for, `()` if unknown.
        subject: what was focused on, heated or cooled last.
        planted: species of the seed planted last.
        added: per vessel, what was put into it, in order.
        after: the unit that follows the stretch being named.
    """

    description: str
    awaited: tuple[str, ...] = ()
    subject: str = ""
    planted: str = ""
    added: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    after: Unit | None = None

    def has(self, words: str) -> bool:
        """Whether the task's text matches a pattern."""
        return re.search(words, self.description) is not None


Naming = Callable[[Sequence[Unit], Context], SubGoal | None]


def _goal(name: str, *arguments: str) -> SubGoal:
    return SubGoal(name, tuple(clean(argument) for argument in arguments))


# --- places and things -----------------------------------------------------------------------------


def navigate(units: Sequence[Unit], context: Context) -> SubGoal:
    """A walk to a room, or a search through rooms where the task does not tell the room."""
    rooms = units[0].rooms
    walk = [room_of(units[0].step.look), *rooms]
    stray = units[0].step.action.startswith("teleport") and len(rooms) > 1
    told = re.search(rf"\b{re.escape(rooms[-1])}\b", context.description) is not None
    searched = not told and (stray or len(set(walk)) < len(walk))
    wanted = _wanted(context) if searched else ""
    return _goal("find", wanted) if wanted else _goal("navigate_to", rooms[-1])


def _wanted(context: Context) -> str:
    """What a search is for, in the words of the task; `""` if the task does not tell."""
    found = context.after
    if found and found.kind in "SK":
        return "water"
    if found is None or found.kind not in "prfm":
        return ""
    if re.search(re.escape(found.names[0]), context.description, re.IGNORECASE):
        return found.names[0]
    sort = re.search(r"find a\(n\) ([a-z -]+)\.", context.description)
    return sort.group(1) if sort else ""


def pick_up(units: Sequence[Unit], context: Context) -> SubGoal:
    """Taking a thing, with whatever had to be opened for it."""
    return _goal("pick_up", units[-1].names[0])


def put_down(units: Sequence[Unit], context: Context) -> SubGoal:
    """Dropping a thing in the room."""
    return _goal("put_down", units[-1].names[0])


def put_in(units: Sequence[Unit], context: Context) -> SubGoal | None:
    """Taking a thing and moving or pouring it somewhere; None if two things are meant."""
    thing, target = units[-1].names[:2]
    taken = units[0].names[0] if len(units) > 1 else thing
    if taken != thing:
        return None
    if units[-1].kind == "B":
        thing = _poured(units[-1])
    context.added[target].append(thing)
    return _goal("put_in", thing, target)


def _poured(unit: Unit) -> str:
    """What a vessel held when it was poured out."""
    said = re.match(r"pour .+? containing (.+?) in(?:to)? ", unit.step.action)
    if said and " in " not in said.group(0).partition(" containing ")[0]:
        return known_as(said.group(1), unit.step)
    held = contents(unit.names[0], unit.step)
    return held[-1] if held else unit.names[0]


def carry(units: Sequence[Unit], context: Context) -> SubGoal:
    """Several things taken to another room; named after the one that is no wire and no lamp in focus."""
    taken = [unit.names[0] for unit in units if unit.kind in "pr"]
    main = [name for name in taken if not _WIRE.search(name) and name != context.subject]
    room = next(unit.names[0] for unit in units if unit.kind == "N")
    return _goal("carry", (main or taken)[0], room)


def search(units: Sequence[Unit], context: Context) -> SubGoal:
    """A container opened before leaving the room without having taken anything out."""
    return _goal("search", units[-1].names[0])


def focus(units: Sequence[Unit], context: Context) -> SubGoal:
    """The thing focused on, by the name that the room shows."""
    thing = units[-1].names[0]
    if thing in _VAGUE:
        thing = _plant_meant(units[-1]) or thing
    stage = _STAGE.search(units[-1].step.action)
    if stage and f"{thing}{stage.group(0)}" in units[-1].step.look:
        thing += stage.group(0)  # several of one name: the stage tells which
    context.subject = thing
    if context.has("life stages"):
        context.awaited = (thing, "grown")
    return _goal("focus_on", thing)


def _plant_meant(unit: Unit) -> str:
    """The plant in the pot that the action names, or the last words of the action that are shown."""
    pot = re.search(rf"{POT}$", unit.step.action)
    if pot:
        grown = [_STAGE.sub("", name) for name in contents(pot.group(0), unit.step)]
        return next((name for name in grown if name not in ("soil", "water")), "")
    words = unit.step.action.removeprefix("focus on ").split()
    phrases = (" ".join(words[first:]) for first in range(len(words)))
    return next((phrase for phrase in phrases if re.search(rf"\b{re.escape(phrase)}\b", unit.step.look)), "")


# --- matter ----------------------------------------------------------------------------------------


def fill_with_water(units: Sequence[Unit], context: Context) -> SubGoal:
    """A vessel held under the tap."""
    vessel = next(unit.names[0] for unit in units if unit.kind == "S")
    context.added[vessel].append("water")
    return _goal("fill", vessel, "water")


def thermal(units: Sequence[Unit], context: Context) -> SubGoal | None:
    """A substance put on a heater or into a cooler; None if the vessels do not match."""
    placed = next((unit for unit in units if unit.kind in "HC"), None)
    if placed is None:  # only switched on: whatever is on it
        heater = units[-1].names[0]
        return _goal("heat", context.subject, heater) if context.subject else None
    vessel, device = placed.names[:2]
    put = next((unit for unit in units if unit.kind in "mB"), None)
    taken = next((unit for unit in units if unit.kind in "pr"), None)
    if (put and put.names[1] != vessel) or (taken and taken.names[0] != vessel):
        return None
    if put:
        thing = _poured(put) if put.kind == "B" else put.names[0]
    else:
        held = contents(vessel, placed.step)
        thing = held[-1] if held else vessel
    context.subject = thing
    state = "frozen"
    if placed.kind == "H":
        state = next((end for verb, end in _ENDS if context.has(f"to {verb} ")), "changed")
    context.awaited = (thing, state)
    return _goal("heat" if placed.kind == "H" else "cool", thing, device)


def wait(units: Sequence[Unit], context: Context) -> SubGoal:
    """Waiting and measuring, named after what is waited for."""
    readings = [unit for unit in units if unit.kind == "t"]
    if readings and context.has("melting point") and context.awaited:
        return _goal("monitor_temperature", context.awaited[0])
    if readings and not context.awaited:
        thing = readings[0].names[0]
        vague = thing.startswith("substance") and context.subject
        return _goal("measure_temperature", context.subject if vague else thing)
    return _goal("wait_until", *context.awaited) if context.awaited else _goal("wait")


# --- circuits --------------------------------------------------------------------------------------


def circuit(units: Sequence[Unit], context: Context) -> SubGoal | None:
    """Connections of a circuit, from the first part that is no wire to the last."""
    if units[-1].kind == "w" and context.has("conductive"):
        return None  # there the waiting is part of the test
    parts = [name for unit in units if unit.kind == "c" for name in unit.names if not _WIRE.search(name)]
    return _goal("build_circuit", *dict.fromkeys([*parts[:1], *parts[-1:]]))


def conductivity(units: Sequence[Unit], context: Context) -> SubGoal | None:
    """The thing under test connected, and the lamp watched."""
    return _goal("test_conductivity", context.subject) if context.has("conductive") else None


# --- chemistry -------------------------------------------------------------------------------------


def read(units: Sequence[Unit], context: Context) -> SubGoal:
    """A text taken and read."""
    return _goal("read", units[-1].names[0])


def mix(units: Sequence[Unit], context: Context) -> SubGoal:
    """Everything poured together and mixed, in the order in which it came into the vessel."""
    poured = [unit for unit in units if unit.kind == "B"]
    first = next(unit for unit in units if unit.kind in "Bx")
    vessel = poured[0].names[1] if poured else first.names[0]
    inside = context.added.pop(vessel, None) or contents(vessel, first.step)
    parts = [*inside, *map(_poured, poured)]
    return _goal("mix", *(dict.fromkeys(parts) or [vessel]))


# --- plants ----------------------------------------------------------------------------------------


def fetch_soil(units: Sequence[Unit], context: Context) -> SubGoal:
    """Out, dig, and back."""
    taken = [unit.names[0] for unit in units if unit.kind in "pr"]
    return _goal("fetch", taken[-1])


def fill_with_soil(units: Sequence[Unit], context: Context) -> SubGoal:
    """Soil moved into a pot."""
    return _goal("fill", units[-1].names[1], "soil")


def plant(units: Sequence[Unit], context: Context) -> SubGoal:
    """A seed moved into a pot; the next waits are for it to grow."""
    seed, pot = units[-1].names[:2]
    context.planted = seed.removesuffix(" seed")
    context.awaited = (context.planted, "grown")
    return _goal("plant", seed, pot)


def water(units: Sequence[Unit], context: Context) -> SubGoal:
    """Pots watered from a jug."""
    return _goal("water", *dict.fromkeys(unit.names[1] for unit in units if unit.kind == "U"))


def shut_doors(units: Sequence[Unit], context: Context) -> SubGoal:
    """Doors closed so that the bees stay."""
    return _goal("shut_doors", *_room(units[0]))


def bees(units: Sequence[Unit], context: Context) -> SubGoal:
    """The hive opened; the next waits are for pollination."""
    if context.planted:
        context.awaited = (context.planted, "pollinated")
    return _goal("release_bees", *_room(units[0]))


def _room(unit: Unit) -> list[str]:
    room = room_of(unit.step.look)
    return [room] if room else []


def collect_seeds(units: Sequence[Unit], context: Context) -> SubGoal:
    """Ripe seeds moved into a jar."""
    seed = f"{context.planted} seed" if context.planted else units[0].names[0]
    return _goal("collect_seeds", seed, units[0].names[1])


# --- forces ----------------------------------------------------------------------------------------


def slide(units: Sequence[Unit], context: Context) -> SubGoal:
    """A block put on a plane, timed and looked at."""
    return _goal("time_slide", *units[0].names[:2])


def by_verb(unit: Unit) -> SubGoal:
    """A sub-goal for an action that no pattern knows, named after its verb."""
    if unit.kind == NOTHING:
        return _goal("explore")
    verb = re.sub(r"[^a-z0-9]+", "_", unit.step.action.lower().split()[0]).strip("_")
    return _goal(verb, *unit.names) if re.match(r"[a-z]", verb) else _goal("explore")
