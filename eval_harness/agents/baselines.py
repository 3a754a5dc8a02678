"""Agents without weights: a lower and an upper bound for scores."""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.expert_subgoals import ExpertSubgoals
from modeling.agents.base import Decision


class RandomAgent:
    """Plays a random valid action: the lower bound. It is slow, since the simulator must list all actions.

    Example:

    ```python
    from eval_harness import RandomAgent, run_protocol

    run_protocol(RandomAgent(), "mini", "runs/random").mean_score
    ```
    """

    name = "random"

    def __init__(self) -> None:
        self._playing: dict[int, tuple[Episode, random.Random]] = {}
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "random")

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Start an episode with a random generator of its own."""
        self._playing[id(state)] = (episode, random.Random(seed))

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state, with one action."""
        playing = [self._playing[id(state)] for state in states]
        # List all actions before the first draw: if Java dies here, the draws are the same after a restart.
        lists = list(self._threads.map(lambda game: game[0].valid_actions(), playing))
        return [Decision((dice.choice(actions),)) for (_, dice), actions in zip(playing, lists, strict=True)]

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._playing.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        """Provenance: `name`, and `models`, which is empty."""
        return {"name": self.name, "models": {}}


class ExpertAgent:
    """Plays the expert's verified path: the upper bound.

    Args:
        expert (`ExpertSubgoals`): the paths.

    Example:

    ```python
    agent = ExpertAgent(ExpertSubgoals(simulator))
    run_protocol(agent, "mini", "runs/expert", simulator=simulator).mean_score
    ```
    """

    name = "expert"
    stops_early = False
    """The expert waits and measures repeatedly, which the early stop of a protocol would take for a loop."""

    def __init__(self, expert: ExpertSubgoals) -> None:
        self._expert = expert
        self._remaining: dict[int, list[str]] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Look up the path of the episode's variation; see `ExpertSubgoals.spans` for errors."""
        self._remaining[id(state)] = self._expert.actions(state.task, episode.variation)[::-1]

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """The next action of each path; no action after its end."""
        paths = [self._remaining[id(state)] for state in states]
        return [Decision((path.pop(),) if path else ()) for path in paths]

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._remaining.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        """Provenance: `name`, `models` (empty), and `trajectories`: `id` and `revision`, or None."""
        return {"name": self.name, "models": {}, "trajectories": self._expert.source}
