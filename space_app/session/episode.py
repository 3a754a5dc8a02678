"""`DemoEpisode`: an episode that an agent and a visitor play together. It survives a dead Java process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar

from dataset_builder.common.errors import SimulatorDied, UsageError, clip
from dataset_builder.simulator.retry import retrying
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.episodes.action_choice import PlayedAction
from eval_harness.episodes.game import Game
from eval_harness.protocols.protocol import EpisodeKey, load_protocol
from eval_harness.results.records import EpisodeResult, TurnRecord
from modeling.agents.base import DecisionCost
from space_app.session.agents import SharedAgent
from space_app.session.steering import clean, read_subgoal, suggest_subgoals

RULES = load_protocol("paper").model_copy(update={"early_stop": ()})
"""The rules of `paper` without its early stop: a visitor may lead an agent out of a loop."""

STOP_REASONS = {
    "completed": "Task completed.",
    "lost": "The agent focused on the wrong thing, so the simulator ended the episode.",
    "step_limit": f"All {RULES.step_limit} moves are used up.",
    "decision_limit": "Too many actions that took no time.",
    "agent_stopped": "The agent has no further action to offer.",
}

_T = TypeVar("_T")


@dataclass(frozen=True)
class Turn(TurnRecord):
    """One action as the page shows it.

    Attributes:
        by: `agent` or `visitor`.
        model_seconds: time that the models took; 0 for a visitor's action.
        steered: whether the visitor set the sub-goal.

    Example:

    ```python
    for turn in episode.turns:
        print(turn.by, turn.subgoal, turn.action, turn.score)
    ```
    """

    by: str = "agent"
    model_seconds: float = 0.0
    steered: bool = False


def segments(turns: Sequence[Turn]) -> list[tuple[str, list[Turn]]]:
    """The turns as runs under one sub-goal: pairs of sub-goal and turns, in order."""
    return [(subgoal, list(run)) for subgoal, run in groupby(turns, key=lambda turn: turn.subgoal)]


class DemoEpisode:
    """An episode on the page.

    Args:
        simulator (`Simulator`): runs the episode.
        agent (`SharedAgent`): plays whenever the visitor does not.
        task (`str`): simulator name or paper id.
        variation (`int`): index over all splits.
        seed (`int`, *optional*, defaults to 0): kept in the record; learned agents draw no random numbers.

    Attributes:
        turns: the actions played so far.
        next_subgoal: the sub-goal of the next action, named by the controller or by the visitor.
        steered: whether the visitor set `next_subgoal`.
        pinned: whether it holds until the visitor releases it.

    Raises:
        UsageError: for an unknown task or variation.

    Example:

    ```python
    episode = DemoEpisode(simulator, pool.get(), "find-animal", 159)
    episode.set_subgoal("navigate_to(kitchen)")
    episode.step()
    print(episode.turns[-1].observation)
    ```
    """

    def __init__(
        self, simulator: Simulator, agent: SharedAgent, task: str, variation: int, seed: int = 0
    ) -> None:
        spec = get_task(task)
        spec.check_variation(variation)
        self.agent = agent
        self.turns: list[Turn] = []
        self.next_subgoal = ""
        self.steered = self.pinned = False
        self._plan_cost, self._plan_seconds = DecisionCost(), 0.0
        self._game = Game(EpisodeKey(spec.name, variation, seed), simulator, agent.agent, RULES)
        self._retry(self._game.load)
        self._plan()

    @property
    def key(self) -> EpisodeKey:
        """Task, variation and seed."""
        return self._game.unit

    @property
    def state(self) -> AgentState:
        """What the agent knows."""
        return self._game.state

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self._game.over

    @property
    def moves_left(self) -> int:
        """Moves until the step limit."""
        return max(0, RULES.moves_allowed(self.key.task) - self.state.moves)

    def step(self) -> None:
        """Let the agent decide and act once; does nothing if the episode is over.

        Raises:
            SubgoalError: if the simulator keeps failing.
        """
        if self.over:
            return
        if self.next_subgoal:
            self.state.set_subgoal(self.next_subgoal)
        started = time.monotonic()
        decision = self.agent.decide(self.state)
        seconds = self._plan_seconds + time.monotonic() - started
        decision = replace(decision, cost=decision.cost + self._plan_cost)
        self._retry(lambda: self._game.play(decision))
        self._finish_turn("agent", seconds, self.steered)

    def set_subgoal(self, text: str, pin: bool = False) -> None:
        """Replace the next sub-goal, for one action or until it is released.

        Raises:
            UsageError: if the text is not a sub-goal, or the agent has none.
        """
        self._check_running()
        if not self.agent.has_plan:
            raise UsageError("The flat agent has no sub-goals to change: choose the hierarchical one.")
        self.next_subgoal = read_subgoal(text, self.suggestions())
        self.steered, self.pinned = True, pin

    def release(self) -> None:
        """Give the plan back to the controller."""
        if self.steered:
            self.steered = self.pinned = False
            self._plan()

    def act(self, text: str) -> None:
        """Play the visitor's action.

        Raises:
            UsageError: if the simulator rejects it; the episode is then unchanged.
        """
        self._check_running()
        action = clean(text, "an action")
        result = self._retry(lambda: self._game.episode.step(action))
        if not result.accepted:
            raise UsageError(
                f"The simulator does not know {clip(action)!r} here, so nothing has happened: choose one of "
                "the valid actions."
            )
        # If Java dies now, its successor knows only the recorded turns: `action` must be played again first.
        self._retry(
            lambda: self._game.record(PlayedAction(action, result), self.state.subgoal), unrecorded=(action,)
        )
        self._finish_turn("visitor", 0.0, False)

    def suggestions(self) -> list[str]:
        """Sub-goals for the visitor to choose from."""
        planned = [*self.state.finished, *filter(None, (self.state.subgoal, self.next_subgoal))]
        return suggest_subgoals(self.state.look, self.state.inventory, planned)

    def valid_actions(self) -> list[str]:
        """All actions that the simulator accepts now. Listing them is slow (up to seconds)."""
        return [] if self.over else self._retry(self._game.episode.valid_actions)

    def record(self) -> EpisodeResult:
        """The episode in the harness's form."""
        result = self._game.result()
        return result if self.over else replace(result, stop_reason="unfinished")

    def close(self) -> None:
        """Free the simulator's side."""
        self._game.leave()

    def _check_running(self) -> None:
        if self.over:
            raise UsageError("This episode is over: press Reset to play it again.")

    def _finish_turn(self, by: str, seconds: float, steered: bool) -> None:
        """Show what the game has recorded, and plan the next action."""
        if len(self._game.turns) > len(self.turns):  # an agent that stops records no action
            turn = vars(self._game.turns[-1])
            self.turns.append(Turn(**turn, by=by, model_seconds=seconds, steered=steered))
        self.steered = self.pinned
        self._plan()

    def _plan(self) -> None:
        """Ask the controller for the next sub-goal, unless the visitor has set it."""
        self._plan_cost, self._plan_seconds = DecisionCost(), 0.0
        if self.over or self.steered:
            return
        started = time.monotonic()
        self.next_subgoal, self._plan_cost = self.agent.plan(self.state)
        self._plan_seconds = time.monotonic() - started

    def _retry(self, work: Callable[[], _T], unrecorded: Sequence[str] = ()) -> _T:
        """Use the simulator; if its Java process dies, restore the episode in a new one and repeat.

        Args:
            work (`Callable`): what to do.
            unrecorded (`Sequence[str]`, *optional*): actions played since the last recorded turn.
        """
        return retrying(
            work, revive=lambda: self._restore([*(turn.action for turn in self.turns), *unrecorded])
        )

    def _restore(self, actions: Sequence[str]) -> None:
        """Replay the actions in a new process: the simulator is deterministic, so the world is the same."""
        task, variation, _ = self.key
        try:
            self._game.episode.load(task, variation, RULES.simplifications, first_look=RULES.first_look)
            for action in actions:
                self._game.episode.step(action)
        except SimulatorDied:
            return  # the next attempt of `_retry` restores again
