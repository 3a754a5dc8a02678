"""How the rules annotator names a segment of a path: one function per kind of sub-goal.

Each function takes the action groups of the segment and the context of earlier actions, and returns a
sub-goal, or None if the segment does not serve that kind of sub-goal after all. The functions for
matter (vessels, heat, circuits) are in `naming_matter`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dataset_builder.annotation.rules.action_kinds import NOTHING, POT, ActionGroup, clean, contents
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.subgoals import SubGoal

_VAGUE = ("plant", "living thing")
"""Names in the simulator's confirmations that do not tell which plant the agent focused on."""
_STAGE = re.compile(r" in the \w+ stage\b")
_IN_POT = re.compile(rf" in ({POT})$")


@dataclass
class Context:
    """What earlier actions imply for the names of later sub-goals.

    Attributes:
        description: the task's text.
        awaited: arguments of the next `wait_until`, such as `("water", "boiled")`; `()` if unknown.
        subject: what was focused on, heated or cooled last.
        planted: the plant that will grow from the seed planted last.
        added: vessel → what was put into it, in order.
        seen: rooms entered so far.
        after: the groups after the segment that is being named.

    Example:

    ```python
    context = Context("Your task is to boil water.")
    context.names("water"), context.has(r"\\bto melt\\b")  # (True, False)
    ```
    """

    description: str
    awaited: tuple[str, ...] = ()
    subject: str = ""
    planted: str = ""
    added: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)
    after: Sequence[ActionGroup] = ()

    def has(self, words: str) -> bool:
        """Whether the pattern `words` occurs in the task's text."""
        return re.search(words, self.description) is not None

    def names(self, thing: str) -> bool:
        """Whether the task's text mentions a thing by name, in any letter case."""
        return re.search(rf"(?<!\w){re.escape(thing)}(?!\w)", self.description, re.IGNORECASE) is not None

    def category(self) -> str:
        """The category that the task asks for, such as `non-living thing`; `""` if it asks for none."""
        match = re.search(r"find a\(n\) ([a-z -]+)\.", self.description)
        return match.group(1) if match else ""


Naming = Callable[[Sequence[ActionGroup], Context], SubGoal | None]


def goal(name: str, *arguments: str) -> SubGoal:
    """A sub-goal whose arguments are cleaned of what its text form cannot hold."""
    return SubGoal(name, tuple(clean(argument) for argument in arguments))


# --- rooms and things ------------------------------------------------------------------------------


