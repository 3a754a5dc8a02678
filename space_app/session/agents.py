"""The agents that play: those of the settings, and pairs of Hub models that visitors name."""

import threading
from collections import OrderedDict
from pathlib import Path

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.common.hub_ids import check_hub_id, is_hub_id
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.base import Decision, DecisionCost
from modeling.agents.learned import FlatAgent, SubgoalAgent
from space_app.settings import Settings

_MAX_VISITOR_PAIRS = 2
"""Pairs named by visitors that stay in memory; the least recently used one is dropped."""
_MAX_WEIGHT_BYTES = 1_500_000_000


class SteeredAgent(SubgoalAgent):
    """The hierarchical agent with planning and acting separated, so that a visitor can change the plan.

    Example:

    ```python
    subgoal, cost = agent.plan(state)
    state.set_subgoal("navigate_to(kitchen)")  # in place of `subgoal`
    decision = agent.follow(state)
    ```
    """

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        """The controller's sub-goal and its cost; an unreadable answer keeps the current sub-goal."""
        ((subgoals, cost),) = self._plans([state])
        return (subgoals[0] if subgoals else state.subgoal), cost

    def follow(self, state: AgentState) -> Decision:
        """The executor's decision under the sub-goal in `state`."""
        return self._decide("executor", [state])[0]


class SharedAgent:
    """An agent that all visitors share, one decision at a time.

    Args:
        agent (`SteeredAgent` or `FlatAgent`): makes the decisions.

    Example:

    ```python
    shared = SharedAgent(FlatAgent.from_pretrained("release/flat"))
    decision = shared.decide(state)
    ```
    """

    def __init__(self, agent: SteeredAgent | FlatAgent) -> None:
        self.agent = agent
        self._lock = threading.Lock()  # the models are not safe to call from several threads

    @property
    def has_plan(self) -> bool:
        """Whether it names sub-goals."""
        return isinstance(self.agent, SteeredAgent)

    @property
    def names(self) -> list[str]:
        """Its models' Hub ids or folder names. A visitor never sees the path of a folder."""
        ids = [model.checkpoint.id for model in self.agent.models.values()]
        return [name if is_hub_id(name) else Path(name).name for name in ids]

    def plan(self, state: AgentState) -> tuple[str, DecisionCost]:
        """The sub-goal for the next action and its cost; `""` from a flat agent."""
        if not isinstance(self.agent, SteeredAgent):
            return "", DecisionCost()
        with self._lock:
            return self.agent.plan(state)

    def decide(self, state: AgentState) -> Decision:
        """The next action under the sub-goal in `state`."""
        with self._lock:
            if isinstance(self.agent, SteeredAgent):
                return self.agent.follow(state)
            return self.agent.act([state])[0]


class AgentPool:
    """All agents of the demo, loaded once each.

    Args:
        agents (`dict[str, SharedAgent]`): those that are always loaded, by kind (`hierarchical`, `flat`).

    Example:

    ```python
    pool = AgentPool.from_settings(find_settings())
    pool.get("flat")
    pool.from_hub("NAMESPACE/controller", "NAMESPACE/executor")
    ```
    """

    def __init__(self, agents: dict[str, SharedAgent]) -> None:
        self._lock = threading.Lock()
        self._agents = agents
        self._visitors: OrderedDict[tuple[str, ...], SharedAgent] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings) -> "AgentPool":
        """Load the settings' models.

        Raises:
            UsageError: if a model cannot be loaded or does not fit its role.
            SubgoalError: if the Hub cannot be reached.
        """
        agents = {"hierarchical": SharedAgent(_load_pair(settings.controller, settings.executor))}
        if settings.flat:
            agents["flat"] = SharedAgent(FlatAgent.from_pretrained(settings.flat))
        return cls(agents)

    @property
    def kinds(self) -> list[str]:
        """The kinds that are always loaded: `hierarchical`, and `flat` if the settings name one."""
        return list(self._agents)

    def get(self, kind: str = "hierarchical") -> SharedAgent:
        """An agent of the settings.

        Raises:
            UsageError: if there is no agent of this kind.
        """
        if kind not in self._agents:
            raise UsageError(f"There is no agent {clip(kind)!r} here: choose {' or '.join(self._agents)}.")
        return self._agents[kind]

    def from_hub(self, controller: str, executor: str) -> SharedAgent:
        """The pair of two Hub ids, or the settings' pair if both are empty.

        Raises:
            UsageError: if a name is not a Hub id, or its model is missing, too large or of another kind.
            SubgoalError: if the Hub cannot be reached.
        """
        names = controller.strip(), executor.strip()
        if not any(names):
            return self.get()
        for name in names:
            check_hub_id(name)
        with self._lock:  # one load at a time: each takes memory and seconds
            if names not in self._visitors:
                for name in names:
                    _check_size(name)
                self._visitors[names] = SharedAgent(_load_visitor_pair(*names))
                while len(self._visitors) > _MAX_VISITOR_PAIRS:
                    self._visitors.popitem(last=False)
            self._visitors.move_to_end(names)
            return self._visitors[names]


def _check_size(name: str) -> None:
    """Raise `UsageError` unless the model is public, has safetensors weights and fits into memory."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    repo, _, revision = name.partition("@")
    try:
        # Never with this machine's token: a visitor must not see what only its owner may see.
        info = HfApi(token=False).model_info(repo, revision=revision or None, files_metadata=True)
    except HfHubHTTPError as error:
        raise UsageError(f"No public model {name} on the Hub: check its name and revision.") from error
    except (OfflineModeIsEnabled, HTTPError, OSError) as error:
        raise SubgoalError("The Hub cannot be reached now: play with the models that are here.") from error
    if info.gated:
        raise UsageError(f"{name} is gated, and this page has no access to it: name a public model.")
    # Only safetensors: a pickled checkpoint could run a stranger's code on this machine.
    weights = [file.size or 0 for file in info.siblings or [] if file.rfilename.endswith(".safetensors")]
    if not weights:
        raise UsageError(f"{name} has no safetensors weights: name a model that `subgoal train` made.")
    if sum(weights) > _MAX_WEIGHT_BYTES:
        raise UsageError(
            f"{name} is too large for this page ({sum(weights) / 1e9:.1f} GB, at most "
            f"{_MAX_WEIGHT_BYTES / 1e9} GB)."
        )


def _load_pair(controller: str, executor: str) -> SteeredAgent:
    agent = SteeredAgent.from_pretrained(controller, executor)
    assert isinstance(agent, SteeredAgent)
    return agent


def _load_visitor_pair(controller: str, executor: str) -> SteeredAgent:
    """A visitor's models. A broken file can raise anything, so every error becomes one line."""
    try:
        return _load_pair(controller, executor)
    except SubgoalError:
        raise
    except Exception as error:
        raise UsageError(
            f"{controller} or {executor} cannot be loaded ({type(error).__name__}): name models that "
            "`subgoal train` made."
        ) from error
