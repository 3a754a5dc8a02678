"""Simplifying an expert's path: detours go, and what later steps depend on stays.

The simulator's solver visits rooms at random, opens every cupboard, polls thermometers dozens of times
and words its actions at random. `plans` turns a recorded path into shorter plans, boldest first;
`dataset_builder.expert.solve` keeps the shortest one that a replay takes to the full score.

Kept, because later steps depend on what it shows: a reading that decides between two boxes, a recipe
that is read, a sink that turns out to be broken, a circuit that is tried, the race of two blocks, and
the rooms searched for a thing whose room the task does not name. Removed: looks around, rejected or
fruitless actions, doors, detours, containers opened for nothing, tools picked up and never used.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from dataset_builder.expert.inclined_plane import race
from dataset_builder.expert.plan import MELTING_TASKS, Item, Plan
from dataset_builder.expert.wording import Namer, answers, rename_wires
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import AMBIGUOUS, UNKNOWN_ACTION
from dataset_builder.trajectories.trajectory import Step

# The rooms of `vocabulary.ROOMS` in another order: where an expert would look first.
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
# Rooms with fixed equipment: an expert knows what to find there (stove, paints, wires, animals, …).
_EQUIPPED = {"kitchen", "bathroom", "workshop", "art studio", "greenhouse", "outside", "foundry"}

_SURVEYS = {"outside": "greenhouse"}
"""Room → room to look into before it: before digging for soil, an expert checks the flower pots."""

_FRUITLESS = re.compile(r"The .* (?:is|are) already |You can't move something into itself")
_OPENABLE = re.compile(r"open (?:the )?(.*(?:cupboard|drawer|fridge|freezer|oven|jar|closet|desk))\b")
_STATE_CHANGE_TASKS = {"boil", "melt", "freeze", "change-the-state-of-matter-of"}
_TAKEN = re.compile(r"You move the (.*) to the inventory")
WAIT_TICKS = 11
"""Ticks (and moves) of one `wait`; `wait1` takes 2, any other action 1."""


def plans(task: str, description: str, steps: Sequence[Step], teleport: bool) -> Iterator[Plan]:
    """Shorter plans for a path that ends in success, boldest first.

    Args:
        task (`str`): simulator name of the task.
        description (`str`): the task's text; a room named in it needs no searching.
        steps (`Sequence[Step]`): the recorded path.
        teleport (`bool`): whether `teleport to …` exists (simplification `teleportAction`).
    """
    # Every combination of "put back" dropped or not with every rewrite is offered: which of them the
    # simulator accepts cannot be known without a replay.
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
    """Without free looks, rejected actions, and handling that changed nothing in sight."""
    kept = []
    for index, item in enumerate(items):
        last = index == len(items) - 1
        handling = re.match(r"(pick up|move|pour|activate|deactivate) ", item.action)
        broken = "appears broken" in item.observation
        still = _still(item.look) == _still(item.look_after) and (
            _still(item.inventory) == _still(item.inventory_after)
        )
        # A question which thing is meant stays, since the answer to it is the next item. A broken device
        # changes nothing in sight either, but that it is broken explains the detour that follows.
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
    """A look or inventory without what changes by itself."""
    return re.sub(r"temperature of -?\d+", "temperature", text)


def _drop_repeats(items: list[Item]) -> list[Item]:
    """Without the second run of a sequence that is repeated at once with the same answers."""

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
    """Without taking up a thing only to focus on it and to put it down again."""
    kept = list(items)
    for first, second, third in zip(items, items[1:], items[2:], strict=False):
        taken = re.match(r"pick up (.+)", first.action)
        if taken and second.action.startswith("focus on ") and third.action == f"drop {taken.group(1)}":
            kept = [item for item in kept if item is not first and item is not third]
    return kept


def _drop_openings(items: list[Item]) -> list[Item]:
    """Without furniture opened in passing: nothing in it was used, nothing was put into it."""
    kept = []
    for index, item in enumerate(items):
        match = _OPENABLE.match(item.action)
        if match:
            later = " ; ".join(f"{after.action} {after.observation}" for after in items[index + 1 :])
            name = re.escape(match.group(1))
            revealed = _phrases(item.look_after) - _phrases(item.look)
            # A closed glass jar shows what it holds, yet nothing can be taken out of it.
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
    """Without things picked up that no later action names."""
    # Answers are searched too: the solver may say "light", its answer "red light bulb".
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
    """Waiting of about this many ticks, never less."""
    if ticks <= 0:
        return []
    if ticks <= 4 or not coarse:
        return ["wait1"] * ((ticks + 1) // 2)
    return ["wait"] * -(-ticks // WAIT_TICKS)


def _runs(items: Sequence[Item]) -> Iterator[tuple[bool, list[Item]]]:
    """Maximal runs of polling (True) and of anything else (False)."""
    run: list[Item] = []
    for item in items:
        if run and run[0].is_poll != item.is_poll:
            yield run[0].is_poll, run
            run = []
        run.append(item)
    if run:
        yield run[0].is_poll, run


def _rewrite_polls(task: str, items: list[Item], coarse: bool) -> list[Item | str] | None:
    """Polling shortened to what the task learns from it; None where looking is the experiment."""
    if task.startswith("inclined-plane"):
        return None
    rewritten: list[Item | str] = []
    for polling, run in _runs(items):
        if not polling:
            rewritten += run
        elif task.startswith("chemistry"):
            continue  # what is mixed reacts at once
        elif task in MELTING_TASKS:
            rewritten += _until_melted(run)
        else:
            rewritten += _last_readings(task, run, coarse)
    return rewritten


def _last_readings(task: str, run: list[Item], coarse: bool) -> list[Item | str]:
    """One wait for the whole run, then whatever it measured last."""
    readings = [item for item in run if re.match(r"use thermometer|examine stopwatch", item.action)]
    if task in _STATE_CHANGE_TASKS or not readings:
        return list(_waits(sum(item.ticks for item in run), coarse))
    last = readings[-1]
    return [*_waits(sum(item.ticks for item in run[: run.index(last)]), coarse), last]


def _until_melted(run: list[Item]) -> list[Item | str]:
    """A reading per tick pair until the substance changes or two readings are equal."""
    readings = [item for item in run if item.action.startswith("use thermometer")]
    if not readings:
        return list(run)
    kept: list[Item | str] = []
    for index, item in enumerate(readings):
        kept.append(item)
        if index and item.observation == readings[index - 1].observation:
            return kept  # equal readings: nothing more will be learnt
    # The `examine`s between them made time pass too: measure instead of looking.
    ticks = sum(item.ticks for item in run) - len(readings)
    return [*[readings[0]] * max(ticks, 0), *kept]


def _without_watering(items: list[Item]) -> list[Item | str] | None:
    """Self-watering pots need no jug: the plan waits for the same time instead. None if nobody waters."""
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
"""From bold to cautious; a rewrite returns None if there is nothing to rewrite."""


# --- routes and names ------------------------------------------------------------------------------


def _route(
    items: Sequence[Item | str],
    start: str,
    description: str,
    teleport: bool,
    surveys: Mapping[str, str],
) -> Plan:
    """Moves between rooms made direct, and everything called by the simulator's own names.

    Walks are dropped where they occur; a teleport is put in when an action needs the expert to be in
    another room. So a walk that led nowhere leaves no trace.
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
            # The expert has to be where the action took place.
            target = room_of(item.look) or target
        if target != room and teleport:
            for stop in _stops(target, visited, description, surveys):
                plan.append((f"teleport to {stop}",))
                visited.append(stop)
            room = target
        plan.append(namer.wordings(item, final_answers[id(item)]))
    return rename_wires(plan, items)


def _stops(target: str, visited: Sequence[str], description: str, surveys: Mapping[str, str]) -> list[str]:
    """The rooms to teleport to, in order: those to search or to look into first, then the target."""
    survey = surveys.get(target)
    surveyed = [survey] if survey and survey not in visited else []
    return [*_search(target, visited, description), *surveyed, target]


def _search(target: str, visited: Sequence[str], description: str) -> list[str]:
    """Rooms searched before `target`, because nothing says that the thing is there."""
    if target in visited or target in _EQUIPPED or target in description:
        return []
    return [room for room in SEARCH_ORDER[: SEARCH_ORDER.index(target)] if room not in visited]
