"""How the rules annotator names what is done to matter: vessels, heat, waiting, circuits, mixtures."""

import re
from collections.abc import Sequence

from dataset_builder.annotation.rules.action_kinds import ActionGroup, contents
from dataset_builder.annotation.rules.naming import Context, goal, poured
from dataset_builder.trajectories.subgoals import SubGoal

_WIRE = re.compile(r"\bwire\b")
_LIQUID = re.compile(r"^(?:water|mercury|liquid .*|.* juice)$")
"""Substances that heat boils, rather than melts, at room temperature."""


def place(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """A thing put into or onto another, after taking it up and going there.

    None if two things are meant, or if nobody can know yet what waits in the room gone to.
    """
    moved = units[-1]
    thing, target = ("soil", moved.names[1]) if moved.kind == "E" else moved.names[:2]
    if units[0].kind in "pr" and units[0].names[0] != thing:
        return None
    walk = next((unit for unit in units if unit.kind == "N"), None)
    if walk is None:
        context.added[target].append(thing)
        return goal("place", thing, target)
    known = context.names(target) or walk.rooms[-1] in context.seen
    if not known or (units[0].kind == "N" and moved.kind == "m"):
        return None
    context.added[target].append(thing)
    return goal("place", thing, target, walk.rooms[-1])


def pour(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """A liquid poured out of what holds it; None if something else is taken up."""
    vessel, target = units[-1].names[:2]
    if len(units) > 1 and units[0].names[0] != vessel:
        return None
    liquid = poured(units[-1])
    context.added[target].append(liquid)
    return goal("pour", liquid, target)


def fill(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """A vessel taken to a tap and held under it; None if something else is taken up first."""
    vessel = next(unit.names[0] for unit in units if unit.kind == "S")
    if units[0].kind in "pr" and units[0].names[0] != vessel:
        return None
    if "water" not in context.added[vessel]:
        context.added[vessel].append("water")
    walk = next((unit for unit in units if unit.kind == "N"), None)
    return goal("fill", vessel, "water", *(walk.rooms[-1:] if walk else ()))


def mix(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Everything put together and mixed, in the order in which it came into the vessel."""
    added = [(unit.names[0] if unit.kind == "m" else poured(unit), unit.names[1]) for unit in _put_in(units)]
    taken = [unit.names[0] for unit in units if unit.kind in "pr"]
    if set(taken) - {thing for thing, _ in added}:
        return None
    last = units[-1]
    named = added[0][1] if added else last.names[0].partition(" containing ")[0]
    vessel = next((name for name in context.added if name == named or name.endswith(f" {named}")), named)
    first = next(unit for unit in units if unit.kind in "mBx")
    inside = context.added.pop(vessel, None) or contents(vessel, first.step)
    context.added.clear()
    return goal("mix", vessel, *dict.fromkeys([*inside, *(thing for thing, _ in added)]))


def _put_in(units: Sequence[ActionGroup]) -> list[ActionGroup]:
    return [unit for unit in units if unit.kind in "mB"]


# --- heat and time ---------------------------------------------------------------------------------


def heat(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """A substance set on a heater that is switched on; None if something else is taken up."""
    return _thermal("heat", units, context)


def cool(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """A substance set into a cooler; None if something else is taken up."""
    return _thermal("cool", units, context)


def _thermal(name: str, units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    placed = next((unit for unit in units if unit.kind in "HC"), None)
    if placed is None:  # only switched on: whatever is on it
        return goal(name, context.subject, units[-1].names[0]) if context.subject else None
    vessel, device = placed.names[:2]
    if units[0].kind in "pr" and units[0].names[0] != vessel:
        return None
    held = contents(vessel, units[0].step) or contents(vessel, placed.step)
    thing = held[-1] if held else vessel
    context.subject = thing
    context.awaited = (thing, _state(name, thing, context))
    return goal(name, thing, device)


def _state(name: str, thing: str, context: Context) -> str:
    """What heating or cooling a substance is for."""
    if name == "cool":
        return "frozen"
    if context.has(r"\bto boil\b"):
        return "boiled"
    return "boiled" if _LIQUID.match(thing) and not context.has(r"\bto melt\b") else "melted"


def wait(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Waiting and measuring, named after what is waited for."""
    readings = [unit for unit in units if unit.kind == "t"]
    if readings and context.has("melting point"):
        return goal("monitor_temperature", context.awaited[0] if context.awaited else readings[0].names[0])
    if readings and not context.awaited:
        return goal("measure_temperature", _measured(readings[0], context))
    if context.has("conductive") and context.awaited:
        return goal("observe", context.awaited[0])
    return goal("wait_until", *context.awaited) if context.awaited else goal("wait")


def measure(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """One reading where the task asks for it; None where readings follow a change."""
    if context.awaited or context.has("melting point"):
        return None
    return goal("measure_temperature", _measured(units[-1], context), *units[0].rooms[-1:])


def _measured(reading: ActionGroup, context: Context) -> str:
    thing = reading.names[0]
    return context.subject if thing.startswith("substance") and context.subject else thing


# --- circuits --------------------------------------------------------------------------------------


def circuit(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Source, device and thing under test wired together; None if only something is put down."""
    parts = [name for unit in units if unit.kind == "c" for name in unit.names if not _WIRE.search(name)]
    if not parts:
        return goal("build_circuit", context.subject) if context.subject else None
    if units[-1].kind == "w" and context.has("conductive"):
        return None  # there, looking what happens is a step of its own
    source, device = parts[0], parts[-1]
    tested = [context.subject] if context.has("conductive") and context.subject else []
    context.awaited = (device, "on")
    return goal("build_circuit", *dict.fromkeys([source, device, *tested]))
