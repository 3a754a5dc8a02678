"""Gymnasium environments of ScienceWorld; importing this package registers `ScienceWorld-v0`.

The extra `[gym]` installs gymnasium.

Example:

```python
import gymnasium
import dataset_builder.gym

env = gymnasium.make("ScienceWorld-v0", task="boil")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step("open door to kitchen")
env.close()
```
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

try:
    import gymnasium
except ImportError as error:
    raise ImportError(
        "dataset_builder.gym needs gymnasium, which is not installed: run "
        '`pip install -e ".[gym]"` in the project.'
    ) from error

if TYPE_CHECKING:
    from dataset_builder.gym.environment import ScienceWorldGymEnv
    from dataset_builder.gym.vector import ScienceWorldVectorEnv

MAX_ACTIONS = 200
"""Actions after which `ScienceWorld-v0` truncates an episode. Without this limit, an agent whose actions are
all rejected would never use up the moves that end an episode."""

gymnasium.register(
    id="ScienceWorld-v0",
    entry_point="dataset_builder.gym.environment:ScienceWorldGymEnv",
    vector_entry_point="dataset_builder.gym.vector:ScienceWorldVectorEnv",
    max_episode_steps=MAX_ACTIONS,
)

__all__, __getattr__ = lazy_exports(
    __name__, {"environment": ["ScienceWorldGymEnv"], "vector": ["ScienceWorldVectorEnv"]}
)
