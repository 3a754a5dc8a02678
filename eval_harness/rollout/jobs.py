"""Jobs for an engine: play episodes in this process, or in workers that load their own models."""

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.rollout import Rollout
from modeling.agents.base import Agent


@dataclass(frozen=True)
class PlayHere:
    """A job that plays with the agent and simulator of this process.

    Attributes:
        agent, protocol, simulator, batch_size: as for `Rollout`.

    Example:

    ```python
    job = PlayHere(agent, protocol, simulator, batch_size=32)
    for index, episode in LocalEngine().map(job, protocol.units("boil"), batch=None):
        print(episode.key, episode.score)
    ```
    """

    agent: Agent
    protocol: Protocol
    simulator: Simulator
    batch_size: int
    uses_gpu = True

    def start(self, threads: int) -> "_Player":
        """The simulator is not closed with the player: its owner closes it."""
        return _Player(Rollout(self.agent, self.protocol, self.simulator, self.batch_size))


@dataclass(frozen=True)
class AgentMaker:
    """Makes an agent in another process.

    Attributes:
        name: name of the agent, for `make_agent`.
        options: the agent's options, without a simulator, and with absolute paths.
        folder: working directory, in which plug-ins are searched.

    Example:

    ```python
    maker = AgentMaker.of("flat", AgentOptions(flat="release/flat"))
    run_protocol(agent, "mini", "runs/flat", engine=RayEngine(), maker=maker)
    ```
    """

    name: str
    options: AgentOptions
    folder: str = field(default_factory=os.getcwd)

    @classmethod
    def of(cls, name: str, options: AgentOptions) -> "AgentMaker":
        """From the options of the agent of this process."""
        remote = replace(
            options,
            simulator=None,
            controller=_full_path(options.controller),
            executor=_full_path(options.executor),
            flat=_full_path(options.flat),
            trajectories=_full_path(options.trajectories),
        )
        return cls(name, remote)

    def make(self, simulator: Simulator) -> Agent:
        if self.folder not in sys.path:
            sys.path.append(self.folder)
        return make_agent(self.name, replace(self.options, simulator=simulator))


def _full_path(source: str | None) -> str | None:
    """The absolute path of a folder, since workers have other working directories; a Hub id unchanged."""
    return str(Path(source).resolve()) if source and Path(source).exists() else source


@dataclass(frozen=True)
class PlayElsewhere:
    """A job that plays with an agent and a Java process that each worker starts.

    Attributes:
        maker: makes the agent.
        models: the `models` that the agent must describe: the same weights in every worker.
        protocol, batch_size: as for `Rollout`.

    Example:

    ```python
    job = PlayElsewhere(maker, agent.describe()["models"], protocol, batch_size=32)
    for index, episode in engine.map(job, protocol.units("boil"), batch=None):
        print(episode.key, episode.score)
    ```
    """

    maker: AgentMaker
    models: Any
    protocol: Protocol
    batch_size: int
    uses_gpu = True

    def start(self, threads: int) -> "_Player":
        """Load the models.

        Raises:
            SubgoalError: if they are not those of the run.
        """
        simulator = Simulator(worlds=threads)
        agent = self.maker.make(simulator)
        if agent.describe().get("models", {}) != self.models:
            raise SubgoalError(
                f"A worker of the cluster found other weights for {self.maker.name} than this machine: give "
                "Hub ids with a revision, or folders that are the same on every machine."
            )
        return _Player(Rollout(agent, self.protocol, simulator, self.batch_size), simulator)


class _Player:
    def __init__(self, rollout: Rollout, simulator: Simulator | None = None) -> None:
        self._rollout = rollout
        self._simulator = simulator

    def work(self, units: Sequence[EpisodeKey]) -> Generator[tuple[int, EpisodeResult], None, None]:
        indices = {unit: index for index, unit in enumerate(units)}
        with contextlib.closing(self._rollout.run(units)) as episodes:
            for episode in episodes:
                yield indices[episode.key], episode

    def close(self) -> None:
        if self._simulator is not None:
            self._simulator.close()
