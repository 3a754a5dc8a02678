"""`Play`: one episode that an agent and a visitor play together, and that survives a dead Java process."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.agent_state import AgentState, room_of
from eval_harness.episodes.action_choice import PlayedAction
from eval_harness.episodes.game import Game
from eval_harness.protocols.protocol import EpisodeKey, load_protocol
from eval_harness.results.records import EpisodeResult
from modeling.agents.base import DecisionCost
from space_app.session.players import Decider
from space_app.session.steering import clean, read_subgoal, suggested_subgoals

RULES = load_protocol("paper").model_copy(update={"early_stop": ()})
"""The harness's rules; but an episode that goes in circles is left to the visitor to set right."""

STOPS = {
    "completed": "Task completed.",
    "lost": "The wrong thing was focused on: the simulator ends the episode.",
    "step_limit": f"The {RULES.step_limit} moves are used up.",
    "decision_limit": "Too many actions that took no time.",
    "agent_stopped": "The agent has nothing more to offer.",
}

_REVIVALS = 2
_T = TypeVar("_T")


@dataclass(frozen=True)
class Turn:
    """One action as the page shows it.

    Attributes:
        action, observation: what was sent and what came back.
        subgoal: what it served, `""` for agents without sub-goals.
        score: after it, 0 to 100, negative if it lost the episode.
        moves: used so far.
        rejected: texts that the simulator did not know.
        by: `agent` or `visitor`.
        last_resort: chosen by the harness, as no candidate would do.
        seconds: that the models took; 0 for a visitor's action.
        steered: the sub-goal was the visitor's.
    """

    action: str
    observation: str
    subgoal: str
    score: int
    moves: int
    rejected: tuple[str, ...] = ()
    by: str = "agent"
    last_resort: bool = False
    seconds: float = 0.0
    steered: bool = False


