"""Expert trajectories of ScienceWorld, annotated with sub-goals, as a dataset.

The names below are imported on first use (PEP 562), so that `subgoal --help` does not load py4j.

Example:

```python
from dataset_builder import Simulator

with Simulator() as simulator:
    print(simulator.episode().load("boil", 0))
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode, Simulator, StepResult
    from dataset_builder.simulator.tasks import TASKS, Task
    from dataset_builder.trajectories.agent_state import AgentState
    from dataset_builder.trajectories.subgoals import Segment, SubGoal
    from dataset_builder.trajectories.trajectory import Step, Trajectory

_MODULES = {
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
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
