"""Escalation: the pair asks a language model for the next sub-goal, but only when it makes no progress."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataset_builder.annotation.teacher.messages import vocabulary
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens, make_llm
from eval_harness.agents.llm.prompting import fill, game_so_far
from modeling.agents.base import Decision, DecisionCost
from modeling.agents.decoding import Decoding
from modeling.agents.learned import SubgoalAgent, read_subgoal
from modeling.agents.loading import load_role_model
from modeling.agents.loop_guard import is_loop
from modeling.agents.role_model import RoleModel

if TYPE_CHECKING:
    from eval_harness.agents.options import AgentOptions

IDLE_STEPS = 15
"""Actions without a point for `no-progress`: 99% of the sub-goals of the expert take at most 9."""

MIN_REJECTIONS = 2
"""Rejected first candidates, of the last four, for `rejections`."""

SUBGOAL_STEPS = 10
"""Actions for which a sub-goal of the language model lasts, unless it brings points before."""

_RECENT_STEPS = 4
_SUBGOAL = re.compile(r"[a-z][a-z_]*\([^()\n]*\)")


@dataclass
class _Watch:
    """The state of one episode.

    Attributes:
        conversation: with the model.
        candidates: the pair's first candidate, by step.
        since: step from which actions without progress are counted.
        subgoal: the current sub-goal of the language model; `""` if the controller decides.
        expires: step at which it ends.
        plans: sub-goal and cost by step, for retries of a step.
    """

    conversation: Conversation
    candidates: dict[int, str] = field(default_factory=dict)
    since: int = 0
    subgoal: str = ""
    expires: int = 0
    plans: dict[int, tuple[list[str], DecisionCost]] = field(default_factory=dict)


def _loops(state: AgentState, watch: _Watch) -> str:
    played = state.history[watch.since :]
    if played and is_loop(played[-1].action, played[:-1]):
        return f"it plays {played[-1].action!r} again and again"
    return ""


def _rejections(state: AgentState, watch: _Watch) -> str:
    steps = range(max(watch.since, state.step - _RECENT_STEPS), state.step)
    refused = [step for step in steps if watch.candidates.get(step) not in (None, state.history[step].action)]
    if len(refused) >= MIN_REJECTIONS:
        return f"the game does not know its actions, such as {watch.candidates[refused[-1]]!r}"
    return ""


def _no_progress(state: AgentState, watch: _Watch) -> str:
    idle = state.idle_steps(watch.since)
    return f"its last {idle} actions brought no points" if idle >= IDLE_STEPS else ""


def _stuck(state: AgentState, watch: _Watch) -> str:
    return _loops(state, watch) or _rejections(state, watch) or _no_progress(state, watch)


POLICIES: dict[str, Callable[[AgentState, _Watch], str]] = {
    "stuck": _stuck,
    "loop": _loops,
    "rejections": _rejections,
    "no-progress": _no_progress,
}
"""Name → function that says why the pair is stuck (`""` if it is not); `stuck` is any of the others."""


class EscalatingAgent(SubgoalAgent):
    """Controller and executor; when they are stuck, a language model names the sub-goal.

    That sub-goal lasts for `SUBGOAL_STEPS` actions, or until it brings points. Then the controller
    takes over again. The executor acts all the time. When an episode's token budget is spent, or the
    answer contains no sub-goal, the controller decides.

    Args:
        controller (`RoleModel`): names the sub-goal.
        executor (`RoleModel`): names the action.
        llm (`LLM`): the language model, with a token budget per episode.
        when (`str`, *optional*, defaults to `"stuck"`): one of `POLICIES`.
        decoding (`Decoding`, *optional*): how answers are decoded.

    Raises:
        UsageError: for an unknown policy, or models that do not fit.

    Example:

    ```python
    controller, executor = load_role_model("release/controller"), load_role_model("release/executor")
    llm = make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/escalation", budget_tokens=5000)
    agent = EscalatingAgent(controller, executor, llm, when="loop")
    ```
    """

    name = "hierarchical+llm"

    def __init__(
        self,
        controller: RoleModel,
        executor: RoleModel,
        llm: LLM,
        when: str = "stuck",
        decoding: Decoding | None = None,
    ) -> None:
        super().__init__(controller, executor, decoding)
        check_policy(when)
        self.llm = llm
        self.when = when
        self._watches: dict[int, _Watch] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        super().begin(state, episode, seed)
        about = {"agent": self.name, "task": state.task, "variation": episode.variation}
        self._watches[id(state)] = _Watch(Conversation(self.llm, seed, about))

    def end(self, state: AgentState) -> None:
        super().end(state)
        self._watches.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        decisions = super().act(states)
        for state, decision in zip(states, decisions, strict=True):
            if decision.actions:
                self._watches[id(state)].candidates[state.step] = decision.actions[0]
        return decisions

    def _plans(self, states: Sequence[AgentState]) -> list[tuple[list[str], DecisionCost]]:
        """The sub-goal of the language model where there is one, else the controller's."""
        spent = {id(state): self._escalate(state, self._watches[id(state)]) for state in states}
        free = [state for state in states if not self._watches[id(state)].subgoal]
        controllers = dict(zip(map(id, free), super()._plans(free) if free else [], strict=True))
        plans = []
        for state in states:
            subgoals, cost = controllers.get(id(state), ([self._watches[id(state)].subgoal], DecisionCost()))
            plans.append((subgoals, cost + spent[id(state)]))
        return plans

    def _escalate(self, state: AgentState, watch: _Watch) -> DecisionCost:
        """End a sub-goal that has expired, and ask for a new one if the pair is stuck."""
        if state.step in watch.plans:
            (watch.subgoal, *_), cost = watch.plans[state.step]
            return cost
        rewarded = any(event.reward > 0 for event in state.history[watch.since :])
        if watch.subgoal and (state.step >= watch.expires or rewarded):
            watch.subgoal, watch.since = "", state.step
        cost = DecisionCost()
        free = not (watch.subgoal or state.subgoal_stays)
        if free and (reason := POLICIES[self.when](state, watch)):
            cost = self._ask(state, watch, reason)
        watch.plans[state.step] = ([watch.subgoal], cost)
        return cost

    def _ask(self, state: AgentState, watch: _Watch, reason: str) -> DecisionCost:
        watch.conversation.begin_decision()
        try:
            answer = watch.conversation.ask(
                "subgoal",
                fill("escalation_system", vocabulary=vocabulary()),
                fill(
                    "escalation_user",
                    finished=", ".join(state.finished[-10:]) or "(none)",
                    subgoal=state.subgoal or "(none)",
                    reason=reason,
                    **game_so_far(state),
                ),
            )
        except OutOfTokens:
            return DecisionCost()
        subgoals = (read_subgoal(text) for text in _SUBGOAL.findall(answer))
        watch.subgoal = next(filter(None, subgoals), "")
        watch.since, watch.expires = state.step, state.step + SUBGOAL_STEPS
        return watch.conversation.end_decision()

    def describe(self) -> dict[str, Any]:
        """Provenance as of the pair, with the model `llm`, and `escalation`: `when` and `budget_tokens`."""
        base = super().describe()
        return {
            **base,
            "models": {**base["models"], "llm": self.llm.describe()},
            "escalation": {"when": self.when, "budget_tokens": self.llm.budget_tokens},
        }


