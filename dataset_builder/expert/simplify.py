"""Simplifying an expert's path: detours are removed, steps on which later steps depend are kept.

The simulator's solver visits rooms at random, opens every cupboard, polls thermometers dozens of times
and chooses the wording of its actions at random. `plans` turns a recorded path into shorter plans, the most
aggressive one first; `dataset_builder.expert.solve` keeps the shortest one whose replay reaches the full
score.

Steps are kept if later steps depend on their observations: a reading that decides between two boxes, reading
a recipe, finding out that a sink is broken, testing a circuit, the race of two blocks, and the search for a
thing whose room the task does not name. Removed are `look around`, rejected or useless actions, doors,
detours, containers whose contents are not used, and tools that are picked up but not used.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from dataset_builder.expert.inclined_plane import race
from dataset_builder.expert.plan import MELTING_TASKS, Item, Plan
from dataset_builder.expert.wording import Namer, answers, rename_wires
from dataset_builder.simulator.look import AMBIGUOUS, room_of
from dataset_builder.simulator.simulator import UNKNOWN_ACTION
from dataset_builder.trajectories.trajectory import Step

# The rooms of `vocabulary.ROOMS` in the order in which an expert would search them.
SEARCH_ORDER = (
    "kitchen",
    "living room",
    "bedroom",
    "bathroom",
    "workshop",
    "art studio",
    "greenhouse",
    "outside",
    "foundry",
    "hallway",
)
# Rooms whose fixed equipment (stove, paints, wires, animals, …) an expert knows without a search.
_EQUIPPED = {"kitchen", "bathroom", "workshop", "art studio", "greenhouse", "outside", "foundry"}

_SURVEYS = {"outside": "greenhouse"}
"""Room → room to visit before it: an expert checks the flower pots before it digs for soil."""

_FRUITLESS = re.compile(r"The .* (?:is|are) already |You can't move something into itself")
_OPENABLE = re.compile(r"open (?:the )?(.*(?:cupboard|drawer|fridge|freezer|oven|jar|closet|desk))\b")
_STATE_CHANGE_TASKS = {"boil", "melt", "freeze", "change-the-state-of-matter-of"}
_TAKEN = re.compile(r"You move the (.*) to the inventory")
WAIT_TICKS = 11
"""Ticks (and moves) of one `wait`; `wait1` takes 2, any other action 1."""


def plans(task: str, description: str, steps: Sequence[Step], teleport: bool) -> Iterator[Plan]:
    """Shorter plans for a successful path, the most aggressive one first.

    Args:
        task (`str`): simulator name of the task.
        description (`str`): the task's text; a room named in it needs no searching.
        steps (`Sequence[Step]`): the recorded path.
        teleport (`bool`): whether `teleport to …` exists (simplification `teleportAction`).
    """
    # Every rewrite is combined with and without `_drop_put_back`, since only a replay shows which of the
    # plans the simulator accepts.
    useful = _drop_useless(_items(steps))
    start = steps[0].look
    surveys = _SURVEYS if task.startswith("grow-") else {}
    seen: list[Plan] = []
    for items in (_drop_put_back(useful), useful):
        for rewrite in _REWRITES:
            rewritten = rewrite(task, items)
            if rewritten is None:
                continue
            plan = _route(_drop_unused_tools(rewritten), start, description, teleport, surveys)
            if plan not in seen:
                seen.append(plan)
                yield plan


def _items(steps: Sequence[Step]) -> list[Item]:
    items = []
    moves = 0
    score = 0.0
    for index, step in enumerate(steps):
        after = steps[index + 1] if index + 1 < len(steps) else step
        items.append(
            Item(
                step.action,
                step.observation,
                step.look,
                step.inventory,
                after.look,
                after.inventory,
                step.score_fraction - score,
                step.moves - moves,
            )
        )
        moves, score = step.moves, step.score_fraction
    return items


# --- dropping --------------------------------------------------------------------------------------


def _drop_useless(items: list[Item]) -> list[Item]:
    return _drop_openings(_drop_repeats(_drop_fruitless(items)))


def _drop_fruitless(items: list[Item]) -> list[Item]:
    """Drop looks, rejected actions, and actions on things that changed nothing in sight."""
    kept = []
    for index, item in enumerate(items):
        last = index == len(items) - 1
        handling = re.match(r"(pick up|move|pour|activate|deactivate) ", item.action)
        broken = "appears broken" in item.observation
        still = _still(item.look) == _still(item.look_after) and (
            _still(item.inventory) == _still(item.inventory_after)
        )
        # An ambiguous action is kept, since the next item answers the simulator's question. A broken device
        # also changes nothing in sight, but it explains the detour that follows.
        if (
            item.action in ("look around", "inventory")
            or item.observation.startswith(UNKNOWN_ACTION)
            or _FRUITLESS.match(item.observation)
            or (broken and item.action.startswith("deactivate"))
            or (handling and still and not broken and not last and item.reward <= 0)
        ) and not item.observation.startswith(AMBIGUOUS):
            continue
        kept.append(item)
    return kept


def _still(text: str) -> str:
    """A look or inventory without the temperatures, which change by themselves."""
    return re.sub(r"temperature of -?\d+", "temperature", text)


def _drop_repeats(items: list[Item]) -> list[Item]:
    """Drop a sequence that immediately repeats the previous one with the same observations."""

    def same(a: Sequence[Item], b: Sequence[Item]) -> bool:
        return all(x.action == y.action and x.observation == y.observation for x, y in zip(a, b, strict=True))

    # Short sequences first: removing a doubled action may make a longer repetition adjacent.
    items = list(items)
    for length in (2, 3, 4, 5):
        start = 0
        while start + 2 * length <= len(items):
            first, second = items[start : start + length], items[start + length : start + 2 * length]
            idle = not any(item.reward > 0 or item.is_poll or item.is_navigation for item in second)
            if idle and same(first, second):
                del items[start + length : start + 2 * length]
            else:
                start += 1
    return items


def _drop_put_back(items: list[Item]) -> list[Item]:
    """Drop picking up and putting down a thing if it is only focused on in between."""
    kept = list(items)
    for first, second, third in zip(items, items[1:], items[2:], strict=False):
        taken = re.match(r"pick up (.+)", first.action)
        if taken and second.action.startswith("focus on ") and third.action == f"drop {taken.group(1)}":
            kept = [item for item in kept if item is not first and item is not third]
    return kept


def _drop_openings(items: list[Item]) -> list[Item]:
    """Drop opening a container if nothing is taken out of it or put into it later."""
    kept = []
    for index, item in enumerate(items):
        match = _OPENABLE.match(item.action)
        if match:
            later = " ; ".join(f"{after.action} {after.observation}" for after in items[index + 1 :])
            name = re.escape(match.group(1))
            revealed = _phrases(item.look_after) - _phrases(item.look)
            # A closed glass jar shows its contents, but nothing can be taken out of it.
            lines = [line for line in item.look_after.split("\n") if re.match(rf"\s*an? {name}\b", line)]
            revealed |= _phrases("\n".join(lines))
            used = re.search(rf"(?:to|in|into) (?:the )?{name}\b", later) or any(
                re.search(rf"\b{re.escape(phrase)}\b", later) for phrase in revealed
            )
            if not used:
                continue
        kept.append(item)
    return kept


def _phrases(look: str) -> set[str]:
    """Names listed in a look, articles and fillers removed."""
    text = re.sub(r"a substance called |(?:^|(?<=[\s(,]))(?:an?|the) ", "", look.replace("\n", ","))
    parts = re.split(r"[,().:\t]|\bcontaining\b|\bis\b", text)
    return {part.strip() for part in parts if len(part.strip()) > 2} - {"nothing", "open", "drawer"}


def _drop_unused_tools(items: Sequence["Item | str"]) -> list["Item | str"]:
    """Drop picking up things that no later action names."""
    # Observations are searched too: the action may say "light", the observation "red light bulb".
    texts = [item if isinstance(item, str) else f"{item.action} {item.observation}" for item in items]
    kept = []
    for index, item in enumerate(items):
        if not isinstance(item, str) and item.action.startswith("pick up "):
            taken = _TAKEN.match(item.observation)
            names = {item.action.removeprefix("pick up ").split(" containing ")[0]}
            names |= {taken.group(1)} if taken else set()
            later = " ; ".join(texts[index + 1 :])
            if not any(re.search(rf"\b{re.escape(name)}\b", later) for name in names):
                continue
        kept.append(item)
    return kept


# --- rewriting -------------------------------------------------------------------------------------


def _waits(ticks: int, coarse: bool) -> list[str]:
    """Actions that wait for at least this number of ticks."""
    if ticks <= 0:
        return []
    if ticks <= 4 or not coarse:
        return ["wait1"] * ((ticks + 1) // 2)
    return ["wait"] * -(-ticks // WAIT_TICKS)


def _runs(items: Sequence[Item]) -> Iterator[tuple[bool, list[Item]]]:
    """Maximal runs of polling actions (True) and of other actions (False)."""
    run: list[Item] = []
    for item in items:
        if run and run[0].is_poll != item.is_poll:
            yield run[0].is_poll, run
            run = []
        run.append(item)
    if run:
        yield run[0].is_poll, run


def _rewrite_polls(task: str, items: list[Item], coarse: bool) -> list[Item | str] | None:
    """Shorten polling to the readings that the task needs; None where polling is the experiment."""
    if task.startswith("inclined-plane"):
        return None
    rewritten: list[Item | str] = []
    for polling, run in _runs(items):
        if not polling:
            rewritten += run
        elif task.startswith("chemistry"):
            continue  # mixtures react immediately
        elif task in MELTING_TASKS:
            rewritten += _until_melted(run)
        else:
            rewritten += _last_readings(task, run, coarse)
    return rewritten


def _last_readings(task: str, run: list[Item], coarse: bool) -> list[Item | str]:
    """Wait for the ticks of the whole run, then repeat its last measurement."""
    readings = [item for item in run if re.match(r"use thermometer|examine stopwatch", item.action)]
    if task in _STATE_CHANGE_TASKS or not readings:
        return list(_waits(sum(item.ticks for item in run), coarse))
    last = readings[-1]
    return [*_waits(sum(item.ticks for item in run[: run.index(last)]), coarse), last]


def _until_melted(run: list[Item]) -> list[Item | str]:
    """The readings up to the first two equal ones."""
    readings = [item for item in run if item.action.startswith("use thermometer")]
    if not readings:
        return list(run)
    kept: list[Item | str] = []
    for index, item in enumerate(readings):
        kept.append(item)
        if index and item.observation == readings[index - 1].observation:
            return kept  # further readings would be the same
    # The dropped `examine` actions took time too, so further readings take their place.
    ticks = sum(item.ticks for item in run) - len(readings)
    return [*[readings[0]] * max(ticks, 0), *kept]


def _without_watering(items: list[Item]) -> list[Item | str] | None:
    """Self-watering pots need no jug: wait for the same time instead. None if the path does not water."""
    watering = re.compile(r"(activate|deactivate|turn on|turn off) sink|move jug to|pour jug|pick up jug")
    if not any(item.action.startswith("pour jug into flower pot") for item in items):
        return None
    rewritten: list[Item | str] = []
    ticks = 0
    for item in items:
        if watering.match(item.action) or item.is_poll:
            ticks += item.ticks
            continue
        if not item.is_navigation:
            rewritten += _waits(ticks, coarse=True)
            ticks = 0
        rewritten.append(item)
    return rewritten + _waits(ticks, coarse=True)


Rewrite = Callable[[str, list[Item]], "list[Item | str] | None"]
_REWRITES: tuple[Rewrite, ...] = (
    lambda task, items: race(items, ("wait",)),
    lambda task, items: race(items, ("wait", "wait")),
    lambda task, items: race(items, ("wait1", "wait1")),
    lambda task, items: race(items, ("wait1",)),
    lambda task, items: _without_watering(items),
    lambda task, items: _rewrite_polls(task, items, coarse=True),
    lambda task, items: _rewrite_polls(task, items, coarse=False),
    lambda task, items: list(items),
)
"""The most aggressive one first; a rewrite returns None if it does not apply."""


# --- routes and names ------------------------------------------------------------------------------


def _route(
    items: Sequence[Item | str],
    start: str,
    description: str,
    teleport: bool,
    surveys: Mapping[str, str],
) -> Plan:
    """Replace walks by direct moves, and use the simulator's own names of things.

    Walks are dropped; a teleport is inserted before an action that took place in another room. So a detour
    without an action leaves no trace.
    """
    plan: Plan = []
    room = target = room_of(start)
    visited = [room]
    played = [item for item in items if not isinstance(item, str)]
    namer, final_answers = Namer(played), answers(played)
    for item in items:
        if isinstance(item, str):
            plan.append((item,))
            continue
        if teleport and item.is_navigation and not item.action.startswith("close door"):
            target = room_of(item.look_after) or target
            continue
        if not item.is_navigation:
            # The expert must be in the room in which the action took place.
            target = room_of(item.look) or target
        if target != room and teleport:
            for stop in _stops(target, visited, description, surveys):
                plan.append((f"teleport to {stop}",))
                visited.append(stop)
            room = target
        plan.append(namer.wordings(item, final_answers[id(item)]))
    return rename_wires(plan, items)


def _stops(target: str, visited: Sequence[str], description: str, surveys: Mapping[str, str]) -> list[str]:
    """The rooms to teleport to, in order: rooms to search or to check first, then the target."""
    survey = surveys.get(target)
    surveyed = [survey] if survey and survey not in visited else []
    return [*_search(target, visited, description), *surveyed, target]


def _search(target: str, visited: Sequence[str], description: str) -> list[str]:
    """Rooms to search before `target`, if the task gives no hint that the thing is there."""
    if target in visited or target in _EQUIPPED or target in description:
        return []
    return [room for room in SEARCH_ORDER[: SEARCH_ORDER.index(target)] if room not in visited]
