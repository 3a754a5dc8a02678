"""The rearrangement of a world before a replay, which is not recorded."""

import re
from collections.abc import Sequence
from random import Random

from dataset_builder.practice.relabelling import builds_circuit, surplus_parts
from dataset_builder.practice.replay import HOLDERS, SEARCH, TAKES, PracticeReplay
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.trajectory import Trajectory

_MOVED = 0.7  # share of the replays in which things are moved
_ELSEWHERE = 0.8  # share of the replays that start in another room
_MAX_GROWTH = 4  # waits before a replay with plants; their seeds soon germinate
_WORKSHOP = "workshop"
_STORES = ("bedroom", "living room", "bathroom", "art studio")  # where surplus parts are taken
_FIXED = {"metal pot", "water", "agent", "air"}
_POUR = re.compile(r"pour (.+) (?:into|in) .+")
_CHANGE = re.compile(r"\bto (?:boil|melt|freeze|change the state)")


def rearrange(player: PracticeReplay, base: Trajectory, draw: Random) -> str:
    """Move the thing whose state must change to another place, and go to another room.

    Only in tasks about a change of state is it moved. The texts of the other tasks name the room of the
    thing, or it is always in the same place; with searches in their examples, a small model learned to
    search even for things in sight. Of the parts of a circuit some are taken away; plants get time to grow.

    Returns:
        `str`: the look of the room with the parts of a circuit; empty for other tasks.
    """
    parts = ""
    if _CHANGE.search(base.description) and draw.random() < _MOVED:
        for thing, room, opened in _movable(base):
            _relocate(player, thing, room, opened, draw)
    elif builds_circuit(base.task):
        parts = _thin_out(player, base, draw)
    elif player.growing and "plant" in base.description:
        for _ in range(draw.randrange(_MAX_GROWTH)):
            player.act("wait1")
    if not base.actions[0].startswith("teleport to "):
        player.act(f"teleport to {room_of(base.steps[0].look)}")  # the path's first sub-goal names no room
    elif draw.random() < _ELSEWHERE:
        player.act(f"teleport to {draw.choice((*player.put, *ROOMS))}")
    return parts


def _thin_out(player: PracticeReplay, base: Trajectory, draw: Random) -> str:
    """Take wires and light bulbs away that the path does not need; returns the look of what is left."""
    player.act(f"teleport to {_WORKSHOP}")
    surplus = surplus_parts(base, player.episode.look(), draw)
    for part in surplus:
        player.act(f"pick up {part}")
    if surplus:
        player.act(f"teleport to {draw.choice(_STORES)}")
        for part in surplus:
            player.act(f"drop {part}")
        player.act(f"teleport to {_WORKSHOP}")
    return player.episode.look()


def _movable(base: Trajectory) -> list[tuple[str, str, list[str]]]:
    """The things that the path uses: name, room, and the containers that it opened there before."""
    things: dict[str, tuple[str, str, list[str]]] = {}
    opened: dict[str, list[str]] = {}
    for step in base.steps:
        room = room_of(step.look)
        if step.action.startswith("open "):
            opened.setdefault(room, []).append(step.action.removeprefix("open "))
        match = TAKES.fullmatch(step.action)
        if match and match.group(1) not in _FIXED and match.group(1) in step.look:
            things.setdefault(match.group(1), (match.group(1), room, list(opened.get(room, ()))))
    return list(things.values())


def _relocate(player: PracticeReplay, thing: str, room: str, opened: Sequence[str], draw: Random) -> None:
    player.act(f"teleport to {room}")
    for holder in opened:
        player.act(f"open {holder}")
    taken = player.act(f"pick up {thing}")
    for holder in opened:
        player.act(f"close {holder}")
    if not taken:
        return
    # The rooms in which experts start or work more often get more weight.
    target = draw.choice((*SEARCH, "workshop", "workshop", "kitchen", "kitchen", "outside"))
    player.act(f"teleport to {target}")
    holder = draw.choice(HOLDERS)
    if target == "kitchen":
        player.act(f"open {holder}")
        player.act(f"move {thing} to {holder}")
        player.act(f"close {holder}")
    else:
        player.act(f"drop {thing}")
        player.put = (target, target)


def take_in_sight(player: PracticeReplay, base: Trajectory) -> None:
    """Focus on the task's thing and pick it up if it is in the first room by chance."""
    focus = next((step for step in base.steps if step.action.startswith("focus on ")), None)
    if focus is None or room_of(focus.look) == player.room or player.colours:
        return
    thing = focus.action.removeprefix("focus on ")
    poured = next((match[1] for action in base.actions if (match := _POUR.fullmatch(action))), thing)
    if player.sees(thing) and _CHANGE.search(base.description):
        player.do(f"focus_on({thing})", focus.action)
        player.do(f"fetch({thing})", f"pick up {poured}")
        player.skipped.add(focus.action)
