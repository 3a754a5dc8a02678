"""The expert's path for a variation, divided by sub-goal, and the `Guide` that follows it in an episode."""

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
    """A sub-goal with the expert's actions for it.

    Attributes:
        subgoal: its text.
        steps: the expert's actions with their observations and rewards.
        room: the expert's room after the last action, `""` if unknown.
        moved: whether the last action led to this room.

    Example:

    ```python
    >>> steps = (Event("open door to kitchen", "The door is now open.", 0), Event("go to kitchen", "", 3))
    >>> span = SubgoalSpan("navigate_to(kitchen)", steps, room="kitchen", moved=True)
    >>> span.fulfilled(steps[:1], room="hallway"), span.fulfilled(steps, room="kitchen")
    (False, True)
    ```
    """

    subgoal: str
    steps: tuple[Event, ...]
    room: str
    moved: bool

    @property
    def max_steps(self) -> int:
        """Number of actions after which the executor is assumed to have failed."""
        return 2 * len(self.steps) + 3

    def fulfilled(self, done: Sequence[Event], room: str) -> bool:
        """Whether the agent's actions have fulfilled the sub-goal, judged by what an agent can observe.

        If they equal the expert's, it is fulfilled once all of them are played. If they differ, the agent
        must be in the expert's last room. There it is fulfilled immediately if the expert's last action
        only moved to this room, and otherwise once the agent has played as many actions equivalent to it
        as the expert. Two actions are equivalent if they have the same text or the same observation ("You
        focus on the baby wolf."), or the same first word and the same positive reward. After `max_steps`
        actions, the sub-goal counts as fulfilled in any case, so that the agent continues.

        Args:
            done (`Sequence[Event]`): the actions played under the sub-goal.
            room (`str`): the agent's current room.
        """
        if not done:
            return False
        if len(done) >= self.max_steps:
            return True
        played = [event.action for event in done]
        if played == [step.action for step in self.steps[: len(played)]]:
            return len(played) == len(self.steps)
        if self.room and room != self.room:
            return False
        return self.moved or self._count_last(done) >= self._count_last(self.steps)

    def _count_last(self, events: Iterable[Event]) -> int:
        """The number of events that are equivalent to the expert's last action."""
        return sum(_equivalent(event, self.steps[-1]) for event in events)


def _equivalent(event: Event, expert: Event) -> bool:
    if event.action == expert.action or event.observation == expert.observation:
        return True
    same_verb = event.action.partition(" ")[0] == expert.action.partition(" ")[0]
    return same_verb and event.reward == expert.reward > 0


class Guide:
    """Tracks the progress of one episode along the expert's path.

    Args:
        spans (`Sequence[SubgoalSpan]`): the expert's path, in order.

    Example:

    ```python
    guide = Guide(ExpertSubgoals(simulator).spans("boil", 0))
    state.set_subgoal(guide.subgoal(state))
    ```
    """

    def __init__(self, spans: Sequence[SubgoalSpan]) -> None:
        self._spans = spans
        self._index = 0
        self._start = 0  # step at which the current span began

    def subgoal(self, state: AgentState) -> str:
        """The sub-goal for the next action. Another call for the same state returns the same."""
        span = self._spans[self._index]
        is_last = self._index == len(self._spans) - 1
        if not is_last and span.fulfilled(state.history[self._start :], room_of(state.look)):
            self._index += 1
            self._start = state.step
        return self._spans[self._index].subgoal


