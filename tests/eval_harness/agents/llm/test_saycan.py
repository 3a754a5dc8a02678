from collections.abc import Callable
from typing import Any

from eval_harness.agents.llm.saycan import SayCan, likeness, rank
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import Expert, faults, noise
from tests.servers.openai_server import OpenAIServer

Play = Callable[..., RunResult]


def test_expert_fed_agent_reaches_the_ceiling(expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(expert) as server:
        result = play(SayCan(llm(server.base_url)))
        assert (result.agent, result.mean_score, result.failed) == ("saycan", 100, 0)
        calls = sum(episode.llm_calls for episode in result.episode_results())
        assert calls == len(server.answered) == 14


def test_noise_and_faults_stay_at_the_floor(llm: Any, play: Play, floor: float) -> None:
    for number, behave in enumerate((noise, faults)):
        with OpenAIServer(behave) as server:
            result = play(SayCan(llm(server.base_url, f"run{number}")), f"run{number}")
        assert (result.mean_score, result.failed) == (floor, 0)


VALID = ["focus on red box", "focus on wolf", "open red box", "pick up red box", "pick up wolf", "wait"]


def test_a_proposal_is_tried_verbatim_then_the_most_similar_action() -> None:
    assert rank(["pick up the red box"], VALID)[:2] == ["pick up the red box", "pick up red box"]
    assert rank(["pick up wolf", "open red box"], VALID)[0] == "pick up wolf"
    assert rank(["sing"], VALID) == ["sing"]
    assert rank([], VALID) == []


def test_actions_like_the_first_proposal_precede_the_second() -> None:
    assert rank(["open the red box", "wait"], VALID) == ["open the red box", "open red box", "wait"]


def test_a_focus_is_played_only_as_proposed() -> None:
    assert rank(["focus on the wolf"], VALID) == ["focus on the wolf"]
    assert rank(["focus on wolf", "focus on red box"], VALID) == ["focus on wolf"]
    assert rank(["open red box", "focus on wolf"], VALID)[:2] == ["open red box", "focus on wolf"]
    assert "focus on red box" not in rank(["pick up red box"], VALID)
    assert rank(["focus on wolf", "wait", "focus on wolf"], VALID) == ["focus on wolf", "wait"]


def test_likeness_is_one_for_the_same_and_none_for_another() -> None:
    assert likeness("wait", "wait") == 1
    assert likeness("connect battery anode to wire", "connect anode in battery to wire") > 0.7
    assert likeness("wait", "open door") == 0
