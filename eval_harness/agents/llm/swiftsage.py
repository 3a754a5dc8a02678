"""SwiftSage: a small model acts, and a language model plans when it makes no progress."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens
from eval_harness.agents.llm.prompting import example, fill, game_so_far, read_actions
from eval_harness.episodes.action_choice import NOTHING, is_focus
from modeling.agents.base import Agent, Decision

IDLE_STEPS = 5
"""Actions without reward after which Sage is asked."""

MAX_QUEUED_ACTIONS = 8
"""Maximum length of Sage's action buffer."""

_SURPRISES = ("not clear", "can't", "cannot", "not sure how", "doesn't", "isn't", "must be", "not possible")


@dataclass
class _SageMemory(Memory):
    """What is kept of one episode.

    Attributes:
        buffer: Sage's actions that are not played yet.
        sage: steps at which Sage acted.
        calm: step from which actions without reward are counted.
        swift: step → Swift's decision.
    """

    buffer: list[str] = field(default_factory=list)
    sage: set[int] = field(default_factory=set)
    calm: int = 0
    swift: dict[int, Decision] = field(default_factory=dict)


class SwiftSage(LLMAgent[_SageMemory]):
    """Swift acts until Sage is needed (Lin et al., "SwiftSage", NeurIPS 2023, arXiv 2305.17390, section 3).

    Sage, the language model, is asked after five actions without reward, after an invalid action of
    Swift, before a critical one (a `focus`), and after an observation that says something was not
    possible. It plans (five questions about things, sub-goals and mistakes), then turns the plan into
    a buffer of actions, which are played one by one. When the buffer is empty, or the simulator
    rejects one of them, Swift acts again.

    In the paper Swift is a flat model. Here it may be any agent: a flat model, or controller and
    executor, which keep their sub-goal while Sage's actions are played. An invalid action of Swift is
    replaced by `look around`, which takes no time. When the episode's token budget is spent, Swift
    plays on alone.

    Args:
        swift (`Agent`): the small model.
        llm (`LLM`): Sage.

    Example:

    ```python
    llm = make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/swiftsage")
    run_protocol(SwiftSage(FlatAgent.from_pretrained("release/flat"), llm), "mini", "runs/swiftsage")
    ```
    """

    name = "swiftsage"

    def __init__(self, swift: Agent, llm: LLM) -> None:
        super().__init__(llm)
        self.swift = swift
        self._lock = threading.Lock()

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        super().begin(state, episode, seed)
        self.swift.begin(state, episode, seed)

    def end(self, state: AgentState) -> None:
        super().end(state)
        self.swift.end(state)

    def remember(self, episode: Episode, conversation: Conversation) -> _SageMemory:
        return _SageMemory(episode, conversation)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state. Swift decides in one batch for all states that do not need Sage."""
        self._ask_swift([state for state in states if not self._sages_turn(state)])
        return super().act(states)

    def _sages_turn(self, state: AgentState) -> bool:
        memory = self._memories[id(state)]
        if state.step in memory.decisions or state.step in memory.swift:
            return True  # a retry of this step
        last = state.step - 1
        if last in memory.sage and memory.rejected(state):
            memory.buffer.clear()
        if last in memory.sage and not memory.buffer:
            memory.calm = state.step
        return bool(memory.buffer or self._reason(state, memory))

    def _ask_swift(self, states: Sequence[AgentState]) -> None:
        """Store Swift's decisions for these states."""
        if not states:
            return
        with self._lock:
            decisions = self.swift.act(states)
        for state, decision in zip(states, decisions, strict=True):
            self._memories[id(state)].swift[state.step] = decision

    def choose(self, state: AgentState, memory: _SageMemory) -> tuple[str, ...]:
        step = state.step
        if not memory.buffer:
            reason = self._reason(state, memory)
            if step in memory.swift:
                reason = _critical(memory.swift[step])
            if reason:
                memory.buffer = self._sage(state, memory, reason)
        if memory.buffer:
            memory.sage.add(step)
            action = memory.buffer.pop(0)
            if step in memory.swift:
                memory.other_cost = memory.swift[step].cost
            return (action, NOTHING)
        memory.calm = max(memory.calm, step if step not in memory.swift else 0)
        if step not in memory.swift:
            self._ask_swift([state])
        decision = memory.swift[step]
        memory.other_cost = decision.cost
        return (decision.actions[0], NOTHING) if decision.actions else ()

    def _reason(self, state: AgentState, memory: _SageMemory) -> str:
        """Why Sage is needed before Swift is asked; `""` if it is not."""
        last = state.step - 1
        if last < 0 or memory.calm > last:
            return ""
        if memory.rejected(state):
            return f"{memory.intended[last]!r} is no action of the game"
        answer = state.history[last].observation.lower()
        if any(phrase in answer for phrase in _SURPRISES):
            return "the last action could not be done"
        idle = state.idle_steps(memory.calm)
        return f"the last {idle} actions brought no points" if idle >= IDLE_STEPS else ""

    def _sage(self, state: AgentState, memory: _SageMemory, reason: str) -> list[str]:
        """Plan, then ground: the actions for the buffer; none if the budget is spent."""
        game = {**game_so_far(state, intended=memory.intended), "reason": reason}
        shown = example(state.task, memory.episode.variation)
        try:
            plan = memory.conversation.ask(
                "plan", fill("swiftsage_plan_system"), fill("swiftsage_plan_user", **game)
            )
            answer = memory.conversation.ask(
                "ground",
                fill("swiftsage_ground_system", count=MAX_QUEUED_ACTIONS),
                fill("swiftsage_ground_user", plan=plan.strip(), example=shown, **game),
            )
        except OutOfTokens:
            return []
        return read_actions(answer, MAX_QUEUED_ACTIONS)

    def describe(self) -> dict[str, Any]:
        """Provenance: `models` of Sage (`llm`) and of Swift, and `swift`, the rest of Swift's provenance."""
        swift = dict(self.swift.describe())
        models = swift.pop("models", {})
        record = super().describe()
        return {**record, "models": {**record["models"], **models}, "swift": swift}


def _critical(decision: Decision) -> str:
    """Why Sage decides in place of Swift; `""` if it does not."""
    if not decision.actions:
        return "the player knows nothing to do"
    if is_focus(decision.actions[0]):
        return f"the player wants to {decision.actions[0]!r}: on a wrong thing the game is lost"
    return ""