def navigate(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """A walk to a room, or a search through rooms if the task does not name the room."""
    rooms = groups[0].rooms
    wanted = _wanted(context) if _searched(groups[0], context) else ""
    return goal("find", wanted) if wanted else goal("navigate_to", rooms[-1])


def _searched(move: ActionGroup, context: Context) -> bool:
    """Whether a walk searched several rooms for something in a room that the task does not name."""
    walk = [room_of(move.step.look), *move.rooms]
    several_teleports = move.step.action.startswith("teleport") and len(move.rooms) > 1
    return not context.names(move.rooms[-1]) and (several_teleports or len(set(walk)) < len(walk))


def _wanted(context: Context) -> str:
    """What a search is for, in the words of the task; `""` if the task does not say."""
    following = context.after[0] if context.after else None
    if following is None:
        return ""
    if following.kind in "SK":
        return "water"
    if following.kind == "B":
        return poured(following)
    if following.kind not in "prfm":
        return ""
    thing = following.names[0]
    return thing if context.names(thing) else context.category()


def fetch(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Picking up a thing, the walk to it and the opening of its container included; None for a search."""
    move = groups[0]
    after_walk = Context(context.description, after=groups[1:])
    if move.kind == "N" and _searched(move, context) and _wanted(after_walk):
        return None
    return goal("fetch", groups[-1].names[0], *move.rooms[-1:])


def fetch_soil(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Digging up soil, fetching the shovel and the walk included."""
    walk = next((group for group in groups if group.kind == "N"), None)
    return goal("fetch", groups[-1].names[0], *(walk.rooms[-1:] if walk else ()))


def fetch_liquid(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Fetching the vessel with the liquid that is poured next; the room is omitted if it was searched."""
    return goal("fetch", poured(context.after[0]), *groups[0].rooms[-1:])


def poured(group: ActionGroup) -> str:
    """What a vessel contained when it was poured out."""
    worded = re.match(r"pour .+? containing (.+?) in(?:to)? ", group.step.action)
    if worded and " in " not in worded.group(0).partition(" containing ")[0]:
        return worded.group(1)
    held = contents(group.names[0], group.step)
    return held[-1] if held else group.names[0]


def put_down(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Dropping a thing in the room."""
    return goal("put_down", groups[-1].names[0])


def carry(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Taking things to another room and dropping them there."""
    room = next(group.rooms[-1] for group in groups if group.kind == "N")
    return goal("carry", *dict.fromkeys(group.names[0] for group in groups if group.kind in "prd"), room)


def search(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Opening a container and leaving the room without having taken anything out."""
    return goal("search", groups[-1].names[0])


def focus(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Focusing on a thing by the name that the room shows, with what is needed to reach it.

    None if another thing is picked up first, or if the agent cannot know yet that the thing is in the
    room to which it walks.
    """
    group = groups[-1]
    picked_up = next((earlier for earlier in groups if earlier.kind in "pr"), None)
    if picked_up and group.names[0] not in contents(picked_up.names[0], group.step):
        return None
    room = groups[0].rooms[-1] if groups[0].kind == "N" else ""
    thing, location = context.category(), room
    if not thing:
        thing = _shown_name(group)
        if room and not context.names(thing):
            return None
        pot = _IN_POT.search(group.step.action)
        location = pot.group(1) if pot else room
    context.subject = thing
    return goal("focus_on", thing, *filter(None, [location]))


def _shown_name(group: ActionGroup) -> str:
    """The name of what is focused on, with its stage if that distinguishes several of one name."""
    thing = group.names[0]
    if thing in _VAGUE:
        thing = _plant_meant(group) or thing
    stage = _STAGE.search(group.step.action)
    if stage and "seed" not in thing and f"{thing}{stage.group(0)}" in group.step.look:
        thing += stage.group(0)
    return thing


def wait_and_focus(groups: Sequence[ActionGroup], context: Context) -> SubGoal | None:
    """Waiting for the next life stage; in other tasks, waiting is a sub-goal by itself."""
    return focus(groups[-1:], context) if context.has("life stages") else None


def _plant_meant(group: ActionGroup) -> str:
    """The plant in the pot that the action names, else the longest end of the action that the room shows."""
    pot = re.search(rf"{POT}$", group.step.action)
    if pot:
        grown = [_STAGE.sub("", name) for name in contents(pot.group(0), group.step)]
        return next((name for name in grown if name not in ("soil", "water")), "")
    words = group.step.action.removeprefix("focus on ").split()
    phrases = (" ".join(words[first:]) for first in range(len(words)))
    return next((phrase for phrase in phrases if re.search(rf"\b{re.escape(phrase)}\b", group.step.look)), "")


def read(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Reading a text, the walk to it and picking it up included."""
    return goal("read", groups[-1].names[0], *groups[0].rooms[-1:])


# --- plants ----------------------------------------------------------------------------------------


def plant(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Moving a seed into a pot; the next waits are for the plant that grows there."""
    seed, pot = groups[-1].names[:2]
    species = seed.removesuffix(" seed")
    kind = "plant" if species == "pea" or species.startswith("unknown") else "tree"
    context.planted = f"{species} {kind}"
    context.awaited = (context.planted, "reproducing")
    grown = f" in {context.planted} to "
    if grown not in groups[-1].step.action:
        return goal("plant", f"{species} seed", pot)
    state = "flowering" if context.has(r"\bflower (?:color|size)\b") else "adult"
    context.awaited = (context.planted, state, pot)
    return goal("plant", f"{species} seed", pot, context.planted)


def water(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Watering flower pots from a jug."""
    return goal("water", *dict.fromkeys(group.names[1] for group in groups if group.kind == "U"))


def close_doors(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Closing the doors, so that the bees stay in the room."""
    return goal("close_doors", room_of(groups[0].step.look) or "room")


def pollinate(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Opening the bee hive and waiting for fruit."""
    return goal("pollinate", context.planted or context.subject or "plant")


def collect_seeds(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Moving ripe seeds into a jar."""
    return goal("collect_seeds", *groups[0].names[:2])


# --- the rest --------------------------------------------------------------------------------------


def slide(groups: Sequence[ActionGroup], context: Context) -> SubGoal:
    """Putting a block on an inclined plane and observing how it slides."""
    return goal("slide", *groups[0].names[:2])


def by_verb(group: ActionGroup) -> SubGoal:
    """A sub-goal named after the verb of an action that no pattern covers."""
    if group.kind == NOTHING:
        return goal("explore")
    verb = re.sub(r"[^a-z0-9]+", "_", group.step.action.lower().split()[0]).strip("_")
    return goal(verb, *group.names) if re.match(r"[a-z]", verb) else goal("explore")
