"""Learned agents: a controller with an executor, or a flat model. They act on batches of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.subgoals import SubGoal, SubGoalSyntaxError
from modeling.agents.base import Decision, DecisionCost
from modeling.agents.decoding import Decoding
from modeling.agents.loading import load_role_model
from modeling.agents.loop_guard import guarded, is_premature, is_stalled, makes_no_progress
from modeling.agents.role_model import RoleModel
from modeling.checkpoints.description import ModelSettings
from modeling.inference.base import Backend
from modeling.inference.search import Answer, Search

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode

_ALTERNATIVES = 4  # sub-goals the controller is asked for when its best one is stalled or premature

Plan = tuple[list[str], DecisionCost]
"""Sub-goals, best first, and the cost of asking for them."""


class LearnedAgent:
    """Base class of learned agents. Between steps they keep nothing but the seed of each episode.

    Args:
        models (`Sequence[RoleModel]`): one model per role.
        decoding (`Decoding`): how their answers are searched for.

    Attributes:
        thread_safe: whether several threads may call `act` at the same time. It is not inherited, because
            a subclass may keep state that is not thread-safe: each class has to set it.

    Example:

    ```python
    class ExecutorAlone(LearnedAgent):
        name = "executor-alone"
        thread_safe = True

        def act(self, states):
            return self._decide("executor", states)

    agent = ExecutorAlone([load_role_model("release/executor")], Decoding())
    ```
    """

    name = ""
    thread_safe = False

    def __init__(self, models: Sequence[RoleModel], decoding: Decoding) -> None:
        self.models = {model.role: model for model in models}
        self.decoding = decoding
        self._seeds: dict[int, int] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Store the episode's seed, for samples."""
        self._seeds[id(state)] = seed

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._seeds.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        """Provenance: name, models by role, decoding as it is done, state-text version."""
        # A checkpoint whose config says nothing of grounding answers freely, whatever is asked for.
        grounded = {role: model.grounded for role, model in self.models.items()}
        alike = len(set(grounded.values())) == 1
        done = {
            "backend": self._backend.name,
            "dtype": self._backend.dtype,
            "grounded": next(iter(grounded.values())) if alike else grounded,
        }
        return {
            "name": self.name,
            "models": {role: model.describe() for role, model in self.models.items()},
            "decoding": asdict(self.decoding) | done,
            "state_text_version": next(iter(self.models.values())).version,
        }

    @property
    def concurrent(self) -> int:
        """How many threads may call `act` at the same time and gain by it: 1 unless `thread_safe`."""
        if not vars(type(self)).get("thread_safe", False):
            return 1
        return min(model.backend.concurrent for model in self.models.values())

    @property
    def _backend(self) -> Backend:
        """The engine that computes the actions."""
        return next(model.backend for role, model in self.models.items() if role != "controller")

    def _decide(self, role: str, states: Sequence[AgentState]) -> list[Decision]:
        """The first action of each state; all candidates where it makes no progress."""
        model, decoding = self.models[role], self.decoding
        seeds = [self._seeds.get(id(state), 0) for state in states]
        answers = model.answer(states, decoding.first_search, seeds)
        decisions = list(map(self._decision, answers, states))
        if decoding.first_search == decoding.full_search:
            return decisions
        uncertain = {
            index
            for index, (decision, state) in enumerate(zip(decisions, states, strict=True))
            if not decision.actions
            or (decoding.avoid_loops and makes_no_progress(decision.actions[0], state))
        }
        # One batch for all of them. The others are searched only if the simulator rejects their action.
        searched = model.answer([states[index] for index in sorted(uncertain)], decoding.full_search)
        for index, answer in zip(sorted(uncertain), searched, strict=True):
            decision = self._decision(answer, states[index])
            decisions[index] = replace(decision, cost=decision.cost + decisions[index].cost)
        for index, state in enumerate(states):
            if index not in uncertain:
                decisions[index] = replace(decisions[index], more=partial(self._search_all, model, state))
        return decisions

    def _search_all(self, model: RoleModel, state: AgentState) -> Decision:
        """All candidates of one state."""
        return self._decision(model.answer([state], self.decoding.full_search)[0], state)

    def _decision(self, answer: Answer, state: AgentState) -> Decision:
        actions = ranked_actions(answer.texts)
        if self.decoding.avoid_loops:
            actions = guarded(actions, state)
        return Decision(actions, state.subgoal, _cost(answer))