class Play:
    """An episode on the page.

    Args:
        simulator (`Simulator`): where it is played.
        player (`Decider`): who plays when the visitor does not.
        task (`str`): name or paper id.
        variation (`int`): index over all splits.
        seed (`int`, *optional*, defaults to 0): kept in the record; learned agents draw nothing.

    Attributes:
        turns: what was played.
        coming: the sub-goal for the next action, as the controller or the visitor has it.
        pinned: the visitor's sub-goal stays until it is released.

    Raises:
        UsageError: for an unknown task or variation.
    """

    def __init__(
        self, simulator: Simulator, player: Decider, task: str, variation: int, seed: int = 0
    ) -> None:
        chosen = get_task(task)
        chosen.check_variation(variation)
        self.player = player
        self.turns: list[Turn] = []
        self.coming = ""
        self.pinned = False
        self._own_word = False
        self._plan_cost, self._plan_seconds = DecisionCost(), 0.0
        self._game = Game(EpisodeKey(chosen.name, variation, seed), simulator, player.agent, RULES)
        self._surviving(self._game.load)
        self._plan()

    @property
    def unit(self) -> EpisodeKey:
        return self._game.unit

    @property
    def state(self) -> AgentState:
        return self._game.state

    @property
    def over(self) -> bool:
        return self._game.over

    @property
    def steered(self) -> bool:
        """Whether the coming sub-goal is the visitor's."""
        return self._own_word

    @property
    def moves_left(self) -> int:
        return max(0, RULES.moves_allowed(self.unit.task) - self.state.moves)

    def step(self) -> None:
        """Let the agent decide and act once; nothing if the episode is over.

        Raises:
            SubgoalError: if the simulator fails for good.
        """
        if self.over:
            return
        if self.coming:
            self.state.set_subgoal(self.coming)
        began = time.monotonic()
        decision = self.player.decide(self.state)
        seconds = self._plan_seconds + time.monotonic() - began
        decision = replace(decision, cost=decision.cost + self._plan_cost)
        steered = self._own_word
        self._surviving(lambda: self._game.play(decision))
        self._note("agent", seconds, steered)
        if not self.pinned:
            self._own_word = False
        self._plan()

    def set_subgoal(self, text: str, pin: bool = False) -> None:
        """Replace the coming sub-goal, for one action or until it is released.

        Raises:
            UsageError: if the text is no sub-goal, or the agent works without.
        """
        self._check_going_on()
        if not self.player.plans:
            raise UsageError("The flat agent has no sub-goals to change: choose the hierarchical one.")
        self.coming = read_subgoal(text, self.suggestions())
        self._own_word, self.pinned = True, pin

    def release(self) -> None:
        """Give the plan back to the controller."""
        if self._own_word:
            self._own_word = self.pinned = False
            self._plan()

    def act(self, text: str) -> None:
        """Play the visitor's own action.

        Raises:
            UsageError: if the simulator does not know it; nothing has happened then.
        """
        self._check_going_on()
        action = clean(text, "an action")
        result = self._surviving(lambda: self._game.episode.step(action))
        if not result.accepted:
            raise UsageError(
                f"The simulator does not know {action[:60]!r} here, so nothing has happened: choose one of "
                "the valid actions."
            )
        # A death here takes the action back with it: it is played again before it is entered.
        self._surviving(
            lambda: self._game.record(PlayedAction(action, result), self.state.subgoal),
            again=lambda: self._game.episode.step(action),
        )
        self._note("visitor", 0.0, False)
        if not self.pinned:
            self._own_word = False
        self._plan()

    def suggestions(self) -> list[str]:
        """Sub-goals for the visitor to choose from."""
        planned = [*self.state.finished, *filter(None, (self.state.subgoal, self.coming))]
        return suggested_subgoals(self.state.look, self.state.inventory, planned)

    def valid_actions(self) -> list[str]:
        """What the simulator would accept now. Slow: ask when the visitor does."""
        return [] if self.over else self._surviving(self._game.episode.valid_actions)

    def record(self) -> EpisodeResult:
        """The episode in the harness's form."""
        result = self._game.result()
        return result if self.over else replace(result, stop_reason="unfinished")

    def close(self) -> None:
        """Free the simulator's side."""
        self._game.leave()

    def _check_going_on(self) -> None:
        if self.over:
            raise UsageError("This episode is over: press Reset to play it again.")

    def _note(self, by: str, seconds: float, steered: bool) -> None:
        """Keep for the page what the game has just recorded, if it has."""
        result = self._game.result()
        index = len(self.turns)
        if len(result.actions) == index:
            return
        self.turns.append(
            Turn(
                result.actions[index],
                result.observations[index],
                result.subgoals[index],
                result.scores[index],
                result.moves,
                tuple(result.rejected[index]),
                by,
                index in result.last_resort,
                seconds,
                steered,
            )
        )

    def _plan(self) -> None:
        """Have the controller name the coming sub-goal, unless the visitor has."""
        self._plan_cost, self._plan_seconds = DecisionCost(), 0.0
        if self.over or self._own_word:
            return
        began = time.monotonic()
        self.coming, self._plan_cost = self.player.plan(self.state)
        self._plan_seconds = time.monotonic() - began

    def _surviving(self, work: Callable[[], _T], again: Callable[[], Any] | None = None) -> _T:
        """Do something with the simulator; if its Java process dies, bring the episode back and retry."""
        for _ in range(_REVIVALS):
            try:
                return work()
            except SimulatorDied:
                self._revive(again)
        return work()

    def _revive(self, again: Callable[[], Any] | None) -> None:
        """Play what was played so far in a new process: the same actions lead to the same world."""
        task, variation, _ = self.unit
        episode = self._game.episode
        try:
            episode.load(task, variation, RULES.simplifications)
            for turn in self.turns:
                episode.step(turn.action)
            if again is not None:
                again()
        except SimulatorDied:
            return  # the next attempt tries once more


def view(play: Play) -> dict[str, Any]:
    """What the API tells of an episode: JSON-ready, for the one who plays it."""
    state = play.state
    return {
        "task": play.unit.task,
        "variation": play.unit.variation,
        "seed": play.unit.seed,
        "split": get_task(play.unit.task).split_of(play.unit.variation),
        "description": state.description,
        "score": max(0, state.score_points),
        "moves": state.moves,
        "moves_left": play.moves_left,
        "over": play.over,
        "stop_reason": play.record().stop_reason if play.over else None,
        "room": room_of(state.look),
        "look": state.look,
        "inventory": state.inventory,
        "subgoal": state.subgoal,
        "next_subgoal": None if play.over else play.coming,
        "pinned": play.pinned,
        "finished": list(state.finished),
        "turns": len(play.turns),
        "last": None if not play.turns else _turn(play.turns[-1]),
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "action": turn.action,
        "observation": turn.observation,
        "subgoal": turn.subgoal,
        "score": turn.score,
        "rejected": list(turn.rejected),
        "by": turn.by,
        "model_seconds": round(turn.seconds, 4),
    }
