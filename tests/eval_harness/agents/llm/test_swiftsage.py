from collections.abc import Callable
from typing import Any

import pytest

from eval_harness.agents.llm.swiftsage import SwiftSage
from eval_harness.protocols.protocol import Protocol
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import Expert, faults, noise
from tests.eval_harness.conftest import PATHS, ScriptedAgent
from tests.servers.openai_server import OpenAIServer

Play = Callable[..., RunResult]
IDLE = {key: ("look around",) * 8 for key in PATHS}
INVALID = {key: ("dance",) * 8 for key in PATHS}


@pytest.mark.parametrize("swift", [PATHS, IDLE, INVALID], ids=["expert", "idle", "invalid"])
def test_expert_fed_sage_reaches_the_ceiling_whatever_swift_does(
    swift: Any, expert: Expert, llm: Any, play: Play
) -> None:
    rules = Protocol(name="longer", max_variations=2, decision_limit=20)
    with OpenAIServer(expert) as server:
        result = play(SwiftSage(ScriptedAgent(swift), llm(server.base_url)), protocol=rules)
        assert (result.mean_score, result.failed) == (100, 0)
        calls = sum(episode.llm_calls for episode in result.episode_results())
        assert calls == len(server.answered) >= 8
    assert result.agent_settings["swift"] == {"name": "scripted"}


def test_a_focus_is_put_to_sage_and_nothing_else(expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(expert) as server:
        result = play(SwiftSage(ScriptedAgent(), llm(server.base_url)))
        asked = [request.messages[-1]["content"] for request in server.requests]
    assert result.mean_score == 100
    assert all("wants to 'focus on" in user for user in asked)
    assert len(asked) == 2 * 4  # plan and grounding, in four episodes


def test_noise_and_faults_do_no_harm_where_swift_needs_no_help(llm: Any, play: Play, floor: float) -> None:
    for number, behave in enumerate((noise, faults)):
        with OpenAIServer(behave) as server:
            agent = SwiftSage(ScriptedAgent(IDLE), llm(server.base_url, f"run{number}"))
            result = play(agent, f"run{number}")
            assert server.answered
        assert (result.mean_score, result.failed) == (floor, 0)


def test_without_tokens_swift_plays_on_alone(llm: Any, play: Play) -> None:
    with OpenAIServer(noise) as server:
        result = play(SwiftSage(ScriptedAgent(), llm(server.base_url, budget_tokens=10)))
        assert not server.requests
    assert result.mean_score == 100
