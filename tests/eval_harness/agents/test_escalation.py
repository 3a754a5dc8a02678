"""The pair that asks for help: two small fakes whose answers are known, and the released pair."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState, Event
from eval_harness.agents import escalation
from eval_harness.agents.escalation import EscalatingAgent
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.protocols.protocol import Protocol
from eval_harness.results.records import RunResult
from modeling.agents.learned import SubgoalAgent
from modeling.inference.search import Answer, Search
from tests.eval_harness.agents.llm.brains import noise
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

Play = Callable[..., RunResult]
TASK = "lifespan-longest-lived"
RULES = Protocol(name="escalating", max_variations=2, decision_limit=12)
RELEASE = Path(__file__).parents[3] / "release"


class Fake:
    """A model with one answer to everything, or an executor that does what sub-goals of two kinds say."""

    version = "compact"
    grounded = False
    backend = SimpleNamespace(name="fake", dtype="none")

    def __init__(self, role: str, answer: str = "") -> None:
        self.role = role
        self._answer = answer

    def describe(self) -> dict[str, Any]:
        return {"id": "fake"}

    def check_role(self, role: str) -> None:
        assert role == self.role

    def answer(
        self, states: Iterable[AgentState], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        return [Answer([self._answer or self._obey(state.subgoal)], 10, 3) for state in states]

    @staticmethod
    def _obey(subgoal: str) -> str:
        if subgoal.startswith("navigate_to("):
            return f"teleport to {subgoal[12:-1]}"
        return f"focus on {subgoal[9:-1]}" if subgoal.startswith("focus_on(") else "look around"


def pair(llm: Any, when: str = "stuck") -> EscalatingAgent:
    controller: Any = Fake("controller", "read(recipe)")
    executor: Any = Fake("executor")
    return EscalatingAgent(controller, executor, llm, when)


def guide(request: ChatRequest) -> Reply:
    """Names the right sub-goal for the two variations of `TASK`."""
    game = request.messages[-1]["content"].rpartition("## Your game")[2]
    for animal in ("crocodile egg", "giant tortoise egg"):
        if animal in game:
            return Reply(f"The next one is:\nfocus_on({animal})")
    return Reply("navigate_to(outside)")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalation, "IDLE_STEPS", 3)
    monkeypatch.setattr(escalation, "SUBGOAL_STEPS", 2)


def test_well_advised_pair_reaches_the_ceiling(llm: Any, play: Play) -> None:
    with OpenAIServer(guide) as server:
        result = play(pair(llm(server.base_url, budget_tokens=20_000)), tasks=TASK, protocol=RULES)
        assert (result.agent, result.mean_score, result.failed) == ("hierarchical+llm", 100, 0)
        calls = len(server.answered)
    episodes = result.episode_results()
    assert sum(episode.llm_calls for episode in episodes) == calls >= 4
    for episode in episodes:
        assert episode.subgoals[0] == "read(recipe)"  # not stuck yet: the controller's own
        assert {"navigate_to(outside)", episode.subgoals[-1]} <= set(episode.subgoals)
        assert episode.llm_calls < len(episode.actions)
        assert episode.model_calls >= len(episode.actions)
    assert result.agent_settings["escalation"] == {"when": "stuck", "budget_tokens": 20_000}
    assert result.models["llm"] == {"id": "teacher", "kind": "served"}


def test_badly_advised_pair_stays_at_the_floor(llm: Any, play: Play) -> None:
    with OpenAIServer(noise) as server:
        noisy = play(pair(llm(server.base_url, budget_tokens=20_000)), tasks=TASK, protocol=RULES)
        assert server.answered
    spared = play(pair(llm("http://127.0.0.1:9/v1", "off", budget_tokens=1)), "off", TASK, protocol=RULES)
    assert noisy.mean_score == spared.mean_score
    assert {subgoal for episode in noisy.episode_results() for subgoal in episode.subgoals} == {
        "read(recipe)"
    }


def test_no_call_is_begun_that_would_exceed_the_budget(llm: Any, play: Play) -> None:
    with OpenAIServer(noise) as server:
        result = play(pair(llm(server.base_url, budget_tokens=2500)), tasks=TASK, protocol=RULES)
    for episode in result.episode_results():
        assert 0 < episode.llm_tokens <= 2500
        assert len(episode.actions) == 12  # the pair plays on alone


def options(**changes: Any) -> AgentOptions:
    # Not ctranslate2: its models must not be garbage-collected while threads of later tests run.
    changes = {"decoding": {"backend": "transformers"}, **changes}
    return AgentOptions(str(RELEASE / "controller"), str(RELEASE / "executor"), **changes)


def test_with_a_budget_of_zero_it_is_exactly_the_hierarchical_agent(tmp_path: Path) -> None:
    asked = options(escalate_to="teacher", when="loop", budget_tokens=0, ledger=tmp_path)
    agent, plain = make_agent("hierarchical", asked), make_agent("hierarchical", options())
    assert type(agent) is type(plain) is SubgoalAgent
    assert agent.describe() == plain.describe()
    assert not list(tmp_path.iterdir())


def test_before_it_is_stuck_it_plays_as_the_pair_does(tmp_path: Path, play: Play) -> None:
    """Answers of the released pair, whatever they are, are the same as long as nothing is asked."""
    asked = options(escalate_to="teacher", budget_tokens=1, ledger=tmp_path / "a")
    rules = Protocol(name="few", max_variations=1, decision_limit=4)
    runs = [
        play(make_agent("hierarchical", each), name, TASK, protocol=rules).episode_results()[0]
        for name, each in (("a", asked), ("b", options()))
    ]
    assert (runs[0].actions, runs[0].subgoals) == (runs[1].actions, runs[1].subgoals)
    assert (runs[0].model_calls, runs[0].tokens_read) == (runs[1].model_calls, runs[1].tokens_read)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"escalate_to": "m", "budget_tokens": -1}, "--budget-tokens -1: give the LLM tokens"),
        ({"escalate_to": "m", "budget_tokens": 9, "when": "tired"}, "--when tired: use stuck, loop"),
        ({"escalate_to": "m"}, "--escalate-to needs --budget-tokens N"),
        ({"when": "loop"}, "need --escalate-to MODEL"),
        ({"budget_tokens": 5}, "need --escalate-to MODEL"),
        ({"llm": "m"}, "Agent hierarchical does not use --llm"),
    ],
)
def test_contradictions_are_one_line(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        make_agent("hierarchical", options(ledger=tmp_path, **changes))


def watched(actions: Sequence[str], wanted: dict[int, str] | None = None, reward: int = 0) -> tuple[Any, Any]:
    state = AgentState("boil", "boil water", "This room is called the kitchen.", "nothing")
    state.history = [Event(action, "done", reward) for action in actions]
    return state, escalation._Watch(SimpleNamespace(), dict(wanted or {}))  # type: ignore[arg-type]


def test_each_policy_detects_its_own_condition() -> None:
    cases = {
        "loop": watched(["open door"] * 3),
        "rejections": watched(["wait", "open door"], {0: "dance", 1: "sing"}),
        "no-progress": watched(["wait", "open door", "look around"]),
    }
    for name, case in cases.items():
        assert escalation.POLICIES[name](*case)
        assert escalation.POLICIES["stuck"](*case)
    assert not escalation.POLICIES["loop"](*cases["rejections"])
    assert not escalation.POLICIES["rejections"](*cases["no-progress"])
    assert not escalation.POLICIES["no-progress"](*cases["rejections"])
    assert not escalation.POLICIES["stuck"](*watched(["open door", "close door"], reward=5))
