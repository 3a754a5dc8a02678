"""`Trajectory` and `Step`: an expert's verified path through one variation."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

PATHS = ("tidied", "simulator")
"""Forms of a path: shortened by us, or as the simulator's own solver wrote it."""


class TrajectoryKey(NamedTuple):
    """What makes a trajectory one of a kind in a store."""

    task: str
    variation: int
    path: str


@dataclass(frozen=True)
class Step:
    """One action with what was seen before it and what came of it.

    Attributes:
        look: the room before the action.
        inventory: what was carried before the action.
        action: the text sent to the simulator.
        observation: the simulator's answer.
        score: task score after the action, 0 to 1.
        moves: moves used so far, this action included.
    """

    look: str
    inventory: str
    action: str
    observation: str
    score: float
    moves: int


@dataclass(frozen=True)
class Trajectory:
    """An expert's path that a replay on a freshly loaded variation took to score 1.

    Attributes:
        task: simulator name of the task.
        variation: variation index.
        description: the task's text.
        simplifications: as given to `Episode.load`.
        path: one of `PATHS`.
        steps: the path.
        scienceworld_version: version of the `scienceworld` package that played it.
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
        """A JSON-ready form; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Trajectory":
        """Build from `to_dict`'s form; unknown keys are ignored."""
        steps = tuple(Step(**step) for step in record["steps"])
        fields = {name: record[name] for name in cls.__dataclass_fields__ if name != "steps"}
        return cls(**fields, steps=steps)
