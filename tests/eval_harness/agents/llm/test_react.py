from collections.abc import Callable
from typing import Any

import pytest

from eval_harness.agents.llm.react import React
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import Expert, faults, noise
from tests.servers.openai_server import OpenAIServer

Play = Callable[..., RunResult]


def test_expert_fed_agent_reaches_the_ceiling_and_tokens_are_counted(
    expert: Expert, llm: Any, play: Play
) -> None:
    with OpenAIServer(expert) as server:
        result = play(React(llm(server.base_url)))
        assert (result.mean_score, result.episodes, result.failed) == (100, 4, 0)
        assert (result.agent, result.models) == ("react", {"llm": {"id": "teacher", "kind": "served"}})
        episodes = result.episode_results()
        assert sum(episode.llm_calls for episode in episodes) == len(server.answered) == 14
        assert all(episode.llm_calls == len(episode.actions) for episode in episodes)
        read = sum(len(m["content"].split()) for request, _ in server.answered for m in request.messages)
        assert sum(episode.llm_prompt_tokens for episode in episodes) == read
        written = sum(len(reply.text.split()) for _, reply in server.answered)
        assert sum(episode.llm_completion_tokens for episode in episodes) == written
        assert {episode.model_calls for episode in episodes} == {0}


def test_noise_fed_agent_stays_at_the_floor(llm: Any, play: Play, floor: float) -> None:
    with OpenAIServer(noise) as server:
        result = play(React(llm(server.base_url)))
    assert (result.mean_score, result.failed) == (floor, 0)
    assert {action for episode in result.episode_results() for action in episode.actions} == {"look around"}


def test_answers_that_are_none_cost_time_only(llm: Any, play: Play) -> None:
    with OpenAIServer(faults) as server:
        result = play(React(llm(server.base_url)))
    assert (result.episodes, result.failed) == (4, 0)
    assert {len(episode.actions) for episode in result.episode_results()} == {6}


def test_the_prompt_names_rejected_actions(llm: Any, play: Play) -> None:
    with OpenAIServer(noise) as server:
        play(React(llm(server.base_url)), max_variations=1, tasks="find-animal")
        told = server.requests[1].messages[-1]["content"]
    assert "is no action of the game" in told
    assert told.count("\nThought: ") > told.split("## Your game")[1].count("\nThought: ") == 1


def test_example_is_of_the_same_task_and_another_variation(expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(expert) as server:
        play(React(llm(server.base_url)), max_variations=1, tasks="find-animal")
        shown = server.requests[0].messages[-1]["content"].partition("## Your game")[0]
    assert "My next sub-goal is focus_on(" in shown
    assert "find a(n) animal" in shown


@pytest.mark.parametrize("refused", ["temperature", ""])
def test_a_server_with_a_fixed_temperature_is_supported(
    refused: str, expert: Expert, llm: Any, play: Play
) -> None:
    from tests.servers.openai_server import ChatRequest, Reply

    def behave(request: ChatRequest) -> Reply:
        if refused and refused in request.body:
            return Reply(status=400, error="temperature is not supported with this model")
        return expert(request)

    with OpenAIServer(behave) as server:
        assert play(React(llm(server.base_url)), max_variations=1).mean_score == 100
        assert ("temperature" in server.requests[-1].body) == (not refused)
