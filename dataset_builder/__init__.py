"""Expert trajectories of ScienceWorld, annotated with sub-goals, as a dataset.

The names below are loaded on first use, so that importing the package (and `subgoal --help`) stays
free of py4j and datasets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode, Simulator, StepResult
    from dataset_builder.simulator.tasks import TASKS, Task
    from dataset_builder.trajectories.agent_state import AgentState
    from dataset_builder.trajectories.subgoals import Segment, SubGoal
    from dataset_builder.trajectories.trajectory import Step, Trajectory

_HOMES = {
    "Episode": "simulator.simulator",
    "Simulator": "simulator.simulator",
    "StepResult": "simulator.simulator",
    "TASKS": "simulator.tasks",
    "Task": "simulator.tasks",
    "AgentState": "trajectories.agent_state",
    "Segment": "trajectories.subgoals",
    "SubGoal": "trajectories.subgoals",
    "Step": "trajectories.trajectory",
    "Trajectory": "trajectories.trajectory",
}

__all__ = [
    "TASKS",
    "AgentState",
    "Episode",
    "Segment",
    "Simulator",
    "Step",
    "StepResult",
    "SubGoal",
    "Task",
    "Trajectory",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
