from collections.abc import Callable
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.llm import reflexion
from eval_harness.agents.llm.reflexion import Reflexion
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import Expert, noise
from tests.servers.openai_server import OpenAIServer

Play = Callable[..., RunResult]


def test_expert_fed_agent_needs_one_trial_and_repeats_it_for_nothing(
    expert: Expert, llm: Any, play: Play, simulator: Simulator
) -> None:
    with OpenAIServer(expert) as server:
        result = play(Reflexion(llm(server.base_url), simulator))
        assert (result.mean_score, result.failed, result.agent_settings["trials"]) == (100, 0, 3)
        assert len(server.answered) == 14
    for episode in result.episode_results():
        assert episode.llm_calls == len(episode.actions)


def test_reflections_are_in_the_next_prompt_and_help(
    texts: Any, llm: Any, play: Play, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played badly in the first trial: the second is told why, and wins."""
    monkeypatch.setattr(reflexion, "TRIAL_IDLE_STEPS", 5)
    with OpenAIServer(Expert(texts, wrong_trials=1)) as server:
        agent = Reflexion(llm(server.base_url), simulator, trials=2)
        result = play(agent, tasks="lifespan-longest-lived", max_variations=1)
        users = [request.messages[-1]["content"] for request in server.requests]
    assert result.mean_score == 100
    assert sum("What went wrong" in user for user in users) == 1
    assert "What you learnt in trial 1: I wandered about." in users[-1]
    (episode,) = result.episode_results()
    assert episode.llm_calls == len(users) == 5 + 1 + 2
    with OpenAIServer(Expert(texts, wrong_trials=1)) as server:
        once = Reflexion(llm(server.base_url, "once"), simulator, trials=1)
        assert play(once, "once", tasks="lifespan-longest-lived", max_variations=1).success_rate == 0


def test_noise_fed_agent_stays_at_the_floor(
    llm: Any, play: Play, simulator: Simulator, floor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflexion, "TRIAL_IDLE_STEPS", 3)
    with OpenAIServer(noise) as server:
        result = play(Reflexion(llm(server.base_url), simulator, trials=2))
        assert any("What went wrong" in request.messages[-1]["content"] for request in server.requests)
    assert (result.mean_score, result.failed) == (floor, 0)


def test_trial_that_counts_has_its_part_of_the_budget(llm: Any, play: Play, simulator: Simulator) -> None:
    with OpenAIServer(noise) as server:
        agent = Reflexion(llm(server.base_url, budget_tokens=4000), simulator)
        result = play(agent, tasks="lifespan-longest-lived", max_variations=1)
    (episode,) = result.episode_results()
    assert 0 < episode.llm_tokens <= 4000
    assert episode.actions


def test_no_trial_is_refused(llm: Any, simulator: Simulator) -> None:
    with pytest.raises(UsageError, match="--trials 0: give 1 or more"):
        Reflexion(llm("http://127.0.0.1:9/v1"), simulator, trials=0)
