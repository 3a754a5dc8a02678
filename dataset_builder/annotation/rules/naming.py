"""How the rules annotator names a stretch of a path: one function per kind of step.

Each takes the units of the stretch and what went before, and returns a sub-goal, or None where the
stretch only looks like that kind of step. Matter (vessels, heat, circuits) is in `rules_matter`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dataset_builder.annotation.rules.action_kinds import NOTHING, POT, ActionGroup, clean, contents
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.subgoals import SubGoal

_VAGUE = ("plant", "living thing")
"""Words with which the simulator confirms a focus on any plant."""
_STAGE = re.compile(r" in the \w+ stage\b")
_IN_POT = re.compile(rf" in ({POT})$")


@dataclass
class Context:
    """What earlier actions tell about the meaning of later ones.

    Attributes:
        description: the task's text.
        awaited: what the next waits are for, `()` if unknown.
        subject: what was focused on, heated or cooled last.
        planted: the plant that will grow from the seed planted last.
        added: per vessel, what was put into it, in order.
        seen: rooms entered so far.
        after: the units that follow the stretch being named.
    """

    description: str
    awaited: tuple[str, ...] = ()
    subject: str = ""
    planted: str = ""
    added: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)
    after: Sequence[ActionGroup] = ()

    def has(self, words: str) -> bool:
        """Whether the task's text matches a pattern."""
        return re.search(words, self.description) is not None

    def names(self, thing: str) -> bool:
        """Whether the task's text names a thing."""
        return re.search(rf"(?<!\w){re.escape(thing)}(?!\w)", self.description, re.IGNORECASE) is not None


Naming = Callable[[Sequence[ActionGroup], Context], SubGoal | None]


def goal(name: str, *arguments: str) -> SubGoal:
    """A sub-goal with its arguments made fit to be some."""
    return SubGoal(name, tuple(clean(argument) for argument in arguments))


# --- places and things -----------------------------------------------------------------------------


