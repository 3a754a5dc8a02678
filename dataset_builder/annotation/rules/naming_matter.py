"""How the rules annotator names what is done to matter: vessels, heat, waiting, circuits, mixtures."""

import re
from collections.abc import Sequence

from dataset_builder.annotation.rules.action_kinds import ActionGroup, contents
from dataset_builder.annotation.rules.naming import Context, goal, poured
from dataset_builder.trajectories.subgoals import SubGoal

_WIRE = re.compile(r"\bwire\b")
_LIQUID = re.compile(r"^(?:water|mercury|liquid .*|.* juice)$")
"""Substances that are liquid at room temperature, so that heat boils them instead of melting them."""


def place(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Putting a thing into or onto another, picking it up and the walk included.

    None if another thing is picked up, or if the agent cannot know yet what is in the room to which it
    walks.
    """
    moved = groups[-1]
    thing, target = ("soil", moved.names[1]) if moved.kind == "E" else moved.names[:2]
    if groups[0].kind in "pr" and groups[0].names[0] != thing:
        return None
    walk = next((group for group in groups if group.kind == "N"), None)
    if walk is None:
        context.added[target].append(thing)
        return goal("place", thing, target)
    known = context.names(target) or walk.rooms[-1] in context.seen
    if not known or (groups[0].kind == "N" and moved.kind == "m"):
        return None
    context.added[target].append(thing)
    return goal("place", thing, target, walk.rooms[-1])


def pour(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Pouring a liquid; None if something other than its vessel is picked up."""
    vessel, target = groups[-1].names[:2]
    if len(groups) > 1 and groups[0].names[0] != vessel:
        return None
    liquid = poured(groups[-1])
    context.added[target].append(liquid)
    return goal("pour", liquid, target)


def fill(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Filling a vessel with water; None if something else is picked up first."""
    vessel = next(group.names[0] for group in groups if group.kind == "S")
    if groups[0].kind in "pr" and groups[0].names[0] != vessel:
        return None
    if "water" not in context.added[vessel]:
        context.added[vessel].append("water")
    walk = next((group for group in groups if group.kind == "N"), None)
    return goal("fill", vessel, "water", *(walk.rooms[-1:] if walk else ()))


def mix(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Mixing the contents of a vessel, named in the order in which they were added.

    None if something is picked up that is not added.
    """
    added = [
        (group.names[0] if group.kind == "m" else poured(group), group.names[1])
        for group in groups
        if group.kind in "mB"
    ]
    taken = [group.names[0] for group in groups if group.kind in "pr"]
    if set(taken) - {thing for thing, _ in added}:
        return None
    last = groups[-1]
    named = added[0][1] if added else last.names[0].partition(" containing ")[0]
    vessel = next((name for name in context.added if name == named or name.endswith(f" {named}")), named)
    first = next(group for group in groups if group.kind in "mBx")
    inside = context.added.pop(vessel, None) or contents(vessel, first.step)
    context.added.clear()
    return goal("mix", vessel, *dict.fromkeys([*inside, *(thing for thing, _ in added)]))


# --- heat and time ---------------------------------------------------------------------------------


def heat(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Heating a substance on a heater; None if something other than its vessel is picked up."""
    return _thermal("heat", groups, context)


def cool(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Cooling a substance in a cooler; None if something other than its vessel is picked up."""
    return _thermal("cool", groups, context)


def _thermal(name: str, groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    placed = next((group for group in groups if group.kind in "HC"), None)
    if placed is None:  # the heater is only switched on, with whatever is on it
        return goal(name, context.subject, groups[-1].names[0]) if context.subject else None
    vessel, device = placed.names[:2]
    if groups[0].kind in "pr" and groups[0].names[0] != vessel:
        return None
    held = contents(vessel, groups[0].step) or contents(vessel, placed.step)
    thing = held[-1] if held else vessel
    context.subject = thing
    context.awaited = (thing, _state(name, thing, context))
    return goal(name, thing, device)


def _state(name: str, thing: str, context: Context) -> str:
    """The state that a substance is heated or cooled to reach."""
    if name == "cool":
        return "frozen"
    if context.has(r"\bto boil\b"):
        return "boiled"
    return "boiled" if _LIQUID.match(thing) and not context.has(r"\bto melt\b") else "melted"


def wait(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Waiting and measuring, named after the awaited state."""
    readings = [group for group in groups if group.kind == "t"]
    if readings and context.has("melting point"):
        return goal("monitor_temperature", context.awaited[0] if context.awaited else readings[0].names[0])
    if readings and not context.awaited:
        return goal("measure_temperature", _measured(readings[0], context))
    if context.has("conductive") and context.awaited:
        return goal("observe", context.awaited[0])
    return goal("wait_until", *context.awaited) if context.awaited else goal("wait")


def measure(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """One reading that the task asks for; None if it is one of the readings that follow a change."""
    if context.awaited or context.has("melting point"):
        return None
    return goal("measure_temperature", _measured(groups[-1], context), *groups[0].rooms[-1:])


def _measured(reading: ActionGroup, context: Context) -> str:
    thing = reading.names[0]
    return context.subject if thing.startswith("substance") and context.subject else thing


# --- circuits --------------------------------------------------------------------------------------


def circuit(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Wiring the source, the device and the thing under test; None if something is only put down."""
    parts = [name for group in groups if group.kind == "c" for name in group.names if not _WIRE.search(name)]
    if not parts:
        return goal("build_circuit", context.subject) if context.subject else None
    if groups[-1].kind == "w" and context.has("conductive"):
        return None  # in these tasks, observing the device is a sub-goal by itself
    source, device = parts[0], parts[-1]
    tested = [context.subject] if context.has("conductive") and context.subject else []
    context.awaited = (device, "on")
    return goal("build_circuit", *dict.fromkeys([source, device, *tested]))
