"""Ablations: the learned executor with expert, random, semi-random or no sub-goals.

Their distance to the hierarchical agent measures the contribution of the controller (arXiv 2405.02749,
random and semi-random sub-goals) and the quality of the executor alone. An agent's draws depend only on
the seed and the step of the episode, so that results are the same in any batch, and after a restart of
the Java process.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dataset_builder.dataset.load import dataset_identity
from dataset_builder.simulator.look import rooms_in, things_in
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.subgoals import SubGoal
from eval_harness.agents.expert_subgoals import ExpertSubgoals, Guide
from modeling.agents.base import Decision
from modeling.agents.decoding import Decoding
from modeling.agents.learned import LearnedAgent, SubgoalAgent
from modeling.agents.role_model import RoleModel

SUBGOAL_STEPS = 10
"""Number of actions for which a drawn sub-goal is kept (arXiv 2405.02749)."""


class NoSubgoals(LearnedAgent):
    """The executor with an empty sub-goal.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        decoding (`Decoding`, *optional*): how answers are decoded.

    Example:

    ```python
    agent = NoSubgoals(load_role_model("release/executor"))
    (decision,) = agent.act([state])
    decision.subgoal  # ""
    ```
    """

    name = "no-subgoals"
    thread_safe = True

    def __init__(self, executor: RoleModel, decoding: Decoding | None = None) -> None:
        executor.check_role("executor")
        super().__init__([executor], decoding or Decoding())

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; no sub-goal is ever set."""
        return self._decide("executor", states)


class RandomSubgoals(NoSubgoals):
    """The executor with a sub-goal of the corpus that is drawn at random every 10 actions.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        trajectories (`str`, *optional*): dataset folder or repository whose training sub-goals are
            drawn from; by default those of the exemplars that come with the package.
        decoding (`Decoding`, *optional*): how answers are decoded.

    Example:

    ```python
    agent = RandomSubgoals(load_role_model("release/executor"), trajectories="release/dataset")
    agent.begin(state, episode, seed=0)
    (decision,) = agent.act([state])
    ```
    """

    name = "random-subgoals"
    thread_safe = True

    def __init__(
        self, executor: RoleModel, trajectories: str | None = None, decoding: Decoding | None = None
    ) -> None:
        super().__init__(executor, decoding)
        self._source = "exemplars" if trajectories is None else dataset_identity(trajectories)
        self._pool = subgoal_pool(trajectories)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        for state in states:
            dice = random.Random(f"{self._seeds[id(state)]}/{state.step // SUBGOAL_STEPS}")
            state.set_subgoal(dice.choice(self._pool))
        return self._decide("executor", states)

    def describe(self) -> dict[str, Any]:
        """Provenance as of `LearnedAgent.describe`, and `pool`: `source` and number of `subgoals`."""
        pool = {"source": self._source, "subgoals": len(self._pool)}
        return {**super().describe(), "pool": pool}


@dataclass
class _ControllerView:
    """The sub-goals of an episode as the controller sees them, and the one that the executor sees.

    Attributes:
        seed: the episode's seed.
        subgoal: the controller's current sub-goal.
        since: step at which it was set.
        finished: the controller's earlier sub-goals.
        abandoned: the earlier sub-goals that brought no progress.
        drawn_at: step at which the replacement was drawn.
        replacement: the sub-goal with other objects and places, for the executor.
    """

    seed: int
    subgoal: str = ""
    since: int = 0
    finished: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    drawn_at: int = 0
    replacement: str = ""


class SemiRandomSubgoals(SubgoalAgent):
    """The controller's sub-goal with its objects and places replaced by others in sight.

    They are drawn when the controller changes its sub-goal, and again after 10 actions with the same
    sub-goal. The controller sees its own sub-goals, as in the hierarchical agent; the executor sees the
    replacement.

    Example:

    ```python
    agent = SemiRandomSubgoals.from_pretrained("release/controller", "release/executor")
    agent.begin(state, episode, seed=0)
    (decision,) = agent.act([state])
    ```
    """

    name = "semi-random-subgoals"
    thread_safe = True

    def __init__(self, controller: RoleModel, executor: RoleModel, decoding: Decoding | None = None) -> None:
        super().__init__(controller, executor, decoding)
        self._views: dict[int, _ControllerView] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._views[id(state)] = _ControllerView(seed)

    def end(self, state: AgentState) -> None:
        self._views.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        views = [self._views[id(state)] for state in states]
        seen = [_with_controller_history(state, view) for state, view in zip(states, views, strict=True)]
        plans = self._plans(seen)
        for state, view, controller_state, (subgoals, _) in zip(states, views, seen, plans, strict=True):
            if subgoals:
                controller_state.set_subgoal(subgoals[0])
            self._replace(view, controller_state, state)
            state.set_subgoal(view.replacement)
        return [
            replace(decision, cost=decision.cost + cost)
            for decision, (_, cost) in zip(self._decide("executor", states), plans, strict=True)
        ]

    def _replace(self, view: _ControllerView, controller_state: AgentState, state: AgentState) -> None:
        """Store the controller's sub-goal; draw a replacement if one is due."""
        changed = controller_state.subgoal != view.subgoal
        view.subgoal, view.since = controller_state.subgoal, controller_state.since
        if view.subgoal and (changed or state.step - view.drawn_at >= SUBGOAL_STEPS):
            view.drawn_at = state.step
            view.replacement = replaced(view.subgoal, state, random.Random(f"{view.seed}/{state.step}"))


