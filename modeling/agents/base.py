"""What plays: the `Agent` protocol that learned agents and baselines share, and its `Decision`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from dataset_builder.trajectories.agent_state import AgentState

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode


@dataclass(frozen=True)
class DecisionCost:
    """What a decision took.

    Attributes:
        model_calls: inputs that a model answered.
        tokens_read: their tokens.
        tokens_written: tokens of all the answers that were searched or drawn and kept.
        llm_calls: requests to a language model at a server; the counts above are without them.
        llm_prompt_tokens: tokens that it read.
        llm_completion_tokens: tokens that it wrote.
    """

    model_calls: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    llm_calls: int = 0
    llm_prompt_tokens: int = 0
    llm_completion_tokens: int = 0

    def __add__(self, other: DecisionCost) -> DecisionCost:
        return DecisionCost(
            self.model_calls + other.model_calls,
            self.tokens_read + other.tokens_read,
            self.tokens_written + other.tokens_written,
            self.llm_calls + other.llm_calls,
            self.llm_prompt_tokens + other.llm_prompt_tokens,
            self.llm_completion_tokens + other.llm_completion_tokens,
        )


@dataclass(frozen=True)
class Decision:
    """What an agent wants to do next.

    Attributes:
        actions: candidate actions, best first. They are tried in order: the simulator rejects an
            action it does not know at no cost of moves.
        subgoal: the sub-goal that the action serves, `""` for agents without sub-goals.
        cost: what it took to decide.
        more: finds further candidates, for when all of `actions` are rejected; asked at most once, and
            from any thread.
    """

    actions: tuple[str, ...]
    subgoal: str = ""
    cost: DecisionCost = DecisionCost()
    more: Callable[[], Decision] | None = None


@runtime_checkable
class Agent(Protocol):
    """Plays any number of episodes at once.

    Attributes:
        name: kind of agent, such as `hierarchical` or `flat`.
    """

    name: str

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """An episode starts. Agents that keep nothing of their own do nothing here.

        The harness loads the next episodes while others are played: it calls this from other threads,
        several at a time, while `act` and `end` run. What they share must bear that.
        """

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state. An agent with sub-goals calls `state.set_subgoal`.

        One thread calls it, or as many at a time as an agent says that has an attribute `concurrent`.
        """
        ...

    def end(self, state: AgentState) -> None:
        """The episode of this state is over."""

    def describe(self) -> dict[str, Any]:
        """Provenance: `name`, `models` by role, `decoding`, `state_text_version`."""
        ...