def navigate(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A walk to a room, or a search through rooms where the task does not tell the room."""
    rooms = units[0].rooms
    wanted = _wanted(context) if _searched(units[0], context) else ""
    return goal("find", wanted) if wanted else goal("navigate_to", rooms[-1])


def _searched(move: ActionGroup, context: Context) -> bool:
    """Whether a walk looked into rooms for something, instead of going straight where it is known to be."""
    walk = [room_of(move.step.look), *move.rooms]
    stray = move.step.action.startswith("teleport") and len(move.rooms) > 1
    return not context.names(move.rooms[-1]) and (stray or len(set(walk)) < len(walk))


def _wanted(context: Context) -> str:
    """What a search is for, in the words of the task; `""` if the task does not tell."""
    found = context.after[0] if context.after else None
    if found and found.kind in "SK":
        return "water"
    if found is None or found.kind not in "prfmB":
        return ""
    thing = poured(found) if found.kind == "B" else found.names[0]
    if context.names(thing) or found.kind == "B":
        return thing
    sort = re.search(r"find a\(n\) ([a-z -]+)\.", context.description)
    return sort.group(1) if sort else ""


def fetch(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Taking a thing, with the way to it and whatever had to be opened or dug up; None for a search."""
    move = units[0]
    if move.kind == "N" and _searched(move, context) and _wanted_first(units, context):
        return None
    return goal("fetch", units[-1].names[0], *move.rooms[-1:])


def _wanted_first(units: Sequence[ActionGroup], context: Context) -> str:
    """What the walk that begins a stretch is for."""
    return _wanted(Context(context.description, after=units[1:]))


def fetch_soil(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Soil dug up where the ground is, the shovel included."""
    walk = next((unit for unit in units if unit.kind == "N"), None)
    return goal("fetch", units[-1].names[0], *(walk.rooms[-1:] if walk else ()))


def fetch_liquid(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A vessel with the liquid that is poured next; without a room where one had to look for it."""
    return goal("fetch", poured(context.after[0]), *units[0].rooms[-1:])


def poured(unit: ActionGroup) -> str:
    """What a vessel held when it was poured out."""
    said = re.match(r"pour .+? containing (.+?) in(?:to)? ", unit.step.action)
    if said and " in " not in said.group(0).partition(" containing ")[0]:
        return said.group(1)
    held = contents(unit.names[0], unit.step)
    return held[-1] if held else unit.names[0]


def put_down(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Dropping a thing in the room."""
    return goal("put_down", units[-1].names[0])


def carry(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Things taken to another room and laid down there."""
    room = next(unit.rooms[-1] for unit in units if unit.kind == "N")
    return goal("carry", *dict.fromkeys(unit.names[0] for unit in units if unit.kind in "prd"), room)


def search(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A container opened before leaving the room without having taken anything out."""
    return goal("search", units[-1].names[0])


def focus(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """The thing focused on, by the name that the room shows, with what must be done to reach it.

    None if what is taken up is another thing, or if nobody can know yet what the room gone to holds.
    """
    unit = units[-1]
    thing = unit.names[0]
    taken = next((before for before in units if before.kind in "pr"), None)
    if taken and thing not in contents(taken.names[0], unit.step):
        return None
    if thing in _VAGUE:
        thing = _plant_meant(unit) or thing
    pot = _IN_POT.search(unit.step.action)
    stage = _STAGE.search(unit.step.action)
    if stage and "seed" not in thing and f"{thing}{stage.group(0)}" in unit.step.look:
        thing += stage.group(0)  # several of one name: the stage tells which
    sort = re.search(r"find a\(n\) ([a-z -]+)\.", context.description)
    thing = sort.group(1) if sort else thing
    room = units[0].rooms[-1] if units[0].kind == "N" else ""
    if room and not sort and not context.names(thing):
        return None
    context.subject = thing
    where = [pot.group(1)] if pot and not sort else [room] if room else []
    return goal("focus_on", thing, *where)


def wait_and_focus(units: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """The next stage of a life, waited for; elsewhere waiting is a step of its own."""
    return focus(units[-1:], context) if context.has("life stages") else None


def _plant_meant(unit: ActionGroup) -> str:
    """The plant in the pot that the action names, or the last words of the action that are shown."""
    pot = re.search(rf"{POT}$", unit.step.action)
    if pot:
        grown = [_STAGE.sub("", name) for name in contents(pot.group(0), unit.step)]
        return next((name for name in grown if name not in ("soil", "water")), "")
    words = unit.step.action.removeprefix("focus on ").split()
    phrases = (" ".join(words[first:]) for first in range(len(words)))
    return next((phrase for phrase in phrases if re.search(rf"\b{re.escape(phrase)}\b", unit.step.look)), "")


def read(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A text gone to, taken and read."""
    return goal("read", units[-1].names[0], *units[0].rooms[-1:])


# --- plants ----------------------------------------------------------------------------------------


def plant(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A seed moved into a pot, off a plant or not; the next waits are for what grows there."""
    seed, pot = units[-1].names[:2]
    species = seed.removesuffix(" seed")
    kind = "plant" if species == "pea" or species.startswith("unknown") else "tree"
    context.planted = f"{species} {kind}"
    context.awaited = (context.planted, "reproducing")
    grown = f" in {context.planted} to "
    if grown not in units[-1].step.action:
        return goal("plant", f"{species} seed", pot)
    state = "flowering" if context.has(r"\bflower (?:color|size)\b") else "adult"
    context.awaited = (context.planted, state, pot)
    return goal("plant", f"{species} seed", pot, context.planted)


def water(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Pots watered from a jug."""
    return goal("water", *dict.fromkeys(unit.names[1] for unit in units if unit.kind == "U"))


def close_doors(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Doors closed so that the bees stay."""
    return goal("close_doors", room_of(units[0].step.look) or "room")


def pollinate(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """The hive opened, and time let pass until there is fruit."""
    return goal("pollinate", context.planted or context.subject or "plant")


def collect_seeds(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Ripe seeds moved into a jar."""
    return goal("collect_seeds", *units[0].names[:2])


# --- the rest --------------------------------------------------------------------------------------


def slide(units: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A block put on a plane, timed and looked at."""
    return goal("slide", *units[0].names[:2])


def by_verb(unit: ActionGroup) -> SubGoal:
    """A sub-goal for an action that no pattern knows, named after its verb."""
    if unit.kind == NOTHING:
        return goal("explore")
    verb = re.sub(r"[^a-z0-9]+", "_", unit.step.action.lower().split()[0]).strip("_")
    return goal(verb, *unit.names) if re.match(r"[a-z]", verb) else goal("explore")
