"""Agents that ask a server on loopback, playing four short episodes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.simulator.simulator import Simulator
from eval_harness import run_protocol
from eval_harness.agents.llm.chat import LLM, make_llm
from eval_harness.protocols.protocol import Protocol
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import TASKS, Expert, descriptions
from tests.eval_harness.conftest import PATHS, ScriptedAgent

SHORT = Protocol(name="short", max_variations=2, decision_limit=6)
"""Rules under which an agent that does nothing is soon done."""


@pytest.fixture(scope="session")
def texts(simulator: Simulator) -> dict[tuple[str, int], str]:
    """The task's text of each variation with a known path."""
    return descriptions(simulator, PATHS)


@pytest.fixture(scope="session")
def floor(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> float:
    """The score of an agent that only looks around: standing where one began brings some points."""
    idle = {key: ("look around",) * 6 for key in PATHS}
    folder = tmp_path_factory.mktemp("idle")
    options: Any = {"simulator": simulator, "tasks": TASKS, "progress": False}
    result = run_protocol(ScriptedAgent(idle), SHORT, folder, **options)
    assert result.mean_score is not None
    assert result.mean_score < 10
    return result.mean_score


@pytest.fixture
def expert(texts: dict[tuple[str, int], str]) -> Expert:
    return Expert(texts)


@pytest.fixture
def llm(tmp_path: Path) -> Callable[..., LLM]:
    """Makes the model of a run folder: `llm(server.base_url)`."""

    def make(base_url: str, folder: str = "run", **options: Any) -> LLM:
        options = {"retries": 0, "timeout": 20.0} | options
        return make_llm("teacher", base_url, tmp_path / folder, **options)

    return make


@pytest.fixture
def play(simulator: Simulator, tmp_path: Path) -> Callable[..., RunResult]:
    """Plays four episodes into a folder: `play(agent)`."""

    def run(agent: Any, folder: str = "run", tasks: str = TASKS, **options: Any) -> RunResult:
        options = {"simulator": simulator, "progress": False, "protocol": SHORT, **options}
        return run_protocol(agent, out=tmp_path / folder, tasks=tasks, **options)

    return run
