"""`LLMAgent`: the base class of agents that ask a language model for every step, or for some."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dataset_builder.engines.local import WorkerThreads
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens
from modeling.agents.base import Decision, DecisionCost, RunAborted

CONCURRENCY = 8
"""Maximum number of parallel requests."""

GRACE = 5.0
"""Seconds for which a run that ends waits for answers; later ones are paid for, but not stored."""


@dataclass
class Memory:
    """What an agent keeps of one episode.

    Attributes:
        episode: the game.
        conversation: the requests to the model.
        decisions: step → decision. `act` may be called again for a step, and then returns the same.
        thoughts: step → what the model wrote before the action.
        intended: step → the agent's first candidate. Another action in the history means that the
            simulator rejected it.
        other_cost: cost of other models for the current decision.

    Example:

    ```python
    memory = Memory(episode, conversation, intended={0: "boil water"})
    memory.rejected(state)  # True if another action was played at step 0
    ```
    """

    episode: Episode
    conversation: Conversation
    decisions: dict[int, Decision] = field(default_factory=dict)
    thoughts: dict[int, str] = field(default_factory=dict)
    intended: dict[int, str] = field(default_factory=dict)
    other_cost: DecisionCost = field(default_factory=DecisionCost)

    def rejected(self, state: AgentState) -> bool:
        """Whether the simulator rejected the last intended action."""
        last = state.step - 1
        return last in self.intended and state.history[last].action != self.intended[last]


M = TypeVar("M", bound=Memory)


class LLMAgent(ABC, Generic[M]):
    """Decides for several episodes in parallel. Subclasses implement `remember` and `choose`.

    An episode ends when its token budget is spent, with the score it has reached.

    Args:
        llm (`LLM`): the model, its server and the run's completions.

    Example:

    ```python
    >>> class Waiter(LLMAgent[Memory]):
    ...     name = "waiter"
    ...
    ...     def remember(self, episode, conversation):
    ...         return Memory(episode, conversation)
    ...
    ...     def choose(self, state, memory):
    ...         return (memory.conversation.ask("action", "Answer yes or no.", "Shall I wait?"), "wait1")
    ```
    """

    name = ""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self._memories: dict[int, M] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Start an episode."""
        about = {"agent": self.name, "task": state.task, "variation": episode.variation}
        self._memories[id(state)] = self.remember(episode, Conversation(self.llm, seed, about))

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._memories.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state.

        Raises:
            RunAborted: if the server is lost.
            SubgoalError: if the request for one state failed; the decisions for the others are kept.
        """
        abandoned = threading.Event()
        for state in states:
            self._memories[id(state)].conversation.abandoned = abandoned
        with WorkerThreads(self._decide, states, CONCURRENCY, GRACE) as workers:
            done = {}
            try:
                for state, future in workers:
                    if isinstance(error := future.exception(), RunAborted):
                        raise error
                    done[id(state)] = future
            except BaseException:  # a lost server, Ctrl-C: finish open requests, but start no more
                abandoned.set()
                raise
        # Only now: a caller that retries must not meet a thread that still works on the same state.
        return [done[id(state)].result() for state in states]

    def _decide(self, state: AgentState) -> Decision:
        memory = self._memories[id(state)]
        if state.step not in memory.decisions:
            memory.conversation.begin_decision()
            memory.other_cost = DecisionCost()
            try:
                actions = self.choose(state, memory)
            except OutOfTokens:
                actions = ()
            if actions:
                memory.intended[state.step] = actions[0]
            memory.decisions[state.step] = Decision(
                actions, state.subgoal, memory.other_cost + memory.conversation.end_decision()
            )
        return memory.decisions[state.step]

    @abstractmethod
    def remember(self, episode: Episode, conversation: Conversation) -> M:
        """The memory of a new episode."""

    @abstractmethod
    def choose(self, state: AgentState, memory: M) -> tuple[str, ...]:
        """Candidate actions, best first. An empty tuple ends the episode."""

    def describe(self) -> dict[str, Any]:
        """Provenance: the agent's `name`, `models` with the key `llm`, and `budget_tokens`."""
        return {
            "name": self.name,
            "models": {"llm": self.llm.describe()},
            "budget_tokens": self.llm.budget_tokens,
        }
