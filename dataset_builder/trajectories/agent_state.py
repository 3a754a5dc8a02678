"""`AgentState`: what an agent knows at a step, both when it plays and when a path is replayed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dataset_builder.simulator.look import AMBIGUOUS, room_of
from dataset_builder.trajectories.subgoals import Segment, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory


@dataclass(frozen=True)
class Event:
    """One past action.

    Attributes:
        action: its text.
        observation: its answer.
        reward: the points that it brought (0 to 100 scale).
        look: the room after it, `""` if unknown.

    Example:

    ```python
    >>> opened = Event("open cupboard", "The cupboard is now open.", reward=3)
    >>> idle_steps([opened, Event("look around", "This room is called the kitchen.", reward=0)])
    1
    ```
    """

    action: str
    observation: str
    reward: int
    look: str = ""


def idle_steps(history: Sequence[Event]) -> int:
    """How many actions at the end of a history brought no reward."""
    rewarded = [index for index, event in enumerate(history) if event.reward > 0]
    return len(history) - (rewarded[-1] + 1 if rewarded else 0)


@dataclass
class AgentState:
    """Everything that a model may know about the episode so far.

    Attributes:
        task: simulator name (for records; the models see only the description).
        description: the task's text.
        look: the room now.
        inventory: the current inventory.
        score_points: task score now, -100 (the episode is lost) to 100.
        moves: moves used so far.
        history: past actions, oldest first.
        visited: rooms in the order of the first visit, including the current one.
        finished: sub-goals finished so far, oldest first.
        subgoal: the current sub-goal, `""` before the first.
        since: step at which it was set.
        abandoned: sub-goals that were abandoned without progress.

    Example:

    ```python
    state = AgentState("boil", description, look, inventory)
    state.set_subgoal("navigate_to(kitchen)")
    state.advance("go to kitchen", "You move to the kitchen.", 3, 1, next_look, next_inventory)
    print(state.step, state.visited)
    ```
    """

    task: str
    description: str
    look: str
    inventory: str
    score_points: int = 0
    moves: int = 0
    history: list[Event] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    subgoal: str = ""
    since: int = 0
    abandoned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._see_room()

    @property
    def step(self) -> int:
        """Actions taken so far."""
        return len(self.history)

    @property
    def subgoal_stays(self) -> bool:
        """Whether there is a sub-goal whose action waits for an answer.

        The simulator has asked which of several objects is meant. Annotations never change a sub-goal there.
        """
        asked = bool(self.history) and self.history[-1].observation.startswith(AMBIGUOUS)
        return asked and bool(self.subgoal)

    def idle_steps(self, since: int = 0) -> int:
        """Actions from step `since` on that were taken after the last reward."""
        return idle_steps(self.history[since:])

    def set_subgoal(self, subgoal: str) -> None:
        """Set the controller's sub-goal; if it differs from the current one, that one is finished."""
        if subgoal == self.subgoal:
            return
        if self.subgoal:
            self.finished.append(self.subgoal)
        self.subgoal, self.since = subgoal, self.step

    def advance(
        self, action: str, observation: str, score_points: int, moves: int, look: str, inventory: str
    ) -> None:
        """Record an action with its result, the room and the inventory after it."""
        self.history.append(Event(action, observation, score_points - self.score_points, look))
        self.score_points, self.moves = score_points, moves
        self.look, self.inventory = look, inventory
        self._see_room()

    def _see_room(self) -> None:
        room = room_of(self.look)
        if room and room not in self.visited:
            self.visited.append(room)


def replay_states(trajectory: Trajectory, segments: Sequence[Segment] = ()) -> Iterator[AgentState]:
    """The state before each action of a trajectory, as an agent playing it would have it.

    With segments, the yielded state still has the sub-goal of the *previous* step, as the controller sees it;
    the caller (or this loop, when resumed) then sets the annotated one. The same object is yielded each time:
    use it before the next iteration.
    """
    steps = trajectory.steps
    subgoals = step_subgoals(segments)
    state = AgentState(trajectory.task, trajectory.description, steps[0].look, steps[0].inventory)
    for index, step in enumerate(steps):
        yield state
        if subgoals:
            state.set_subgoal(subgoals[index])
        if index + 1 < len(steps):
            after = steps[index + 1]
            state.advance(
                step.action,
                step.observation,
                step.score_points,
                step.moves,
                after.look,
                after.inventory,
            )
