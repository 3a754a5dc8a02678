"""`ScienceWorldGymEnv`: one episode of ScienceWorld at a time as a `gymnasium.Env`."""

import os
import string
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Dict, Text

from dataset_builder.common.errors import UsageError, clip
from dataset_builder.gym.durable_episode import DurableEpisode
from dataset_builder.gym.shared_simulator import SharedSimulator, acquire
from dataset_builder.simulator.simulator import Episode, Simulator, StepResult, check_simplifications
from dataset_builder.simulator.tasks import get_task, select_tasks

Observation = dict[str, str]
Info = dict[str, Any]

ACTION_CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " "
TEXT_CHARACTERS = ACTION_CHARACTERS + "\n\t"
MAX_ACTION_LENGTH = 256
"""Characters; the longest action in `release/dataset` has 138."""
MAX_TEXT_LENGTH = 2**14
"""Characters; the longest text in `release/dataset` has 1,354."""

_OPTIONS = ("task", "variation")


class ScienceWorldGymEnv(gymnasium.Env[Observation, str]):
    """One episode of ScienceWorld at a time.

    An observation is a dictionary of four texts: `observation` (the answer to the last action; after a
    reset, the first look), `look`, `inventory` and `task_description`. An action is free text; a text that
    the simulator does not know has no effect and costs no move. The reward is the score gained, in points:
    the score after the reset (0, or the points that a variation gives for its start) and the rewards add
    up to the final score, which is at most 100, and -100 if the episode is lost by a wrong focus. An
    episode terminates when the task is completed or lost, and is truncated when more than `step_limit`
    moves were used.

    Observation, reward and end equal those of `scienceworld.ScienceWorldEnv`. That class lists the valid
    actions at each step, which draws random numbers: only with `valid_actions=True` does the world develop
    in exactly the same way.

    All environments of a Python process share one Java process, which ends when the last of them is
    closed. If it dies, another is started and the actions of the episode are repeated in it.

    Args:
        task (`str` or `Iterable[str]`, *optional*): names or paper ids of tasks, comma-separated if in one
            string. A reset samples one of them, with equal probability. All 30 by default.
        split (`str`, *optional*, defaults to `"train"`): the split whose variations are sampled, with
            equal probability: `train`, `validation` or `test`.
        simplifications (`str`, *optional*, defaults to `"easy"`): comma-separated labels, as in protocols.
        step_limit (`int`, *optional*, defaults to 100): moves per episode, as `envStepLimit`; None for no
            limit. A rejected action costs 0 moves, `wait1` costs 2 and `wait` 11.
        valid_actions (`bool`, *optional*, defaults to `False`): also list the valid actions in
            `info["valid_actions"]` (20 to 800 ms per step).
        render_mode (`str`, *optional*): `ansi`: `render` returns the last action and its observation.
        simulator (`Simulator`, *optional*): plays the episodes instead of the shared one. It is not closed
            with the environment.

    Raises:
        UsageError: for an unknown task, split, simplification or render mode.

    Example:

    ```python
    with ScienceWorldGymEnv("boil,melt", split="train") as env:
        observation, info = env.reset(seed=0)
        observation, reward, terminated, truncated, info = env.step("open door to kitchen")
    ```
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012 (as gymnasium.Env declares it)

    def __init__(
        self,
        task: str | Iterable[str] | None = None,
        split: str = "train",
        simplifications: str = "easy",
        step_limit: int | None = 100,
        valid_actions: bool = False,
        render_mode: str | None = None,
        simulator: Simulator | None = None,
    ) -> None:
        self.tasks = select_tasks(task)
        self.tasks[0].variations(split)  # refuses an unknown split
        check_simplifications(simplifications)
        if step_limit is not None and step_limit < 1:
            raise UsageError(f"A step limit of {step_limit} moves: use at least 1, or None for no limit.")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UsageError(f"Unknown render mode {render_mode!r}: use ansi, or None.")
        self.split = split
        self.simplifications = simplifications
        self.render_mode = render_mode
        text = Text(MAX_TEXT_LENGTH, min_length=0, charset=TEXT_CHARACTERS)
        keys = ("observation", "look", "inventory", "task_description")
        self.observation_space = Dict(dict.fromkeys(keys, text))  # type: ignore[assignment]
        self.action_space = Text(MAX_ACTION_LENGTH, min_length=0, charset=ACTION_CHARACTERS)
        self._lists_actions = valid_actions
        shared = acquire() if simulator is None else None
        player = shared.simulator if shared else simulator
        assert player is not None
        self._episode = player.episode(step_limit)
        self._durable = DurableEpisode(self._episode)
        # Also runs when the object is deleted without `close`, and only once.
        self._leave = weakref.finalize(self, _leave, self._episode, shared, os.getpid())
        self._over = True
        self._shown = ""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Begin an episode.

        Args:
            seed (`int`, *optional*): seeds the sampling of tasks and variations.
            options (`dict`, *optional*): `task` and `variation` to play instead of sampled ones. Each
                variation of the task is allowed, whatever its split.

        Returns:
            The observation, and `info` with `task`, `variation`, `score` (0 to 100), `moves`, `accepted`
            (whether the simulator knew the action), `ambiguous` (whether it asks which object is meant)
            and, if the environment lists them, `valid_actions`.

        Raises:
            UsageError: for an unknown option, task or variation, and after `close`.
        """
        super().reset(seed=seed)
        if not self._leave.alive:
            raise UsageError("This environment is closed: make a new one.")
        task, variation = self._sample(options or {})
        self._over = True

        def load(episode: Episode) -> tuple[StepResult, Observation, Info]:
            episode.load(task, variation, self.simplifications)
            # As `ScienceWorldEnv.reset`: it takes no time, but the simulator counts the first points.
            return self._seen(episode.step("look around"))

        result, observation, info = self._durable.begin(load)
        self._over = False
        self._shown = result.observation
        return observation, info

    def _sample(self, options: Mapping[str, Any]) -> tuple[str, int]:
        """A task and one of its variations: those that the options name, others drawn by `np_random`."""
        for name in options:
            if name not in _OPTIONS:
                raise UsageError(f"Unknown option {name!r} of reset: use {' or '.join(_OPTIONS)}.")
        if "task" in options:
            task = get_task(str(options["task"]))
        elif "variation" in options and len(self.tasks) > 1:
            raise UsageError("Option variation needs option task: this environment has several tasks.")
        else:
            task = self.tasks[int(self.np_random.integers(len(self.tasks)))]
        if "variation" not in options:
            return task.name, int(self.np_random.choice(task.variations(self.split)))
        variation = options["variation"]
        if not isinstance(variation, int | np.integer):
            raise UsageError(f"Option variation is a whole number, not {clip(repr(variation))}.")
        task.check_variation(int(variation))
        return task.name, int(variation)

    def step(self, action: str) -> tuple[Observation, float, bool, bool, Info]:
        """Send an action.

        Returns:
            The observation, the score gained (points), whether the task is completed or lost, whether the
            step limit was passed, and `info` as `reset` returns it.

        Raises:
            ResetNeeded: if the episode is over.
            UsageError: if the action is not a text.
        """
        if self._over:
            raise ResetNeeded("No episode is running: call reset() before step().")
        if not isinstance(action, str):
            raise UsageError(f"An action is a text, not {clip(repr(action))} ({type(action).__name__}).")
        before = self._episode.score
        result, observation, info = self._durable.run(lambda episode: self._seen(episode.step(str(action))))
        self._shown = f"> {action}\n{result.observation}"
        self._over = result.done
        passed_limit = self._episode.step_limit is not None and result.moves > self._episode.step_limit
        truncated = result.done and passed_limit and 0 <= result.score < 100
        return observation, float(result.score - before), result.done and not truncated, truncated, info

    def _seen(self, result: StepResult) -> tuple[StepResult, Observation, Info]:
        """The result itself, the observation and the info that the environment returns for it."""
        assert self._episode.task is not None
        observation = {
            "observation": result.observation,
            "look": self._episode.look(),
            "inventory": self._episode.inventory(),
            "task_description": self._episode.task_description(),
        }
        info = {
            "task": self._episode.task.name,
            "variation": self._episode.variation,
            "score": result.score,
            "moves": result.moves,
            "accepted": result.accepted,
            "ambiguous": result.ambiguous,
        }
        if self._lists_actions:
            info["valid_actions"] = self._episode.valid_actions()
        return result, observation, info

    def valid_actions(self) -> list[str]:
        """All actions that the simulator would accept now, sorted (20 to 800 ms).

        Raises:
            ResetNeeded: if no episode is running.
        """
        if self._over:
            raise ResetNeeded("No episode is running: call reset() before valid_actions().")
        return self._durable.run(lambda episode: episode.valid_actions())

    def render(self) -> str | None:
        """The last action and its observation, if the render mode is `ansi`."""
        return self._shown if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Free the episode, and with the last environment the Java process. Can be called twice."""
        self._over = True
        self._leave()


def _leave(episode: Episode, shared: SharedSimulator | None, pid: int) -> None:
    """Free what an environment holds, unless this is a forked copy of the process that made it."""
    if os.getpid() != pid:
        return
    episode.close()
    if shared:
        shared.release()
