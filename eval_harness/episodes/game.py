"""`Game`: one episode while it is played, up to its record."""

import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from dataset_builder.common.errors import SubgoalError, one_line
from dataset_builder.simulator.simulator import Simulator, StepResult
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.episodes.action_choice import PlayedAction, play_first_accepted
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from eval_harness.results.records import EpisodeResult, TurnRecord, columns
from modeling.agents.base import Agent, Decision, DecisionCost


def episode_seed(unit: EpisodeKey) -> int:
    """The agent's seed for an episode: different for each episode, the same in every run."""
    return int.from_bytes(blake2b("/".join(map(str, unit)).encode(), digest_size=4).digest(), "big")


class Game:
    """One episode being played by an agent under a protocol.

    Args:
        unit (`EpisodeKey`): the episode.
        simulator (`Simulator`): plays it.
        agent (`Agent`): `begin` and `end` are called for the episode.
        protocol (`Protocol`): the rules.

    Attributes:
        state: what the agent knows about the episode.
        turns: the actions played so far.
        over: whether the episode has ended, failed, or lost its Java process.
        died: whether the Java process ended; the episode must be played again from its beginning.

    Example:

    ```python
    game = Game(EpisodeKey("boil", 21, 0), simulator, agent, load_protocol("paper"))
    game.load()
    while not game.over:
        (decision,) = agent.act([game.state])
        game.play(decision)
    game.leave()
    game.result().score
    ```
    """

    state: AgentState

    def __init__(self, unit: EpisodeKey, simulator: Simulator, agent: Agent, protocol: Protocol) -> None:
        self.unit = unit
        self.died = False
        self.episode = simulator.episode(step_limit=protocol.moves_allowed(unit.task))
        self._agent = agent
        self._protocol = protocol
        self._began = False
        self._first_score = 0
        self._stop_reason = ""
        self._error: str | None = None
        self._started = time.monotonic()
        self.turns: list[TurnRecord] = []
        self._cost = DecisionCost()

    @property
    def over(self) -> bool:
        return bool(self.died or self._stop_reason)

    def load(self) -> None:
        """Load the variation and tell the agent.

        Raises:
            SimulatorDied: if the Java process ended meanwhile.
        """
        task, variation, _ = self.unit
        rules = self._protocol
        look = self.episode.load(task, variation, rules.simplifications, first_look=rules.first_look)
        description, inventory = self.episode.task_description(), self.episode.inventory()
        self._first_score = self.episode.score
        self.state = AgentState(task, description, look, inventory, score_points=self._first_score)
        self._began = True
        self._agent.begin(self.state, self.episode, episode_seed(self.unit))

    def start(self) -> None:
        """Start the clock: the game enters the batch."""
        self._started = time.monotonic()

    def play(self, decision: Decision) -> None:
        """Carry out a decision. A decision without candidates means that the agent stops.

        Raises:
            SimulatorDied: if the Java process ended.
        """
        self._cost += decision.cost
        if not decision.actions and decision.more is None:
            self._stop_reason = "agent_stopped"
            return
        self.record(play_first_accepted(self.episode, self._candidates(decision)), decision.subgoal or "")

    def _candidates(self, decision: Decision) -> Iterator[str]:
        """A decision's actions, and further ones when those are used up."""
        yield from decision.actions
        if decision.more is not None:
            further = decision.more()
            self._cost += further.cost
            yield from further.actions

    def record(self, played: PlayedAction, subgoal: str) -> None:
        """Record an action that was played, and the state of the world after it.

        Raises:
            SimulatorDied: if the Java process ended; the record is then as it was before.
        """
        result, look, inventory = played.result, self.episode.look(), self.episode.inventory()
        self.turns.append(
            TurnRecord(
                played.action,
                result.observation,
                subgoal,
                result.score,
                result.moves,
                played.rejected,
                played.last_resort,
            )
        )
        # Rejected candidates are excluded from the history: models are not trained on them.
        self.state.advance(played.action, result.observation, result.score, result.moves, look, inventory)
        self._stop_reason = self._reason(result) or ""

    def _reason(self, result: StepResult) -> str | None:
        """Why the episode ends after this action, None if it continues."""
        if result.done:
            if result.score < 0:
                return "lost"
            limit = self.episode.step_limit
            over = limit is not None and result.moves > limit and result.score < 100
            return "step_limit" if over else "completed"
        rejected = sum(len(turn.rejected) for turn in self.turns)
        if self._protocol.out_of_actions(self.unit.task, len(self.turns), rejected):
            return "decision_limit"
        if not getattr(self._agent, "stops_early", True):
            return None
        return self._protocol.early_stop_reason(
            [turn.action for turn in self.turns],
            [turn.score for turn in self.turns],
            names_subgoals=any(turn.subgoal for turn in self.turns),
            start=self._first_score,
        )

    def fail(self, error: Exception | str) -> None:
        """End the game as failed: it will have no score."""
        self._stop_reason = "error"
        # The first error counts: later ones are mostly its consequences.
        self._error = self._error or (error if isinstance(error, str) else _message(error))

    def leave(self) -> None:
        """End the episode for the agent and release its simulator."""
        try:
            if self._began:
                self._began = False
                self._agent.end(self.state)
        except Exception as error:  # a fault of the agent fails this episode, not the run
            self.fail(error)
        finally:
            self.episode.close()

    def result(self) -> EpisodeResult:
        """The record of the game so far."""
        scores = [turn.score for turn in self.turns]
        failed = self._error is not None
        fields: dict[str, Any] = {**columns(self.turns), **self._counts()}
        return EpisodeResult(
            task=self.unit.task,
            variation=self.unit.variation,
            seed=self.unit.seed,
            score=None if failed else self._protocol.count(scores),
            raw_score=None if failed else (scores[-1] if scores else 0),
            moves=self.turns[-1].moves if self.turns else 0,
            stop_reason=self._stop_reason,
            error=self._error,
            seconds=round(time.monotonic() - self._started, 2),
            **fields,
        )

    def _counts(self) -> dict[str, int]:
        """The agent's cost. A plug-in may count in NumPy numbers or floats, which are not JSON integers."""
        return {name: int(count) for name, count in asdict(self._cost).items()}


def _message(error: Exception) -> str:
    """`ValueError: reason (file.py:12)`; only the message for the errors of this project."""
    message = one_line(error)
    if isinstance(error, SubgoalError):
        return message
    frames = traceback.extract_tb(error.__traceback__)
    location = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {message}{location}"
