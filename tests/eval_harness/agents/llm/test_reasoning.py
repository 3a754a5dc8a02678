"""An action inside a model's reasoning is never played, whichever agent asks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents import escalation
from eval_harness.agents.llm.react import React
from eval_harness.agents.llm.reflexion import Reflexion
from eval_harness.agents.llm.saycan import SayCan
from eval_harness.agents.llm.swiftsage import SwiftSage
from eval_harness.results.records import RunResult
from tests.eval_harness.agents.llm.brains import Expert
from tests.eval_harness.agents.test_escalation import RULES, TASK, guide, pair
from tests.eval_harness.conftest import PATHS, ScriptedAgent
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

Play = Callable[..., RunResult]
# To focus on the agent itself loses the game at once: -100.
FATAL = "Thought: I focus.\nAction: focus on agent\n1. focus on agent\nfocus_on(agent)\n"
FORMS = {
    "closed": "<think>{fatal}</think>\n{answer}",
    "opened in the prompt": "{fatal}</think>\n{answer}",
    "brackets": "[THINK]{fatal}[/THINK]{answer}",
    "harmony": "<|channel|>analysis<|message|>{fatal}<|end|><|channel|>final<|message|>{answer}",
    "harmony, flat": "analysisI could {fatal}assistantfinal{answer}",
}


def thinking(behave: Callable[[ChatRequest], Reply], form: str = FORMS["closed"]) -> Callable[..., Reply]:
    def reply(request: ChatRequest) -> Reply:
        good = behave(request)
        return replace(good, text=form.format(fatal=FATAL, answer=good.text))

    return reply


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_react(form: str, expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(thinking(expert, form)) as server:
        result = play(React(llm(server.base_url)), max_variations=1)
    assert (result.mean_score, result.failed) == (100, 0)


@pytest.mark.parametrize("name", ["saycan", "reflexion", "swiftsage"])
def test_other_agents(name: str, simulator: Simulator, expert: Expert, llm: Any, play: Play) -> None:
    with OpenAIServer(thinking(expert)) as server:
        model = llm(server.base_url)
        idle = ScriptedAgent({key: ("dance",) * 8 for key in PATHS})
        agents: dict[str, Callable[[], Any]] = {
            "saycan": lambda: SayCan(model),
            "reflexion": lambda: Reflexion(model, simulator, trials=1),
            "swiftsage": lambda: SwiftSage(idle, model),
        }
        result = play(agents[name](), max_variations=1)
    assert (result.mean_score, result.failed) == (100, 0)


def test_escalation(llm: Any, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalation, "IDLE_STEPS", 3)
    monkeypatch.setattr(escalation, "SUBGOAL_STEPS", 2)
    with OpenAIServer(thinking(guide)) as server:
        result = play(pair(llm(server.base_url, budget_tokens=20_000)), tasks=TASK, protocol=RULES)
    assert (result.mean_score, result.failed) == (100, 0)


@pytest.mark.parametrize(
    "reply",
    [Reply(f"<think>{FATAL}"), Reply("", reasoning=FATAL), Reply(f"<think>{FATAL}", finish="length")],
    ids=["unclosed", "beside an empty answer", "cut"],
)
def test_reasoning_without_an_answer_is_not_played(reply: Reply, llm: Any, play: Play) -> None:
    with OpenAIServer(lambda request: reply) as server:
        result = play(React(llm(server.base_url)), max_variations=1, tasks="find-animal")
    (episode,) = result.episode_results()
    assert "no answer: it " in str(episode.error)
    assert not episode.actions


def test_a_filtered_answer_fails_the_episode_by_its_reason(llm: Any, play: Play) -> None:
    with OpenAIServer(lambda request: Reply("Sorry.", finish="content_filter")) as server:
        result = play(React(llm(server.base_url)), max_variations=1, tasks="find-animal")
    (episode,) = result.episode_results()
    assert "the server filtered the answer" in str(episode.error)
