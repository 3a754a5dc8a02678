"""Escalation: the pair asks a language model for the next sub-goal, but only where it is stuck."""

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
from modeling.agents.loop_guard import is_loop
from modeling.agents.role_model import RoleModel

if TYPE_CHECKING:
    from eval_harness.agents.options import AgentOptions

NO_PROGRESS = 15
"""Actions without a point after which `no-progress` holds: 99% of the experts' sub-goals take at most 9."""

REJECTIONS = 2
"""Of the last four first choices, how many the simulator must have refused for `rejections`."""

HELD_FOR = 10
"""Actions for which the model's sub-goal stands, unless it brings points before."""

_LOOKED_BACK = 4
_SUBGOAL = re.compile(r"[a-z][a-z_]*\([^()\n]*\)")


@dataclass
class _Watch:
    """What is watched of one episode.

    Attributes:
        talk: with the model.
        first: the pair's first choice, by step.
        since: step from which trouble is counted: the beginning, or the end of the model's last word.
        held: the model's sub-goal, `""` if none stands.
        until: step at which it ends.
        plan: the plan of a step, so that it is the same when asked again.
    """

    talk: Conversation
    first: dict[int, str] = field(default_factory=dict)
    since: int = 0
    held: str = ""
    until: int = 0
    plan: dict[int, tuple[list[str], DecisionCost]] = field(default_factory=dict)


def _loops(state: AgentState, watch: _Watch) -> str:
    played = state.history[watch.since :]
    if played and is_loop(played[-1].action, played[:-1]):
        return f"it plays {played[-1].action!r} again and again"
    return ""


def _rejections(state: AgentState, watch: _Watch) -> str:
    steps = range(max(watch.since, state.step - _LOOKED_BACK), state.step)
    refused = [step for step in steps if watch.first.get(step) not in (None, state.history[step].action)]
    if len(refused) >= REJECTIONS:
        return f"the game does not know its actions, such as {watch.first[refused[-1]]!r}"
    return ""


def _no_progress(state: AgentState, watch: _Watch) -> str:
    idle = state.idle_steps(watch.since)
    return f"its last {idle} actions brought no points" if idle >= NO_PROGRESS else ""


def _stuck(state: AgentState, watch: _Watch) -> str:
    return _loops(state, watch) or _rejections(state, watch) or _no_progress(state, watch)


POLICIES: dict[str, Callable[[AgentState, _Watch], str]] = {
    "stuck": _stuck,
    "loop": _loops,
    "rejections": _rejections,
    "no-progress": _no_progress,
}
"""Name → why the pair is stuck, `""` if it is not; `stuck` is any of the others."""


class EscalatingAgent(SubgoalAgent):
    """Controller and executor; where they are stuck, a language model names the sub-goal.

    Its word stands for `HELD_FOR` actions, or until it brings points; then the controller names the
    sub-goals again, and trouble is counted anew. The executor acts all the time. Where an episode's
    tokens are spent, or the answer holds no sub-goal, the controller goes on as before.

    Args:
        controller (`RoleModel`): names the sub-goal.
        executor (`RoleModel`): names the action.
        llm (`LLM`): is asked; its budget is that of an episode.
        when (`str`, *optional*, defaults to `"stuck"`): one of `POLICIES`.
        decoding (`Decoding`, *optional*): how answers are searched for.

    Raises:
        UsageError: for an unknown policy, or models that do not fit.
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
                self._watches[id(state)].first[state.step] = decision.actions[0]
        return decisions

    def _plans(self, states: Sequence[AgentState]) -> list[tuple[list[str], DecisionCost]]:
        """The model's sub-goal where it stands or is due, else the controller's."""
        spent = {id(state): self._escalate(state, self._watches[id(state)]) for state in states}
        free = [state for state in states if not self._watches[id(state)].held]
        own = dict(zip(map(id, free), super()._plans(free) if free else [], strict=True))
        plans = []
        for state in states:
            subgoals, cost = own.get(id(state), ([self._watches[id(state)].held], DecisionCost()))
            plans.append((subgoals, cost + spent[id(state)]))
        return plans

    def _escalate(self, state: AgentState, watch: _Watch) -> DecisionCost:
        """See whether the model's word still stands, and ask for one if the pair is stuck."""
        if state.step in watch.plan:
            (watch.held, *_), cost = watch.plan[state.step]
            return cost
        rewarded = any(event.reward > 0 for event in state.history[watch.since :])
        if watch.held and (state.step >= watch.until or rewarded):
            watch.held, watch.since = "", state.step
        cost = DecisionCost()
        if not watch.held and (reason := POLICIES[self.when](state, watch)):
            cost = self._ask(state, watch, reason)
        watch.plan[state.step] = ([watch.held], cost)
        return cost

    def _ask(self, state: AgentState, watch: _Watch, reason: str) -> DecisionCost:
        watch.talk.begin_decision()
        try:
            answer = watch.talk.ask(
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
        found = (read_subgoal(text) for text in _SUBGOAL.findall(answer))
        watch.held = next(filter(None, found), "")
        watch.since, watch.until = state.step, state.step + HELD_FOR
        return watch.talk.end_decision()

    def describe(self) -> dict[str, Any]:
        """Provenance, with the model that is asked, when, and for how many tokens an episode."""
        own = super().describe()
        return {
            **own,
            "models": {**own["models"], "llm": self.llm.describe()},
            "escalation": {"when": self.when, "budget_tokens": self.llm.budget_tokens},
        }


def check_policy(when: str) -> None:
    """Raise `UsageError` unless this is a policy."""
    if when not in POLICIES:
        raise UsageError(f"--when {when}: use {', '.join(POLICIES)}.")


def check_budget(budget_tokens: int | None) -> bool:
    """Whether there is a budget to escalate with; with 0 the pair plays alone.

    Raises:
        UsageError: if it is left out, or negative.
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
    """The pair with the help that the options name; with a budget of 0, the pair itself.

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
        return SubgoalAgent.from_pretrained(options.controller, options.executor, **options.decoding)
    llm = make_llm(
        options.escalate_to,
        options.base_url,
        options.ledger,
        budget_tokens=options.budget_tokens,
        max_tokens=options.max_tokens,
        option="--escalate-to",
    )
    search = Decoding(**options.decoding)
    pair = [RoleModel.from_pretrained(name, None, search) for name in (options.controller, options.executor)]
    return EscalatingAgent(pair[0], pair[1], llm, when, search)
