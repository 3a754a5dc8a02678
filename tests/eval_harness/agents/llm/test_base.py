from collections.abc import Callable
from typing import Any, cast

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens
from modeling.agents.base import RunAborted


class StubAgent(LLMAgent[Memory]):
    """Chooses by a function of the state and counts the calls."""

    name = "stub"

    def __init__(self, choice: Callable[[AgentState], tuple[str, ...]]) -> None:
        super().__init__(cast(LLM, None))
        self.choice = choice
        self.calls = 0

    def remember(self, episode: Any, conversation: Conversation) -> Memory:
        return Memory(episode, conversation)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        self.calls += 1
        return self.choice(state)


class StubEpisode:
    variation = 0


def begin(agent: StubAgent, *tasks: str) -> list[AgentState]:
    states = [AgentState(task, "", "", "") for task in tasks]
    for state in states:
        agent.begin(state, cast(Any, StubEpisode()), 0)
    return states


def test_a_second_call_for_a_step_returns_the_same_decision() -> None:
    agent = StubAgent(lambda state: ("wait1",))
    states = begin(agent, "boil", "melt")
    assert agent.act(states) == agent.act(states)
    assert agent.calls == 2


def test_an_episode_without_tokens_ends() -> None:
    def choose(state: AgentState) -> tuple[str, ...]:
        raise OutOfTokens("spent")

    agent = StubAgent(choose)
    assert [decision.actions for decision in agent.act(begin(agent, "boil"))] == [()]


def test_a_failed_request_keeps_the_decisions_of_the_other_episodes() -> None:
    def choose(state: AgentState) -> tuple[str, ...]:
        if state.task == "melt":
            raise SubgoalError("no answer")
        return ("wait1",)

    agent = StubAgent(choose)
    states = begin(agent, "boil", "melt")
    with pytest.raises(SubgoalError, match="no answer"):
        agent.act(states)
    assert agent.act(states[:1])[0].actions == ("wait1",)
    assert agent.calls == 2


def test_a_lost_server_stops_all_conversations() -> None:
    def choose(state: AgentState) -> tuple[str, ...]:
        raise RunAborted("The server is lost.")

    agent = StubAgent(choose)
    states = begin(agent, "boil")
    memory = agent._memories[id(states[0])]
    with pytest.raises(RunAborted):
        agent.act(states)
    with pytest.raises(RunAborted, match="stopped"):
        memory.conversation.ask("action", "", "")


def test_another_action_than_the_intended_one_means_a_rejection() -> None:
    agent = StubAgent(lambda state: ("fly",))
    (state,) = begin(agent, "boil")
    memory = agent._memories[id(state)]
    agent.act([state])
    state.advance("look around", "", 0, 0, "", "")
    assert memory.rejected(state)
    agent.act([state])
    state.advance("fly", "", 0, 0, "", "")
    assert not memory.rejected(state)
