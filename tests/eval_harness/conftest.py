"""Agents without weights, fed with paths that are known to reach 100; and run folders."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.protocols.protocol import load_protocol
from eval_harness.results.records import EPISODES_FILE, RESULTS_FILE, EpisodeResult, RunResult, summarize
from modeling.agents.base import Decision

PATHS: dict[tuple[str, int], tuple[str, ...]] = {
    ("power-component", 15): (
        "focus on electric motor",
        "connect battery anode to black wire terminal 1",
        "connect battery cathode to orange wire terminal 1",
        "connect black wire terminal 2 to electric motor cathode",
        "connect orange wire terminal 2 to electric motor anode",
    ),
    ("power-component", 16): (
        "teleport to workshop",
        "focus on electric buzzer",
        "connect battery anode to black wire terminal 1",
        "connect battery cathode to green wire terminal 1",
        "connect black wire terminal 2 to electric buzzer cathode",
        "connect green wire terminal 2 to electric buzzer anode",
        "wait1",
    ),
    ("lifespan-longest-lived", 93): ("teleport to outside", "focus on crocodile egg"),
    ("lifespan-longest-lived", 94): ("teleport to outside", "focus on giant tortoise egg"),
    ("find-animal", 225): (
        "teleport to outside",
        "focus on baby wolf",
        "pick up baby wolf",
        "teleport to living room",
        "move baby wolf to orange box",
    ),
    ("find-animal", 226): (
        "teleport to outside",
        "focus on frog egg",
        "pick up common toad",
        "teleport to living room",
        "move common toad to yellow box",
    ),
}
"""Expert paths of test variations under `easy`."""


class ScriptedAgent:
    """Plays a given path per variation; stops when it has been played.

    Args:
        paths (`Mapping`): (task, variation) → candidates per step (one text, or several).
        subgoal (`str`): named with every decision.
        before (`Callable`): called with (task, variation, step) for each state before `act` decides:
            a place for accidents.
    """

    name = "scripted"

    def __init__(
        self,
        paths: Mapping[tuple[str, int], Sequence[str | tuple[str, ...]]] = PATHS,
        subgoal: str = "",
        before: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self._paths = paths
        self._subgoal = subgoal
        self._before = before
        self._variations: dict[int, int] = {}
        self.batches: list[int] = []
        self.seeds: dict[tuple[str, int], int] = {}
        self.states: dict[tuple[str, int], AgentState] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._variations[id(state)] = episode.variation
        self.seeds[state.task, episode.variation] = seed
        self.states[state.task, episode.variation] = state

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        self.batches.append(len(states))
        return [self._decide(state) for state in states]

    def _decide(self, state: AgentState) -> Decision:
        variation = self._variations[id(state)]
        if self._before:
            self._before(state.task, variation, state.step)
        path = self._paths[state.task, variation]
        if state.step >= len(path):
            return Decision((), self._subgoal)
        step = path[state.step]
        return Decision((step,) if isinstance(step, str) else step, self._subgoal)

    def end(self, state: AgentState) -> None:
        del self._variations[id(state)]

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}

    @property
    def still_playing(self) -> int:
        """Episodes that were begun and not ended."""
        return len(self._variations)


@pytest.fixture
def scripted() -> type[ScriptedAgent]:
    """The class: `scripted()` plays the expert's paths."""
    return ScriptedAgent


@pytest.fixture
def expert_tasks() -> str:
    """The tasks that `scripted()` can play, 2 test variations each."""
    return ",".join(dict.fromkeys(task for task, _ in PATHS))


@pytest.fixture(scope="session")
def recorded_episodes() -> list[EpisodeResult]:
    """Nine episodes as a small trained pair played them: won, lost, rejected, out of moves."""
    return list(map(EpisodeResult.from_dict, JsonlStore(Path(__file__).parent / "data" / "episodes.jsonl")))


@pytest.fixture
def make_run(tmp_path: Path, recorded_episodes: list[EpisodeResult]) -> Callable[..., Path]:
    """Makes a run folder: `make_run("a", episodes, agent="flat")`, by default of `recorded_episodes`."""

    def make(name: str, episodes: Sequence[EpisodeResult] | None = None, **changes: Any) -> Path:
        episodes = recorded_episodes if episodes is None else episodes
        paper = load_protocol("paper")
        fields: dict[str, Any] = {
            "agent": "hierarchical",
            "models": {"controller": {"id": "c", "revision": "sha256:1", "parameters": 1_135_616}},
            "agent_settings": {"decoding": {"num_beams": 4}},
            "protocol": {"name": paper.name, "hash": paper.hash},
            "rules": paper.model_dump(mode="json"),
            "seed": 0,
            "complete": True,
            "batch_size": 8,
            "versions": {"python": "3.11"},
            "hardware": {"cores": 2, "gpu": None},
            "wall_seconds": 90.0,
        }
        result = RunResult(**summarize(episodes), **{**fields, **changes})
        store = JsonlStore(tmp_path / name / EPISODES_FILE)
        for episode in episodes:
            store.append(episode.key, episode.to_dict())
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / RESULTS_FILE).write_text(json.dumps(result.to_dict()))
        return tmp_path / name

    return make