def check_policy(when: str) -> None:
    """Raise `UsageError` unless this is a policy."""
    if when not in POLICIES:
        raise UsageError(f"--when {when}: use {', '.join(POLICIES)}.")


def check_budget(budget_tokens: int | None) -> bool:
    """Whether there is a budget for escalation; with 0 the pair plays alone.

    Raises:
        UsageError: if it is missing or negative.
    """
    if budget_tokens is None:
        raise UsageError(
            "--escalate-to needs --budget-tokens N: the LLM tokens that an episode may take, 0 for none."
        )
    if budget_tokens < 0:
        raise UsageError(
            f"--budget-tokens {budget_tokens}: give the LLM tokens that an episode may take, or 0 for none."
        )
    return budget_tokens > 0


def escalating(options: "AgentOptions") -> SubgoalAgent:
    """The pair with escalation as the options say; with a budget of 0, the pair itself.

    Raises:
        UsageError: if they contradict each other.
    """
    if not options.escalate_to:
        raise UsageError(
            "--when, --base-url, --budget-tokens and --max-tokens need --escalate-to MODEL: name it."
        )
    assert options.controller is not None
    assert options.executor is not None
    when = options.when or "stuck"
    check_policy(when)
    if not check_budget(options.budget_tokens):
        return SubgoalAgent.from_pretrained(
            options.controller, options.executor, settings=options.settings, **options.decoding
        )
    llm = make_llm(
        options.escalate_to,
        options.base_url,
        options.ledger,
        budget_tokens=options.budget_tokens,
        max_tokens=options.max_tokens,
        option="--escalate-to",
    )
    search = Decoding(**options.decoding)
    names = {"controller": options.controller, "executor": options.executor}
    pair = [load_role_model(name, role, None, search, options.settings) for role, name in names.items()]
    return EscalatingAgent(pair[0], pair[1], llm, when, search)
