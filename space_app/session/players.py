"""Models that play: the settings' own, and those that visitors name, loaded once each."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.common.hub_ids import _HUB_ID, check_hub_id
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Agent, Decision, DecisionCost
from modeling.agents.learned import FlatAgent, SubgoalAgent
from space_app.settings import Settings

_KEPT = 2
"""Models of visitors' choice that stay in memory."""
_LARGEST = 1_500_000_000  # bytes of weights


class SteeredAgent(SubgoalAgent):
    """The hierarchical agent in two halves, so that a visitor can have a word between them."""

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        """What the controller names for this state, and its cost; the sub-goal before if it is unreadable."""
        ((subgoals, cost),) = self._plans([state])
        return (subgoals[0] if subgoals else state.subgoal), cost

    def follow(self, state: AgentState) -> Decision:
        """The executor's decision under the sub-goal that the state holds."""
        return self._decide("executor", [state])[0]


class Player:
    """An agent that any number of visitors share, one decision at a time.

    Args:
        agent (`SteeredAgent` or `FlatAgent`): what decides.
    """

    def __init__(self, agent: SteeredAgent | FlatAgent) -> None:
        self.agent = agent
        self._lock = threading.Lock()

    @property
    def plans(self) -> bool:
        """Whether it names sub-goals."""
        return isinstance(self.agent, SteeredAgent)

    @property
    def names(self) -> list[str]:
        """What its models are called: Hub ids, or the last part of a folder's name."""
        found = [model.checkpoint.id for model in self.agent.models.values()]
        return [name if _HUB_ID.fullmatch(name) else Path(name).name for name in found]

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        """The sub-goal for the next action, `""` from a flat agent."""
        if not isinstance(self.agent, SteeredAgent):
            return "", DecisionCost()
        with self._lock:
            return self.agent.plan(state)

    def decide(self, state: AgentState) -> Decision:
        """The next action under the state's sub-goal."""
        with self._lock:
            if isinstance(self.agent, SteeredAgent):
                return self.agent.follow(state)
            return self.agent.act([state])[0]


class Decider(Protocol):
    """Who plays when the visitor does not: a `Player`, or what stands in for one."""

    @property
    def agent(self) -> Agent: ...
    @property
    def plans(self) -> bool: ...
    @property
    def names(self) -> Sequence[str]: ...
    def plan(self, state: AgentState) -> tuple[str, DecisionCost]: ...
    def decide(self, state: AgentState) -> Decision: ...


class Players(Protocol):
    """Where deciders come from: `Pairs`, or what stands in for it."""

    @property
    def kinds(self) -> Sequence[str]: ...
    def own(self, kind: str = "hierarchical") -> Decider: ...
    def named(self, controller: str, executor: str) -> Decider: ...


class Pairs:
    """Players by the names of their models.

    Args:
        own (`dict[str, Player]`): those that are always there, by kind.
    """

    def __init__(self, own: dict[str, Player]) -> None:
        self._lock = threading.Lock()
        self._own = own
        self._visitors: OrderedDict[tuple[str, ...], Player] = OrderedDict()

    @classmethod
    def loaded(cls, settings: Settings) -> "Pairs":
        """With the settings' models.

        Raises:
            UsageError: if one cannot be loaded, or does not fit its role.
            SubgoalError: if the Hub cannot be reached.
        """
        own = {"hierarchical": Player(_pair(settings.controller, settings.executor))}
        if settings.flat:
            own["flat"] = Player(FlatAgent.from_pretrained(settings.flat))
        return cls(own)

    @property
    def kinds(self) -> list[str]:
        """Agents that are here: `hierarchical`, perhaps `flat`."""
        return list(self._own)

    def own(self, kind: str = "hierarchical") -> Player:
        """A player of the settings'.

        Raises:
            UsageError: if there is none of this kind.
        """
        if kind not in self._own:
            raise UsageError(f"There is no agent {clip(kind)!r} here: choose {' or '.join(self._own)}.")
        return self._own[kind]

    def named(self, controller: str, executor: str) -> Player:
        """The pair of two Hub ids; both empty: the settings' own.

        Raises:
            UsageError: for what is no Hub id, no such model, one too large, or of another kind.
            SubgoalError: if the Hub cannot be reached.
        """
        names = controller.strip(), executor.strip()
        if not any(names):
            return self.own()
        for name in names:
            check_hub_id(name)
        with self._lock:  # one at a time: a load takes memory and seconds
            if names not in self._visitors:
                for name in names:
                    _check_size(name)
                self._visitors[names] = Player(_strangers(*names))
                while len(self._visitors) > _KEPT:
                    self._visitors.popitem(last=False)
            self._visitors.move_to_end(names)
            return self._visitors[names]


def _check_size(name: str) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    repo, _, revision = name.partition("@")
    try:
        # Never with this machine's token: a visitor must not see what only its owner may.
        info = HfApi(token=False).model_info(repo, revision=revision or None, files_metadata=True)
    except HfHubHTTPError as error:
        raise UsageError(f"No public model {name} on the Hub: check its name and revision.") from error
    except (OfflineModeIsEnabled, HTTPError, OSError) as error:
        raise SubgoalError("The Hub cannot be reached now: play with the models that are here.") from error
    if info.gated:
        raise UsageError(f"{name} is gated: its owner lets nobody in unasked. Name a public model.")
    weights = [file.size or 0 for file in info.siblings or [] if file.rfilename.endswith(".safetensors")]
    if not weights:
        raise UsageError(f"{name} has no safetensors weights: name a model that `subgoal train` made.")
    if sum(weights) > _LARGEST:
        raise UsageError(
            f"{name} is too large for this page ({sum(weights) / 1e9:.1f} GB, at most {_LARGEST / 1e9} GB)."
        )


def _pair(controller: str, executor: str) -> SteeredAgent:
    agent = SteeredAgent.from_pretrained(controller, executor)
    assert isinstance(agent, SteeredAgent)
    return agent


def _strangers(controller: str, executor: str) -> SteeredAgent:
    """A visitor's models; what a stranger's file may break is told in one line."""
    try:
        return _pair(controller, executor)
    except SubgoalError:
        raise
    except Exception as error:
        raise UsageError(
            f"{controller} or {executor} cannot be loaded ({type(error).__name__}): name models that "
            "`subgoal train` made."
        ) from error