class ExpertSubgoals:
    """The expert's path of a variation: read from a dataset, or searched and annotated by rules.

    Each path is searched only once. Another process may find another path, because the simulator's solver
    draws random numbers.

    Args:
        simulator (`Simulator`, *optional*): searches a path that the dataset lacks.
        trajectories (`str`, *optional*): dataset folder or repository with annotated paths.
        simplifications (`str`, *optional*, defaults to `"easy"`): simplifications of the protocol.

    Example:

    ```python
    expert = ExpertSubgoals(trajectories="release/dataset")
    expert.actions("find-animal", 0)  # ["open door to kitchen", …]
    expert.spans("find-animal", 0)[0].subgoal
    ```
    """

    def __init__(
        self,
        simulator: Simulator | None = None,
        trajectories: str | None = None,
        simplifications: str = "easy",
    ) -> None:
        self._simulator = simulator
        self._simplifications = simplifications
        self._rows: dict[tuple[str, int], tuple[Any, int]] = {}
        self.source: dict[str, str] | None = None
        """`dataset_identity` of the dataset."""
        if trajectories is not None:
            from dataset_builder.dataset.load import dataset_identity

            self.source = dataset_identity(trajectories)
            self._rows = _index(trajectories, simplifications)
        self._spans: dict[tuple[str, int], list[SubgoalSpan]] = {}
        self._locks: dict[tuple[str, int], threading.Lock] = {}

    def spans(self, task: str, variation: int) -> list[SubgoalSpan]:
        """The path of a variation as spans, in order. Thread-safe.

        Raises:
            SubgoalError: if the dataset has no path and the search finds none.
            SimulatorDied: if the Java process ended during the search.
        """
        key = (task, variation)
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._spans:
                self._spans[key] = self._look_up(*key)
            return self._spans[key]

    def actions(self, task: str, variation: int) -> list[str]:
        """The actions of a path; errors as for `spans`. A dataset needs no other column for them."""
        if (task, variation) in self._rows:
            table, index = self._rows[task, variation]
            return list(table[index]["action"])
        return [step.action for span in self.spans(task, variation) for step in span.steps]

    def _look_up(self, task: str, variation: int) -> list[SubgoalSpan]:
        if (task, variation) in self._rows:
            table, index = self._rows[task, variation]
            row = table[index]
            return subgoal_spans(row["subgoal"], row["action"], row["observation"], row["score"], row["look"])
        if self._simulator is None:
            owner = self.source["id"] if self.source else "The expert"
            raise SubgoalError(f"{owner} has no path for {task} {variation}.")
        from dataset_builder.annotation.annotators import annotator
        from dataset_builder.expert.solve import find_trajectory
        from dataset_builder.trajectories.subgoals import step_subgoals

        path = find_trajectory(self._simulator, task, variation, simplifications=self._simplifications)
        steps = path.steps
        return subgoal_spans(
            step_subgoals(annotator("rules").annotate(path)),
            path.actions,
            [step.observation for step in steps],
            [step.score_fraction for step in steps],
            [step.look for step in steps],
        )


def _index(source: str, simplifications: str) -> dict[tuple[str, int], tuple[Any, int]]:
    """(task, variation) → the table and the row of its path. Only short columns are read here."""
    from dataset_builder.dataset.load import load_config

    rows = {}
    for table in load_config(source, "trajectories").values():
        keys = table.select_columns(["task", "variation", "simplifications"])
        for index, row in enumerate(keys):
            if row["simplifications"] == simplifications:
                rows[row["task"], row["variation"]] = (table, index)
    return rows


def subgoal_spans(
    subgoals: Sequence[str],
    actions: Sequence[str],
    observations: Sequence[str],
    scores: Sequence[float],
    looks: Sequence[str],
) -> list[SubgoalSpan]:
    """A path as spans: consecutive steps with the same sub-goal. All arguments have one entry per step."""
    points = list(map(to_points, scores))
    rewards = [after - before for before, after in pairwise([0, *points])]
    steps = [Event(*step) for step in zip(actions, observations, rewards, strict=True)]
    starts = [i for i in range(len(steps)) if i == 0 or subgoals[i] != subgoals[i - 1]]
    spans = []
    for start, stop in zip(starts, [*starts[1:], len(steps)], strict=True):
        room = room_of(looks[stop]) if stop < len(steps) else ""
        moved = room not in ("", room_of(looks[stop - 1]))
        spans.append(SubgoalSpan(subgoals[start], tuple(steps[start:stop]), room, moved))
    return spans
