"""The `Agent` interface that learned agents and baselines share, and its `Decision`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from dataset_builder.common.errors import SubgoalError
from dataset_builder.trajectories.agent_state import AgentState

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode


class RunAborted(SubgoalError):
    """The agent cannot go on in any episode: the run stops, and what is not finished is played later.

    Args:
        message (`str`): one line with the remedy.
        exit_code (`int`, *optional*): of the command.

    Example:

    ```python
    try:
        decisions = agent.act(states)
    except RunAborted as error:
        print(f"{error} The exit code is {error.exit_code}.")
    ```
    """

    def __init__(self, message: str, exit_code: int = SubgoalError.exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class DecisionCost:
    """The cost of a decision.

    Attributes:
        model_calls: inputs that a local model answered.
        tokens_read: tokens of these inputs.
        tokens_written: tokens of all answers that the searches returned.
        llm_calls: requests to a language model behind an API, not counted above.
        llm_prompt_tokens: tokens of their prompts.
        llm_completion_tokens: tokens of their completions.
        inputs_shortened: inputs of models that lost history to fit their context.

    Example:

    ```python
    >>> cost = DecisionCost(model_calls=1, tokens_read=180) + DecisionCost(model_calls=1, tokens_read=212)
    >>> cost.model_calls, cost.tokens_read
    (2, 392)
    ```
    """

    model_calls: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    llm_calls: int = 0
    llm_prompt_tokens: int = 0
    llm_completion_tokens: int = 0
    inputs_shortened: int = 0

    def __add__(self, other: DecisionCost) -> DecisionCost:
        names = [field.name for field in fields(self)]
        return DecisionCost(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True)
class Decision:
    """The action that an agent wants to take next.

    Attributes:
        actions: candidate actions, best first. The harness tries them in order: an action that the
            simulator rejects costs no move.
        subgoal: the sub-goal that the action serves, `""` for agents without sub-goals.
        cost: the cost of the decision.
        more: searches for further candidates. The harness calls it if all of `actions` are rejected, at
            most once and from any thread.

    Example:

    ```python
    >>> decision = Decision(("go to kitchen", "open door to kitchen"), subgoal="navigate_to(kitchen)")
    >>> decision.actions[0]
    'go to kitchen'
    ```
    """

    actions: tuple[str, ...]
    subgoal: str = ""
    cost: DecisionCost = DecisionCost()
    more: Callable[[], Decision] | None = None


@runtime_checkable
class Agent(Protocol):
    """Plays any number of episodes at the same time.

    Attributes:
        name: kind of agent, such as `hierarchical` or `flat`.

    Example:

    ```python
    class LookAround:
        name = "look-around"

        def begin(self, state, episode, seed): ...

        def act(self, states):
            return [Decision(("look around",)) for _ in states]

        def end(self, state): ...

        def describe(self):
            return {"name": self.name, "models": {}}
    ```
    """

    name: str

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Prepare for an episode. Agents without memory do nothing here.

        The harness loads the next episodes while others are played: several threads call `begin` while
        `act` and `end` run. What these methods share must be thread-safe.

        Args:
            state (`AgentState`): the state object of the episode; its `id` identifies the episode.
            episode (`Episode`): the loaded episode.
            seed (`int`): the episode's seed.
        """

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state. An agent with sub-goals calls `state.set_subgoal`.

        One thread calls it, or up to `concurrent` threads if the agent has an attribute of that name.

        Args:
            states (`Sequence[AgentState]`): one state per running episode.
        """
        ...

    def end(self, state: AgentState) -> None:
        """Release what `begin` stored for the episode of this state."""

    def describe(self) -> dict[str, Any]:
        """Provenance: `name`, `models` by role, `decoding`, `state_text_version`."""
        ...
