"""Expert trajectories of ScienceWorld, annotated with sub-goals, as a dataset.

The names below are imported on first use (PEP 562), so that `subgoal --help` does not load py4j.

Example:

```python
from dataset_builder import Simulator

with Simulator() as simulator:
    print(simulator.episode().load("boil", 0))
```
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode, Simulator, StepResult
    from dataset_builder.simulator.tasks import TASKS, Task
    from dataset_builder.trajectories.agent_state import AgentState
    from dataset_builder.trajectories.subgoals import Segment, SubGoal
    from dataset_builder.trajectories.trajectory import Step, Trajectory

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "simulator.simulator": ["Episode", "Simulator", "StepResult"],
        "simulator.tasks": ["TASKS", "Task"],
        "trajectories.agent_state": ["AgentState"],
        "trajectories.subgoals": ["Segment", "SubGoal"],
        "trajectories.trajectory": ["Step", "Trajectory"],
    },
)
