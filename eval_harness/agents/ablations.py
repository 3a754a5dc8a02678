"""Ablations: the learned executor under sub-goals that are true, random, half random, or missing.

The distance between them and the hierarchical agent says what the controller is worth (arXiv
2405.02749, random and semi-random sub-goals), and how good the executor is by itself. What an agent
draws depends on the episode's seed and step alone, so that results are the same in any batch, and
again after the Java process has died.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dataset_builder.dataset.load import dataset_identity
from dataset_builder.simulator.look import rooms_in, things_in
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.subgoals import SubGoal
from eval_harness.agents.expert_subgoals import ExpertSubgoals, Guide
from modeling.agents.base import Decision
from modeling.agents.decoding import Decoding
from modeling.agents.learned import LearnedAgent, SubgoalAgent
from modeling.agents.role_model import RoleModel

HELD_FOR = 10
"""Actions for which a drawn sub-goal is held (arXiv 2405.02749)."""


class NoSubgoals(LearnedAgent):
    """The executor with the sub-goal left blank: what it knows without being told.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        decoding (`Decoding`, *optional*): how answers are searched for.
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
    """The executor under a sub-goal of the corpus drawn anew every 10 actions.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        trajectories (`str`, *optional*): dataset folder or repository whose training sub-goals are
            drawn from; by default those of the exemplars that come with the package.
        decoding (`Decoding`, *optional*): how answers are searched for.
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
            dice = random.Random(f"{self._seeds[id(state)]}/{state.step // HELD_FOR}")
            state.set_subgoal(dice.choice(self._pool))
        return self._decide("executor", states)

    def describe(self) -> dict[str, Any]:
        """Provenance, with where the sub-goals were drawn from."""
        pool = {"source": self._source, "subgoals": len(self._pool)}
        return {**super().describe(), "pool": pool}


@dataclass
class _Word:
    """What the controller said in an episode, and what the executor is told instead.

    Attributes:
        seed: the episode's.
        subgoal: the controller's word.
        since: step at which it said that.
        finished: its words before that.
        abandoned: those of them that led nowhere.
        drawn_at: step at which the replacement was drawn.
        replacement: the sub-goal with other objects and places.
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

    They are drawn when the controller names another sub-goal, and anew after 10 actions under the
    same. The controller reads its own words, as it would in the hierarchical agent; the executor
    reads the replacement.
    """

    name = "semi-random-subgoals"
    thread_safe = True

    def __init__(self, controller: RoleModel, executor: RoleModel, decoding: Decoding | None = None) -> None:
        super().__init__(controller, executor, decoding)
        self._words: dict[int, _Word] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._words[id(state)] = _Word(seed)

    def end(self, state: AgentState) -> None:
        self._words.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        words = [self._words[id(state)] for state in states]
        own = [_as_said(state, word) for state, word in zip(states, words, strict=True)]
        plans = self._plans(own)
        for state, word, heard, (subgoals, _) in zip(states, words, own, plans, strict=True):
            if subgoals:
                heard.set_subgoal(subgoals[0])
            self._replace(word, heard, state)
            state.set_subgoal(word.replacement)
        return [
            replace(decision, cost=decision.cost + cost)
            for decision, (_, cost) in zip(self._decide("executor", states), plans, strict=True)
        ]

    def _replace(self, word: _Word, heard: AgentState, state: AgentState) -> None:
        """Take over what the controller said; draw a replacement if one is due."""
        changed = heard.subgoal != word.subgoal
        word.subgoal, word.since = heard.subgoal, heard.since
        if word.subgoal and (changed or state.step - word.drawn_at >= HELD_FOR):
            word.drawn_at = state.step
            word.replacement = replaced(word.subgoal, state, random.Random(f"{word.seed}/{state.step}"))


class TrueSubgoals(NoSubgoals):
    """The executor under the expert's sub-goals: how good it is when it is told the right thing.

    Each episode follows the annotated path of its own variation; `expert_subgoals.Guide` says when
    a sub-goal counts as fulfilled.

    Args:
        executor (`RoleModel`): reads states, answers with actions.
        simulator (`Simulator`, *optional*): where a path is looked for when no dataset has it.
        trajectories (`str`, *optional*): dataset folder or repository with annotated paths.
        simplifications (`str`, *optional*, defaults to `"easy"`): the protocol's.
        decoding (`Decoding`, *optional*): how answers are searched for.
    """

    name = "expert-subgoals"
    thread_safe = True

    def __init__(
        self,
        executor: RoleModel,
        simulator: Simulator | None = None,
        trajectories: str | None = None,
        simplifications: str = "easy",
        decoding: Decoding | None = None,
    ) -> None:
        super().__init__(executor, decoding)
        self._source = None if trajectories is None else dataset_identity(trajectories)
        self._expert = ExpertSubgoals(simulator, trajectories, simplifications)
        self._guides: dict[int, Guide] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        self._guides[id(state)] = Guide(self._expert.stretches(state.task, episode.variation))

    def end(self, state: AgentState) -> None:
        self._guides.pop(id(state), None)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        for state in states:
            state.set_subgoal(self._guides[id(state)].subgoal(state))
        return self._decide("executor", states)

    def describe(self) -> dict[str, Any]:
        """Provenance, with where the paths were taken from."""
        return {**super().describe(), "trajectories": self._source}


def _as_said(state: AgentState, word: _Word) -> AgentState:
    """The state with the controller's own words in it; its lists are the word's."""
    return replace(
        state, subgoal=word.subgoal, since=word.since, finished=word.finished, abandoned=word.abandoned
    )


def subgoal_pool(trajectories: str | None = None) -> list[str]:
    """The different sub-goals of a dataset's training paths, or of the package's exemplars; sorted.

    Args:
        trajectories (`str`, *optional*): dataset folder or repository. Errors as `load_config`.
    """
    found: Iterable[str]
    if trajectories is None:
        from dataset_builder.annotation.exemplars import all_exemplars

        found = (str(segment.subgoal) for _, segments in all_exemplars() for segment in segments)
    else:
        from dataset_builder.dataset.load import load_config

        tables = load_config(trajectories, "trajectories")
        table = tables["train"] if "train" in tables else next(iter(tables.values()))
        found = (subgoal for row in table.select_columns("subgoal") for subgoal in row["subgoal"])
    return sorted(set(found))


def things_in_sight(state: AgentState) -> list[str]:
    """Names of what the room shows and of what is carried, in the order of sight."""
    return list(dict.fromkeys([*things_in(state.look), *things_in(state.inventory)]))


def replaced(subgoal: str, state: AgentState, dice: random.Random) -> str:
    """A sub-goal with rooms replaced by rooms in sight, and things by things in sight.

    What is neither stays: numbers, and the state that `wait_until` waits for, its second argument. So
    does an argument for which nothing else is in sight.

    Args:
        subgoal (`str`): in functional form.
        state (`AgentState`): what is seen and carried now.
        dice (`random.Random`): draws.
    """
    goal = SubGoal.parse(subgoal)
    arguments: list[str] = []
    for place, argument in enumerate(goal.arguments):
        if (goal.name, place) == ("wait_until", 1) or argument.isdigit():
            arguments.append(argument)
            continue
        seen = rooms_in(state.look) if argument in ROOMS else things_in_sight(state)
        others = [name for name in seen if name not in (argument, *arguments)]
        arguments.append(dice.choice(others) if others else argument)
    return str(SubGoal(goal.name, tuple(arguments)))
