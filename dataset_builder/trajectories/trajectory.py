"""`Trajectory` and `Step`: an expert's verified path through one variation."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

PATHS = ("tidied", "simulator")
"""Forms of a path: shortened by us, or as the simulator's own solver wrote it."""

_STORED = {"score_fraction": "score"}
"""Fields of a step whose key in stored records differs from their name."""


def to_points(score_fraction: float) -> int:
    """A score of 0 to 1, as corpus and dataset store it, on the 0 to 100 scale of simulator and agents."""
    return round(100 * score_fraction)


def to_fraction(score_points: int) -> float:
    """The inverse of `to_points`."""
    return score_points / 100


class TrajectoryKey(NamedTuple):
    """The key of a trajectory in a store.

    Example:

    ```python
    record = Corpus("corpus").collected[TrajectoryKey("boil", 0, "tidied")]
    ```
    """

    task: str
    variation: int
    path: str


@dataclass(frozen=True)
class Step:
    """One action, with the observations before it and its result.

    Attributes:
        look: the room before the action.
        inventory: what was carried before the action.
        action: the text sent to the simulator.
        observation: the simulator's answer.
        score_fraction: task score after the action, 0 to 1.
        moves: moves used so far, this action included.

    Example:

    ```python
    >>> step = Step("This room is called the hallway.", "", "go to kitchen", "You move.", 0.03, moves=2)
    >>> step.score_points
    3
    ```
    """

    look: str
    inventory: str
    action: str
    observation: str
    score_fraction: float
    moves: int

    @property
    def score_points(self) -> int:
        """The same score on the scale of `AgentState` and `StepResult`, 0 to 100."""
        return to_points(self.score_fraction)


@dataclass(frozen=True)
class Trajectory:
    """An expert's path, which reached score 1 when it was replayed on a freshly loaded variation.

    Attributes:
        task: simulator name of the task.
        variation: variation index.
        description: the task's text.
        simplifications: as given to `Episode.load`.
        path: one of `PATHS`.
        steps: the path.
        scienceworld_version: version of the `scienceworld` package that played it.

    Example:

    ```python
    trajectory = Corpus("corpus").trajectories("tidied")[0]
    print(trajectory.task, trajectory.actions, trajectory.steps[-1].score_points)
    ```
    """

    task: str
    variation: int
    description: str
    simplifications: str
    path: str
    steps: tuple[Step, ...]
    scienceworld_version: str

    @property
    def key(self) -> TrajectoryKey:
        return TrajectoryKey(self.task, self.variation, self.path)

    @property
    def actions(self) -> list[str]:
        return [step.action for step in self.steps]

    def to_dict(self) -> dict[str, Any]:
        """The trajectory as a JSON object; `from_dict` reads it back.

        Returns:
            `dict[str, Any]`: the attributes are the keys; `steps` is a list of objects with the keys `look`,
            `inventory`, `action`, `observation`, `score` (a fraction, 0 to 1) and `moves`.
        """
        record = asdict(self)
        record["steps"] = [
            {_STORED.get(name, name): value for name, value in step.items()} for step in record["steps"]
        ]
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Trajectory":
        """Build from `to_dict`'s form; unknown keys are ignored."""
        steps = tuple(
            Step(**{name: step[_STORED.get(name, name)] for name in Step.__dataclass_fields__})
            for step in record["steps"]
        )
        fields = {name: record[name] for name in cls.__dataclass_fields__ if name != "steps"}
        return cls(**fields, steps=steps)
