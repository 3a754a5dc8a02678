"""`ScienceWorldVectorEnv`: many episodes at once in one Java process as a `gymnasium.vector.VectorEnv`."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from dataset_builder.common.errors import UsageError
from dataset_builder.gym.environment import Info, Observation, ScienceWorldGymEnv

Observations = dict[str, tuple[str, ...]]
Transition = tuple[Observation, float, bool, bool, Info]


class ScienceWorldVectorEnv(VectorEnv[Observations, Sequence[str], np.ndarray]):
    """Episodes that advance together, in threads of one Java process.

    It behaves as `gymnasium.vector.SyncVectorEnv` with the same environments: environment `i` is reset with
    `seed + i`, observations are dictionaries of tuples of `num_envs` texts, and rewards, terminations and
    truncations are arrays of shape `(num_envs,)`.

    Args:
        num_envs (`int`, *optional*, defaults to 1): number of episodes.
        max_episode_steps (`int`, *optional*): actions after which an episode is truncated, those that the
            simulator rejects included; None or -1 for no limit. `gymnasium.make_vec` passes 200 by default.
        autoreset_mode (`AutoresetMode` or `str`, *optional*, defaults to `"NextStep"`): when an episode
            that ended is followed by the next one: `NextStep`, `SameStep` (`final_obs` and `final_info` in
            the infos are those of the episode that ended) or `Disabled`.
        threads (`int`, *optional*): number of threads; twice the number of cores by default.
        **options: arguments of `ScienceWorldGymEnv`.

    Raises:
        UsageError: for a wrong argument.

    Example:

    ```python
    import gymnasium
    import dataset_builder.gym

    envs = gymnasium.make_vec("ScienceWorld-v0", num_envs=8, task="boil,melt")
    observations, infos = envs.reset(seed=0)
    observations, rewards, terminations, truncations, infos = envs.step(["look around"] * 8)
    envs.close()
    ```
    """

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
        **options: Any,
    ) -> None:
        if num_envs < 1:
            raise UsageError(f"A vector environment of {num_envs} environments: use at least 1.")
        try:
            self.autoreset_mode = AutoresetMode(autoreset_mode)
        except ValueError:
            modes = ", ".join(mode.value for mode in AutoresetMode)
            raise UsageError(f"Unknown autoreset mode {autoreset_mode!r}: use one of {modes}.") from None
        self.num_envs = num_envs
        self.envs: list[gymnasium.Env[Observation, str]] = [
            ScienceWorldGymEnv(**options) for _ in range(num_envs)
        ]
        first = self.envs[0]
        self.metadata = first.metadata | {"autoreset_mode": self.autoreset_mode}
        self.render_mode = first.render_mode
        self.single_observation_space = first.observation_space
        self.single_action_space = first.action_space
        self.observation_space = batch_space(first.observation_space, num_envs)
        self.action_space = batch_space(first.action_space, num_envs)
        if max_episode_steps not in (None, -1):
            assert max_episode_steps is not None
            self.envs = [gymnasium.wrappers.TimeLimit(env, max_episode_steps) for env in self.envs]
        self._threads = ThreadPoolExecutor(min(num_envs, threads or 2 * (os.cpu_count() or 1)))
        self._ended = np.zeros(num_envs, dtype=np.bool_)
        self._observations: list[Observation] = []

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observations, Info]:
        """Begin an episode in each environment.

        Args:
            seed (`int` or `Sequence[int]`, *optional*): environment `i` gets `seed + i`, or `seed[i]`.
            options (`dict`, *optional*): as for `ScienceWorldGymEnv.reset`, for all environments. With
                `reset_mask`, a boolean array of shape `(num_envs,)`, only those environments are reset.

        Raises:
            UsageError: for a wrong number of seeds, a wrong mask, or wrong options.
        """
        super().reset(seed=seed if isinstance(seed, int) else None)
        seeds = self._seeds(seed)
        options = dict(options or {})
        mask = self._mask(options.pop("reset_mask", None))
        indices = [int(index) for index in np.flatnonzero(mask)]
        resets = self._threads.map(lambda i: self.envs[i].reset(seed=seeds[i], options=options), indices)
        observations = self._observations or [{}] * self.num_envs
        infos: Info = {}
        for index, (observation, info) in zip(indices, resets, strict=True):
            observations[index] = observation
            infos = self._add_info(infos, info, index)
        self._ended &= ~mask
        return self._batch(observations), infos

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        seeds = range(seed, seed + self.num_envs) if isinstance(seed, int) else seed
        if len(seeds) != self.num_envs:
            raise UsageError(f"{len(seeds)} seeds for {self.num_envs} environments: give one seed for each.")
        return seeds

    def _mask(self, mask: Any) -> np.ndarray:
        """Which environments to reset: all of them without a mask."""
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise UsageError(f"Option reset_mask must be a boolean NumPy array of shape ({self.num_envs},).")
        if not self._observations and not mask.all():
            raise UsageError("The first reset must be one of all environments: omit reset_mask.")
        return mask

    def step(self, actions: Sequence[str]) -> tuple[Observations, np.ndarray, np.ndarray, np.ndarray, Info]:
        """Send an action to each environment.

        With `NextStep`, the action of an environment whose episode has ended is ignored, and its next
        episode begins instead, with reward 0.

        Raises:
            ResetNeeded: before the first reset, and with `Disabled` if an episode is over.
            UsageError: for a wrong number of actions, or an action that is not a text.
        """
        if isinstance(actions, str) or len(actions) != self.num_envs:
            raise UsageError(f"{self.num_envs} environments need a sequence of {self.num_envs} actions.")
        transitions = list(self._threads.map(self._advance, range(self.num_envs), actions))
        infos: Info = {}
        for index, (*_, info) in enumerate(transitions):
            infos = self._add_info(infos, info, index)
        observations, rewards, terminations, truncations, _ = zip(*transitions, strict=True)
        terminated, truncated = np.array(terminations), np.array(truncations)
        self._ended = terminated | truncated
        return self._batch(list(observations)), np.array(rewards), terminated, truncated, infos

    def _advance(self, index: int, action: str) -> Transition:
        """One environment's step, or the reset in its place."""
        env = self.envs[index]
        if self._ended[index] and self.autoreset_mode is AutoresetMode.NEXT_STEP:
            observation, info = env.reset()
            return observation, 0.0, False, False, info
        observation, reward, terminated, truncated, info = env.step(action)
        if (terminated or truncated) and self.autoreset_mode is AutoresetMode.SAME_STEP:
            ended = {"final_obs": observation, "final_info": info}
            observation, first_info = env.reset()
            info = first_info | ended
        return observation, float(reward), terminated, truncated, info

    def _batch(self, observations: list[Observation]) -> Observations:
        self._observations = observations
        return {key: tuple(observation[key] for observation in observations) for key in observations[0]}

    def render(self) -> tuple[str, ...] | None:
        """What each environment renders."""
        return tuple(env.render() for env in self.envs) if self.render_mode else None  # type: ignore[misc]

    def close_extras(self, **options: Any) -> None:
        """Close the environments, and with the last of this Python process the Java process."""
        self._threads.shutdown()
        for env in self.envs:
            env.close()