class TrueSubgoals(NoSubgoals):
    """The executor with the expert's sub-goals: the quality of the executor with a perfect controller.

    Each episode follows the annotated path of its own variation; `expert_subgoals.Guide` decides when
    a sub-goal is fulfilled.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        expert (`ExpertSubgoals`): the expert's paths.
        decoding (`Decoding`, *optional*): how answers are decoded.

    Example:

    ```python
    agent = TrueSubgoals(load_role_model("release/executor"), ExpertSubgoals(simulator))
    agent.begin(state, episode, seed=0)
    (decision,) = agent.act([state])
    ```
    """

    name = "expert-subgoals"
    thread_safe = True

    def __init__(self, executor: RoleModel, expert: ExpertSubgoals, decoding: Decoding | None = None) -> None:
        super().__init__(executor, decoding)
        self._expert = expert
        self._guides: dict[int, Guide] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._guides[id(state)] = Guide(self._expert.spans(state.task, episode.variation))

    def end(self, state: AgentState) -> None:
        self._guides.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        for state in states:
            state.set_subgoal(self._guides[id(state)].subgoal(state))
        return self._decide("executor", states)

    def describe(self) -> dict[str, Any]:
        """Provenance as of `LearnedAgent.describe`, and `trajectories`: `id` and `revision`, or None."""
        return {**super().describe(), "trajectories": self._expert.source}


def _with_controller_history(state: AgentState, view: _ControllerView) -> AgentState:
    """The state with the controller's own sub-goals; it shares the lists of the view, which it extends."""
    return replace(
        state, subgoal=view.subgoal, since=view.since, finished=view.finished, abandoned=view.abandoned
    )


def subgoal_pool(trajectories: str | None = None) -> list[str]:
    """The distinct sub-goals of a dataset's training paths, or of the package's exemplars, sorted.

    Args:
        trajectories (`str`, *optional*): dataset folder or repository; see `load_config` for errors.
    """
    subgoals: Iterable[str]
    if trajectories is None:
        from dataset_builder.annotation.exemplars import all_exemplars

        subgoals = (str(segment.subgoal) for _, segments in all_exemplars() for segment in segments)
    else:
        from dataset_builder.dataset.load import load_config

        tables = load_config(trajectories, "trajectories")
        table = tables["train"] if "train" in tables else next(iter(tables.values()))
        subgoals = (subgoal for row in table.select_columns("subgoal") for subgoal in row["subgoal"])
    return sorted(set(subgoals))


def things_in_sight(state: AgentState) -> list[str]:
    """Names of the things in the room and in the inventory, in the order of the texts."""
    return list(dict.fromkeys([*things_in(state.look), *things_in(state.inventory)]))


def replaced(subgoal: str, state: AgentState, dice: random.Random) -> str:
    """The sub-goal with its rooms replaced by other rooms in sight, and its things by other things in sight.

    Numbers are kept, and so are the second argument of `wait_until` (a state) and arguments without a
    possible replacement.

    Args:
        subgoal (`str`): in functional form.
        state (`AgentState`): the current look and inventory.
        dice (`random.Random`): source of randomness.
    """
    goal = SubGoal.parse(subgoal)
    arguments: list[str] = []
    for index, argument in enumerate(goal.arguments):
        if (goal.name, index) == ("wait_until", 1) or argument.isdigit():
            arguments.append(argument)
            continue
        seen = rooms_in(state.look) if argument in ROOMS else things_in_sight(state)
        others = [name for name in seen if name not in (argument, *arguments)]
        arguments.append(dice.choice(others) if others else argument)
    return str(SubGoal(goal.name, tuple(arguments)))
