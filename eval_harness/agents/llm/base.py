"""`LLMAgent`: what agents share that ask a language model for every step, or for some."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dataset_builder.engines.local import WorkerThreads
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens
from eval_harness.episodes.errors import RunAborted
from modeling.agents.base import Decision, DecisionCost

CONCURRENCY = 8
"""Requests that are under way at the same time, at most."""

GRACE = 5.0
"""Seconds for answers under way when a run ends; later ones are paid for, but not kept."""


@dataclass
class Memory:
    """What an agent keeps of one episode.

    Attributes:
        episode: the game.
        talk: with the model.
        decided: the decision of each step: asked again for a step, the agent says the same.
        thoughts: what the model said before the action, by step.
        wanted: the action that the agent chose, by step: another one in the history means that the
            simulator did not know it.
        extra: what other models took for the decision that is being made.
    """

    episode: Episode
    talk: Conversation
    decided: dict[int, Decision] = field(default_factory=dict)
    thoughts: dict[int, str] = field(default_factory=dict)
    wanted: dict[int, str] = field(default_factory=dict)
    extra: DecisionCost = field(default_factory=DecisionCost)

    def rejected(self, state: AgentState) -> bool:
        """Whether the last action is not the one that was wanted."""
        last = state.step - 1
        return last in self.wanted and state.history[last].action != self.wanted[last]


M = TypeVar("M", bound=Memory)


class LLMAgent(ABC, Generic[M]):
    """Decides for each episode by itself, several at a time. Subclasses write `remember` and `choose`.

    An episode whose token budget is spent stops: what it reached counts.

    Args:
        llm (`LLM`): the model, its server and the run's ledger.
    """

    name = ""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self._memories: dict[int, M] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """An episode starts."""
        about = {"agent": self.name, "task": state.task, "variation": episode.variation}
        self._memories[id(state)] = self.remember(episode, Conversation(self.llm, seed, about))

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._memories.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state.

        Raises:
            RunAborted: if the server is lost.
            SubgoalError: if it would not answer one of them; asked again, the others say the same.
        """
        left = threading.Event()
        for state in states:
            self._memories[id(state)].talk.left = left
        with WorkerThreads(self._decide, states, CONCURRENCY, GRACE) as crew:
            done = {}
            try:
                for state, future in crew:
                    if isinstance(error := future.exception(), RunAborted):
                        raise error
                    done[id(state)] = future
            except BaseException:  # a lost server, Ctrl-C: answers under way may come, no more are asked for
                left.set()
                raise
        # All are done: no thread may work on a state that is asked for anew.
        return [done[id(state)].result() for state in states]

    def _decide(self, state: AgentState) -> Decision:
        memory = self._memories[id(state)]
        if state.step not in memory.decided:
            memory.talk.begin_decision()
            memory.extra = DecisionCost()
            try:
                actions = self.choose(state, memory)
            except OutOfTokens:
                actions = ()
            if actions:
                memory.wanted[state.step] = actions[0]
            memory.decided[state.step] = Decision(
                actions, state.subgoal, memory.extra + memory.talk.end_decision()
            )
        return memory.decided[state.step]

    @abstractmethod
    def remember(self, episode: Episode, talk: Conversation) -> M:
        """An empty memory for an episode."""

    @abstractmethod
    def choose(self, state: AgentState, memory: M) -> tuple[str, ...]:
        """Candidate actions, best first; none ends the episode."""

    def describe(self) -> dict[str, Any]:
        """Provenance: name, the model, and what bounds the agent."""
        return {
            "name": self.name,
            "models": {"llm": self.llm.describe()},
            "budget_tokens": self.llm.budget_tokens,
        }