class SubgoalAgent(LearnedAgent):
    """A controller names the sub-goal, an executor acts on it.

    Args:
        controller (`RoleModel`): names sub-goals.
        executor (`RoleModel`): names actions for them.
        decoding (`Decoding`, *optional*): how their answers are searched for.

    Raises:
        UsageError: if a model has another role, or they were trained on different state texts.

    Example:

    ```python
    agent = SubgoalAgent.from_pretrained("namespace/controller", "namespace/executor")
    (decision,) = agent.act([state])
    decision.subgoal, decision.actions  # "focus_on(soap)", ("focus on soap",)
    ```
    """

    name = "hierarchical"
    thread_safe = True

    def __init__(self, controller: RoleModel, executor: RoleModel, decoding: Decoding | None = None) -> None:
        if (controller.role, executor.role) == ("executor", "controller"):
            raise UsageError(f"{controller.id} is an executor and {executor.id} a controller: swap them.")
        controller.check_role("controller")
        executor.check_role("executor")
        if controller.version != executor.version:
            raise UsageError(
                f"The controller reads state text {controller.version}, the executor {executor.version}: "
                "take two that were trained on the same corpus."
            )
        super().__init__([controller, executor], decoding or Decoding())

    @classmethod
    def from_pretrained(
        cls,
        controller: str,
        executor: str,
        revision: str | None = None,
        *,
        settings: ModelSettings | None = None,
        **decoding: Any,
    ) -> Self:
        """Load a pair from folders, the Hub, model descriptions or servers.

        Args:
            controller (`str`): folder or Hub id (`id@revision` pins it), YAML file of a description, or
                `openai:MODEL`.
            executor (`str`): likewise.
            revision (`str`, *optional*): revision of Hub ids that do not name one.
            settings (`ModelSettings`, *optional*): fills in what the models do not say themselves.
            decoding (*optional*): fields of `Decoding`.

        Raises:
            UsageError: if one cannot be loaded, or does not fit its role or the other.
            SubgoalError: if the Hub cannot be reached.
        """
        search = Decoding(**decoding)
        names = {"controller": controller, "executor": executor}
        pair = [load_role_model(name, role, revision, search, settings) for role, name in names.items()]
        return cls(pair[0], pair[1], search)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state. Each state's sub-goal is set first."""
        plans = self._plans(states)
        for state, (subgoals, _) in zip(states, plans, strict=True):
            if subgoals:
                state.set_subgoal(subgoals[0])
        return [
            replace(decision, cost=decision.cost + cost)
            for decision, (_, cost) in zip(self._decide("executor", states), plans, strict=True)
        ]

    def _plans(self, states: Sequence[AgentState]) -> list[Plan]:
        """The controller's sub-goals for each state, best first, and their cost.

        A state in which the simulator asks which of several objects is meant gets none, so that its sub-goal
        stays until the question is answered, as in the annotations. With the loop guard, a state whose first
        sub-goal is stalled or premature gets alternatives, ordered by `_reordered`.
        """
        plans: list[Plan] = [([], DecisionCost())] * len(states)
        free = [index for index, state in enumerate(states) if not state.subgoal_stays]
        for index, plan in zip(free, self._first_plans([states[index] for index in free]), strict=True):
            plans[index] = plan
        return plans

    def _first_plans(self, states: Sequence[AgentState]) -> list[Plan]:
        """The same for states whose controller is asked."""
        controller = self.models["controller"]
        plans = [_read_plan(answer) for answer in controller.answer(states, self.decoding.subgoal_search)]
        if not self.decoding.avoid_loops:
            return plans
        doubtful = [
            index
            for index, (state, (subgoals, _)) in enumerate(zip(states, plans, strict=True))
            if is_premature(first := subgoals[0] if subgoals else state.subgoal, state)
            or is_stalled(first, state)
        ]
        answers = controller.answer(
            [states[index] for index in doubtful], Search(_ALTERNATIVES, _ALTERNATIVES)
        )
        for index, (alternatives, cost) in zip(doubtful, map(_read_plan, answers), strict=True):
            first_plan, first_cost = plans[index]
            plans[index] = _reordered(states[index], [*first_plan, *alternatives]), first_cost + cost
        return plans


def _reordered(state: AgentState, subgoals: Sequence[str]) -> list[str]:
    """Sub-goals with stalled ones behind the others and premature ones last.

    The current sub-goal comes first if the controller's first one is stalled and the current one is not. A
    stalled current one that is replaced is marked as abandoned in the state. If all others are premature, a
    stalled one stays: a wrong guess would lose all points.
    """
    current = [state.subgoal] if state.subgoal else []
    leaves = is_stalled(subgoals[0] if subgoals else state.subgoal, state)
    ordered = sorted(
        [*current, *subgoals] if leaves else [*subgoals, *current],
        key=lambda subgoal: (is_premature(subgoal, state), is_stalled(subgoal, state)),
    )
    leaves = leaves or is_stalled(state.subgoal, state)
    if leaves and current and ordered[0] != state.subgoal:
        state.abandoned.append(state.subgoal)
    return ordered


def _read_plan(answer: Answer) -> Plan:
    return [subgoal for subgoal in map(read_subgoal, answer.texts) if subgoal is not None], _cost(answer)


def _cost(answer: Answer) -> DecisionCost:
    return DecisionCost(1, answer.read, answer.written, inputs_shortened=int(answer.shortened))


class FlatAgent(LearnedAgent):
    """One model chooses the actions, without sub-goals.

    Args:
        flat (`RoleModel`): names actions.
        decoding (`Decoding`, *optional*): how its answers are searched for.

    Example:

    ```python
    agent = FlatAgent.from_pretrained("namespace/flat", backend="transformers")
    decisions = agent.act(states)
    ```
    """

    name = "flat"
    thread_safe = True

    def __init__(self, flat: RoleModel, decoding: Decoding | None = None) -> None:
        flat.check_role("flat")
        super().__init__([flat], decoding or Decoding())

    @classmethod
    def from_pretrained(
        cls, flat: str, revision: str | None = None, *, settings: ModelSettings | None = None, **decoding: Any
    ) -> Self:
        """Load from a folder, the Hub, a model description or a server.

        Arguments and errors as for `SubgoalAgent.from_pretrained`.
        """
        search = Decoding(**decoding)
        return cls(load_role_model(flat, "flat", revision, search, settings), search)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state."""
        return self._decide("flat", states)


def read_subgoal(text: str) -> str | None:
    """A sub-goal in canonical spelling; None if the text does not parse. Agents then keep the last one."""
    try:
        return str(SubGoal.parse(text))
    except SubGoalSyntaxError:
        return None


def ranked_actions(texts: Sequence[str]) -> tuple[str, ...]:
    """Candidate actions in their order, without empty ones and without a second `focus`.

    A `focus` on the wrong object loses the episode. So if the best one is rejected, no other is tried.
    """
    actions: list[str] = []
    focused = False
    for text in texts:
        if not text or (focused and text.startswith("focus")):
            continue
        focused = focused or text.startswith("focus")
        actions.append(text)
    return tuple(actions)
