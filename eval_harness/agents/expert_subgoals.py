"""The expert's sub-goals for one variation, and the guide that hands them to an executor one by one."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.agent_state import AgentState, Event
from dataset_builder.trajectories.trajectory import to_points


@dataclass(frozen=True)
class SubgoalSpan:
    """A sub-goal with what the expert did for it.

    Attributes:
        subgoal: its text.
        steps: the expert's actions with their answers and points.
        room: where the expert was afterwards, `""` if unknown.
        moved: whether the last action led there.
    """

    subgoal: str
    steps: tuple[Event, ...]
    room: str
    moved: bool

    @property
    def patience(self) -> int:
        """Actions after which an executor is believed to have failed at the sub-goal."""
        return 2 * len(self.steps) + 3

    def fulfilled(self, done: Sequence[Event], room: str) -> bool:
        """Whether what was done under the sub-goal has fulfilled it, judged by what an agent sees.

        While these are the expert's own actions, word by word: when all of them have been played.
        Otherwise, in the room where the expert ended: at once if the expert's last action was the way
        there, else when its like has happened as often as with the expert. Like it is an action in the
        same words, one that got the same answer ("You focus on the baby wolf."), and one of the same
        kind (first word) that brought the same points. Failing all that, the sub-goal is given up after
        `patience` actions.

        Args:
            done (`Sequence[Event]`): what was done under the sub-goal.
            room (`str`): where the agent is now.
        """
        if not done:
            return False
        if len(done) >= self.patience:
            return True
        played = [event.action for event in done]
        if played == [step.action for step in self.steps[: len(played)]]:
            return len(played) == len(self.steps)
        if self.room and room != self.room:
            return False
        return self.moved or self._happened(done) >= self._happened(self.steps)

    def _happened(self, events: Iterable[Event]) -> int:
        """How many events are like the expert's last action."""
        return sum(_alike(event, self.steps[-1]) for event in events)


def _alike(one: Event, other: Event) -> bool:
    if one.action == other.action or one.observation == other.observation:
        return True
    same_kind = one.action.partition(" ")[0] == other.action.partition(" ")[0]
    return same_kind and one.reward == other.reward > 0


class Guide:
    """Where an executor stands on the expert's way through one variation.

    Args:
        stretches (`Sequence[SubgoalSpan]`): the expert's path, in order.
    """

    def __init__(self, stretches: Sequence[SubgoalSpan]) -> None:
        self._stretches = stretches
        self._at = 0
        self._began = 0

    def subgoal(self, state: AgentState) -> str:
        """The sub-goal for the next action: at most one further than that for the last. Safe to ask twice."""
        last = self._at == len(self._stretches) - 1
        if not last and self._stretches[self._at].fulfilled(
            state.history[self._began :], room_of(state.look)
        ):
            self._at += 1
            self._began = state.step
        return self._stretches[self._at].subgoal


class ExpertSubgoals:
    """The expert's path by variation, as stretches: from a dataset, else searched and annotated by rules.

    A path that is searched may come out differently in another run (the simulator's solver draws);
    within one it is searched once.

    Args:
        simulator (`Simulator`, *optional*): where a path is searched when no dataset has it.
        trajectories (`str`, *optional*): dataset folder or repository with annotated paths.
        simplifications (`str`, *optional*, defaults to `"easy"`): the protocol's.
    """

    def __init__(
        self,
        simulator: Simulator | None = None,
        trajectories: str | None = None,
        simplifications: str = "easy",
    ) -> None:
        self._simulator = simulator
        self._source = trajectories
        self._simplifications = simplifications
        self._rows = {} if trajectories is None else _index(trajectories, simplifications)
        self._found: dict[tuple[str, int], list[SubgoalSpan]] = {}
        self._locks: dict[tuple[str, int], threading.Lock] = {}

    def stretches(self, task: str, variation: int) -> list[SubgoalSpan]:
        """The stretches of a variation's path, in order. Several threads may ask at once.

        Raises:
            SubgoalError: if neither the dataset nor the search has one.
            SimulatorDied: if the Java process ended meanwhile.
        """
        key = (task, variation)
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._found:
                self._found[key] = self._look_up(*key)
            return self._found[key]

    def _look_up(self, task: str, variation: int) -> list[SubgoalSpan]:
        if (task, variation) in self._rows:
            table, number = self._rows[task, variation]
            return _of_row(table[number])
        if self._simulator is None:
            source = "The expert" if self._source is None else _public_name(self._source)
            raise SubgoalError(f"{source} has no path for {task} {variation}.")
        from dataset_builder.annotation.annotators import annotator
        from dataset_builder.expert.solve import find_trajectory
        from dataset_builder.trajectories.subgoals import step_subgoals

        path = find_trajectory(self._simulator, task, variation, simplifications=self._simplifications)
        steps = path.steps
        return _stretches(
            step_subgoals(annotator("rules").annotate(path)),
            path.actions,
            [step.observation for step in steps],
            [step.score_fraction for step in steps],
            [step.look for step in steps],
        )


def _public_name(source: str) -> str:
    from dataset_builder.common.hub_ids import public_name

    return public_name(source)


def _index(source: str, simplifications: str) -> dict[tuple[str, int], tuple[Any, int]]:
    """Where each variation's path is: table and row. The long columns are read when they are asked for."""
    from dataset_builder.dataset.load import load_config

    places = {}
    for table in load_config(source, "trajectories").values():
        keys = table.select_columns(["task", "variation", "simplifications"])
        for number, row in enumerate(keys):
            if row["simplifications"] == simplifications:
                places[row["task"], row["variation"]] = (table, number)
    return places


def _of_row(row: dict[str, Any]) -> list[SubgoalSpan]:
    return _stretches(row["subgoal"], row["action"], row["observation"], row["score"], row["look"])


def _stretches(
    subgoals: Sequence[str],
    actions: Sequence[str],
    answers: Sequence[str],
    scores: Sequence[float],
    looks: Sequence[str],
) -> list[SubgoalSpan]:
    """Runs of the same sub-goal. Two neighbouring segments never have the same."""
    points = list(map(to_points, scores))
    gains = [after - before for before, after in pairwise([0, *points])]
    steps = [Event(*step) for step in zip(actions, answers, gains, strict=True)]
    starts = [i for i in range(len(steps)) if i == 0 or subgoals[i] != subgoals[i - 1]]
    found = []
    for start, stop in zip(starts, [*starts[1:], len(steps)], strict=True):
        room = room_of(looks[stop]) if stop < len(steps) else ""
        moved = room not in ("", room_of(looks[stop - 1]))
        found.append(SubgoalSpan(subgoals[start], tuple(steps[start:stop]), room, moved))
    return found
