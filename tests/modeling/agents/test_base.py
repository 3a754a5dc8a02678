"""The interface of agents."""

from collections.abc import Sequence
from typing import Any

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Agent, Decision, DecisionCost


class LookAround:
    name = "look-around"

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None: ...

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        return [Decision(("look around",)) for _ in states]

    def end(self, state: AgentState) -> None: ...

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}


def test_any_class_with_the_methods_is_an_agent() -> None:
    assert isinstance(LookAround(), Agent)
    assert not isinstance("look around", Agent)


def test_costs_are_added_field_by_field() -> None:
    total = DecisionCost(1, 20, 3) + DecisionCost(2, 5, 1, llm_calls=1, llm_completion_tokens=9)
    assert total == DecisionCost(3, 25, 4, 1, 0, 9)
