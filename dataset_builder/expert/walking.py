"""Replaying a path in the game without simplifications: doors, walks and watering.

The verified paths use the simplifications `easy`: they teleport, all doors are open, and flower pots water
themselves. A replay without them walks through the doors instead, and waters the pots of growing plants. The
sub-goals stay those of the path: what changes is how the agent fulfils them. Only watering is a sub-goal of
its own.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataset_builder.expert.plan import ANSWER, ReplayFailed
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode, StepResult
from dataset_builder.trajectories.genetics import flower_pots
from dataset_builder.trajectories.subgoals import SubGoal
from dataset_builder.trajectories.trajectory import Step, to_fraction

DOORS: dict[str, tuple[str, ...]] = {
    "art studio": ("hallway",),
    "bathroom": ("kitchen",),
    "bedroom": ("hallway",),
    "foundry": ("outside",),
    "greenhouse": ("hallway", "outside"),
    "hallway": ("art studio", "bedroom", "greenhouse", "kitchen", "living room", "workshop"),
    "kitchen": ("bathroom", "hallway", "outside"),
    "living room": ("hallway",),
    "outside": ("foundry", "greenhouse", "kitchen"),
    "workshop": ("hallway",),
}
"""Room → the rooms behind its doors; the house is the same in every variation."""

MAX_ACTIONS = 100
"""Length of the longest path: protocol `tales` ends an episode after this many actions."""

_TELEPORT = "teleport to "
_DOOR = re.compile(r"(open|close) door to (.+)")
_SELF_WATERING = "self watering "
_WATER = re.compile(r"\bwater\b")
_PLANT = re.compile(r"\b(?:seed|seedling|plant|tree)\b")
_MAX_WAITS = 7
_MAX_FILLS = 3


@dataclass(frozen=True)
class PlannedStep:
    """A step of the path to be replayed.

    Attributes:
        action: what the path does; `teleport to …` becomes a walk.
        subgoal: the sub-goal that it serves, as text.
        taught: whether it is a training target.

    Example:

    ```python
    >>> plan = [PlannedStep("teleport to kitchen", "navigate_to(kitchen)")]
    >>> plan[0].taught
    True
    ```
    """

    action: str
    subgoal: str
    taught: bool = True


class WalkingReplay:
    """Plays a path on the current load, which has no simplifications, and records the steps.

    Args:
        episode (`Episode`): with the variation loaded, and without a step limit.

    Example:

    ```python
    episode.load("boil", 0, simplifications="")
    replay = WalkingReplay(episode)
    replay.play([PlannedStep("teleport to kitchen", "navigate_to(kitchen)")])
    print([step.action for step in replay.steps])  # open door to kitchen, go to kitchen
    ```
    """

    def __init__(self, episode: Episode) -> None:
        self.episode = episode
        self.steps: list[Step] = []
        self.subgoals: list[str] = []
        self.taught: list[bool] = []
        self._before = 0
        self._asked = False
        self._sink_runs = False
        self._visited: set[str] = set()

    def prepare(self, actions: Sequence[str]) -> list[str]:
        """Play actions without recording them; moves are counted from their end. Rejected ones are skipped.

        Returns:
            `list[str]`: the actions that were played and accepted, walks included.

        Raises:
            ReplayFailed: if a room cannot be reached.
            SimulatorDied: if the Java process ended.
        """
        self.play([PlannedStep(action, "prepare()", taught=False) for action in actions], strict=False)
        played = [step.action for step in self.steps]
        self.steps, self.subgoals, self.taught = [], [], []
        self._before = self.episode.moves
        return played

    def play(self, plan: Sequence[PlannedStep], strict: bool = True) -> None:
        """Play the steps of a path.

        Args:
            plan (`Sequence[PlannedStep]`): the path.
            strict (`bool`, *optional*, defaults to `True`): raise an error if an action is rejected.

        Raises:
            ReplayFailed: if an action is rejected or loses the episode, a room cannot be reached, or the path
                becomes too long.
            SimulatorDied: if the Java process ended.
        """
        for stops, planned in _walks(plan):
            following = stops[0] if stops else planned
            if following is not None:
                self._answer(following.action, strict)
            for stop in stops:
                if stop is stops[-1] or stop.action.removeprefix(_TELEPORT) not in self._visited:
                    self._walk(stop, destination=stops[-1].action.removeprefix(_TELEPORT), strict=strict)
            if planned is not None and not self.episode.done:
                self._perform(planned, strict)
        self._answer("", strict)

    def _answer(self, next_action: str, strict: bool) -> None:
        """Answer the simulator's question if the path does not: more plants have grown during a walk."""
        if self._asked and next_action != ANSWER and not self.episode.done:
            self._do(ANSWER, PlannedStep(ANSWER, self.subgoals[-1], self.taught[-1]), strict)

    @property
    def room(self) -> str:
        return room_of(self.episode.look())

    def _is_closed(self, room: str) -> bool:
        """Whether the door to a neighbouring room is closed."""
        return f"door to the {room} (that is closed)" in self.episode.look()

    def _walk(self, stop: PlannedStep, destination: str, strict: bool) -> None:
        """Walk to a room, or until the last room of the search is reached on the way."""
        target = stop.action.removeprefix(_TELEPORT)
        while not self.episode.done and (room := self.room) not in (target, destination):
            next_room = route(room, target)[0]
            if self._is_closed(next_room):
                self._do(f"open door to {next_room}", stop, strict)
            self._do(f"go to {next_room}", stop, strict)
            if self.room == room:
                raise ReplayFailed(f"no way from {room} to {next_room}")
            self._visited.add(self.room)

    def _perform(self, planned: PlannedStep, strict: bool) -> None:
        action = planned.action.replace(_SELF_WATERING, "")
        if action == ANSWER and not self._asked:
            return
        door = _DOOR.fullmatch(action)
        if door and self._is_closed(door[2]) == (door[1] == "close"):
            return  # the door is as it should be
        if action.startswith("wait"):
            self._water(planned)
        self._do(action, planned, strict)

    def _water(self, planned: PlannedStep) -> None:
        """Water the pots in this room whose plants have run out of water."""
        look = self.episode.look()
        planted = {pot: held for pot, held in flower_pots(look).items() if _PLANT.search(held)}
        dry = [pot for pot, held in planted.items() if not _WATER.search(held)]
        if not dry or "a jug" not in look + self.episode.inventory():
            return
        watering = PlannedStep("", str(SubGoal("water", tuple(dry))), planned.taught)
        if not self._sink_runs:
            self._do("move jug to sink", watering)
            self._do("activate sink", watering)
            self._sink_runs = True
        for pot in dry:
            for _ in range(_MAX_FILLS):
                if "jug (containing a substance called water)" in self.episode.look():
                    break
                self._do("wait1", watering)
            self._do(f"pour jug into {pot}", watering)
            self._do("move jug to sink", watering)

    def _do(self, action: str, planned: PlannedStep, strict: bool = True) -> None:
        """Play and record an action; wait for what is to be focused on if it has not grown yet."""
        waits = _MAX_WAITS if strict and action.startswith("focus on ") else 0
        look, inventory = self.episode.look(), self.episode.inventory()
        result = self.episode.step(action)
        while not result.accepted and waits:
            waits -= 1
            self._do("wait1", planned)
            look, inventory = self.episode.look(), self.episode.inventory()
            result = self.episode.step(action)
        if strict:
            self._check(action, result)
        elif not result.accepted:
            return
        self._asked = result.ambiguous
        moves = result.moves - self._before
        self.steps.append(Step(look, inventory, action, result.observation, to_fraction(result.score), moves))
        self.subgoals.append(planned.subgoal.replace(_SELF_WATERING, ""))
        self.taught.append(planned.taught)

    def _check(self, action: str, result: StepResult) -> None:
        if not result.accepted:
            raise ReplayFailed(f"{action}: {result.observation[:80]}")
        if result.done and result.score < 100:
            raise ReplayFailed(f"{action}: the episode is lost")
        if len(self.steps) >= MAX_ACTIONS:
            raise ReplayFailed(f"more than {MAX_ACTIONS} actions")


def route(start: str, target: str) -> list[str]:
    """The rooms on a shortest route from one room to another, without the first.

    Raises:
        ReplayFailed: if the house has no such room.
    """
    routes = deque([[start]])
    seen = {start}
    while routes:
        rooms = routes.popleft()
        if rooms[-1] == target:
            return rooms[1:]
        for room in DOORS.get(rooms[-1], ()):
            if room not in seen:
                seen.add(room)
                routes.append([*rooms, room])
    raise ReplayFailed(f"there is no way from {start or 'here'} to {target}")


def _walks(plan: Sequence[PlannedStep]) -> Iterator[tuple[list[PlannedStep], PlannedStep | None]]:
    """Each step that is not a teleport, with the teleports before it."""
    stops: list[PlannedStep] = []
    for planned in plan:
        if planned.action.startswith(_TELEPORT):
            stops.append(planned)
        else:
            yield stops, planned
            stops = []
    if stops:
        yield stops, None
