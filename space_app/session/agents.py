"""The agents that play: those of the settings, and pairs of Hub models that visitors name."""

import threading
from functools import lru_cache

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.hub.ids import check_hub_id, public_name
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
        """The controller's sub-goal and its cost.

        An unreadable answer, or a question of the simulator, keeps the current sub-goal.
        """
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
        return [public_name(model.id) for model in self.agent.models.values()]

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
        self._agents = agents
        self._load_lock = threading.Lock()
        self._load_visitor_pair = lru_cache(_MAX_VISITOR_PAIRS)(_load_visitor_pair)

    @classmethod
    def from_settings(cls, settings: Settings) -> "AgentPool":
        """Load the settings' models.

        Raises:
            UsageError: if a model cannot be loaded or does not fit its role.
            SubgoalError: if the Hub cannot be reached.
        """
        agents = {
            "hierarchical": SharedAgent(SteeredAgent.from_pretrained(settings.controller, settings.executor))
        }
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
        with self._load_lock:  # one load at a time: each takes memory and seconds
            return self._load_visitor_pair(*names)


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


def _load_visitor_pair(controller: str, executor: str) -> SharedAgent:
    """A visitor's models. A broken file can raise anything, so every error becomes one line."""
    for name in (controller, executor):
        _check_size(name)
    try:
        return SharedAgent(SteeredAgent.from_pretrained(controller, executor))
    except SubgoalError:
        raise
    except Exception as error:
        raise UsageError(
            f"{controller} or {executor} cannot be loaded ({type(error).__name__}): name models that "
            "`subgoal train` made."
        ) from error
