"""Agents without weights: the lower and the upper bound of a run."""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Decision


class RandomAgent:
    """Plays a random valid action: the lower bound. Asks the simulator for its list, so it is slow."""

    name = "random"

    def __init__(self) -> None:
        self._playing: dict[int, tuple[Episode, random.Random]] = {}
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "random")

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._playing[id(state)] = (episode, random.Random(seed))

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        playing = [self._playing[id(state)] for state in states]
        # All lists before the first draw: if the Java process dies here, no draw is lost.
        lists = list(self._threads.map(lambda game: game[0].valid_actions(), playing))
        return [Decision((dice.choice(actions),)) for (_, dice), actions in zip(playing, lists, strict=True)]

    def end(self, state: AgentState) -> None:
        self._playing.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}


class ExpertAgent:
    """Plays the expert's verified path: the upper bound.

    Args:
        simulator (`Simulator`, *optional*): where a path is looked for when no dataset has it.
        trajectories (`str` or `Path`, *optional*): a dataset folder or repository whose paths are
            played.
        simplifications (`str`, *optional*, defaults to `"easy"`): the protocol's.
    """

    name = "expert"
    stops_early = False
    """Waiting and measuring look like a loop; the expert knows that they are none."""

    def __init__(
        self,
        simulator: Simulator | None = None,
        trajectories: str | Path | None = None,
        simplifications: str = "easy",
    ) -> None:
        self._simulator = simulator
        self._simplifications = simplifications
        self._source = None if trajectories is None else str(trajectories)
        self._paths = {} if self._source is None else _read_paths(self._source, simplifications)
        self._identity = None if self._source is None else _identity(self._source)
        self._left: dict[int, list[str]] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._left[id(state)] = self._path(state.task, episode.variation)[::-1]

    def _path(self, task: str, variation: int) -> list[str]:
        if (task, variation) in self._paths:
            return self._paths[task, variation]
        if self._simulator is None:
            source = self._identity["id"] if self._identity else "The expert"
            raise SubgoalError(f"{source} has no path for {task} {variation}.")
        from dataset_builder.expert.solve import find_trajectory

        return find_trajectory(
            self._simulator, task, variation, simplifications=self._simplifications
        ).actions

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        paths = [self._left[id(state)] for state in states]
        return [Decision((path.pop(),) if path else ()) for path in paths]

    def end(self, state: AgentState) -> None:
        self._left.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}, "trajectories": self._identity}


def _identity(source: str) -> dict[str, str]:
    from dataset_builder.dataset.load import dataset_identity

    return dataset_identity(source)


def _read_paths(source: str, simplifications: str) -> dict[tuple[str, int], list[str]]:
    from dataset_builder.dataset.load import load_config

    return {
        (row["task"], row["variation"]): row["action"]
        for split in load_config(source, "trajectories").values()
        for row in split.select_columns(["task", "variation", "simplifications", "action"])
        if row["simplifications"] == simplifications
    }
