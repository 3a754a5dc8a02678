"""Reflexion: several trials, each with what was learnt in those before it."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import LLM, Conversation, OutOfTokens
from eval_harness.agents.llm.prompting import fill, game_so_far, one_line
from eval_harness.agents.llm.react import think_and_act
from eval_harness.episodes.action_choice import play_first_accepted

TRIALS = 3
"""Trials per episode, the last of which counts."""

KEPT = 3
"""Reflections that a trial is given: the latest (arXiv 2303.11366, section 3)."""

PATIENCE = 30
"""Actions without a point that end one of the earlier trials."""


@dataclass
class TrialMemory(Memory):
    """What is kept of one episode.

    Attributes:
        lessons: what was learnt in each trial.
        won: the actions of a trial that reached 100.
        rehearsed: whether the trials before the last one were played.
        trial_scores: how those ended.
    """

    lessons: list[str] = field(default_factory=list)
    won: list[str] = field(default_factory=list)
    rehearsed: bool = False
    trial_scores: list[int] = field(default_factory=list)


class Reflexion(LLMAgent[TrialMemory]):
    """ReAct in several trials with written reflections (Shinn et al., NeurIPS 2023, arXiv 2303.11366).

    After a trial that failed the model writes what went wrong; the next trial, from the beginning of
    the same world, is told. The trials before the last are played in worlds of their own before the
    episode's first action; their tokens count with that. The last trial is the episode, and its
    score alone counts, not the best of all; after a trial that reached 100 its actions are repeated
    without asking again. A trial also ends after 30 actions without a point. Of a token budget
    each trial has an equal part, and what those before it left.

    Args:
        llm (`LLM`): acts and reflects.
        simulator (`Simulator`): where the earlier trials are played.
        simplifications (`str`, *optional*, defaults to `"easy"`): the protocol's.
        trials (`int`, *optional*, defaults to 3): the last one included.

    Raises:
        UsageError: if there is no trial.
    """

    name = "reflexion"

    def __init__(
        self, llm: LLM, simulator: Simulator, simplifications: str = "easy", trials: int | None = None
    ) -> None:
        super().__init__(llm)
        self.trials = TRIALS if trials is None else trials
        if self.trials < 1:
            raise UsageError(f"--trials {trials}: give 1 or more, the last of which counts.")
        self._simulator = simulator
        self._simplifications = simplifications

    def remember(self, episode: Episode, talk: Conversation) -> TrialMemory:
        return TrialMemory(episode, talk)

    def choose(self, state: AgentState, memory: TrialMemory) -> tuple[str, ...]:
        if not memory.rehearsed:
            memory.lessons, memory.won, memory.trial_scores = [], [], []
            while len(memory.trial_scores) < self.trials - 1 and not memory.won:
                # Of a budget, each trial has its part: the last one, which counts, too.
                memory.talk.share = (len(memory.trial_scores) + 1) / self.trials
                self._trial(state.task, memory)
            memory.talk.share = 1.0
            memory.rehearsed = True
        if state.step < len(memory.won):
            return (memory.won[state.step],)
        return think_and_act(state, memory, memory.lessons[-KEPT:])

    def _trial(self, task: str, memory: TrialMemory) -> None:
        """Play one of the earlier trials and learn from it, as far as its part of the budget goes.

        Raises:
            SimulatorDied: if the Java process ended.
        """
        episode = self._simulator.episode(step_limit=memory.episode.step_limit)
        try:
            look = episode.load(task, memory.episode.variation, self._simplifications)
            state = AgentState(task, episode.task_description(), look, episode.inventory())
            trial = Memory(episode, memory.talk)
            ending = ""
            while not ending:
                try:
                    actions = think_and_act(state, trial, memory.lessons[-KEPT:])
                except OutOfTokens:
                    ending = f"its tokens were spent, with a score of {state.score_points}"
                    break
                trial.wanted[state.step] = actions[0]
                taken = play_first_accepted(episode, actions)
                result = taken.result
                state.advance(
                    taken.action,
                    result.observation,
                    result.score,
                    result.moves,
                    episode.look(),
                    episode.inventory(),
                )
                ending = _ending(state, result.done)
        finally:
            episode.close()
        memory.trial_scores.append(state.score_points)
        if state.score_points >= 100:
            memory.won = [event.action for event in state.history]
            return
        if not state.history:
            return
        with contextlib.suppress(OutOfTokens):
            memory.lessons.append(self._reflect(state, trial, memory, ending))

    def _reflect(self, state: AgentState, trial: Memory, memory: TrialMemory, ending: str) -> str:
        told = "".join(f"You had learnt: {lesson}\n" for lesson in memory.lessons[-KEPT:])
        answer = memory.talk.ask(
            "reflection",
            fill("reflexion_system"),
            fill(
                "reflexion_user",
                trial=len(memory.trial_scores),
                lessons=told,
                ending=ending,
                **game_so_far(state, trial.thoughts, trial.wanted),
            ),
        )
        return one_line(answer, 1000)

    def describe(self) -> dict[str, Any]:
        """Provenance, with the number of trials."""
        return {**super().describe(), "trials": self.trials}


def _ending(state: AgentState, done: bool) -> str:
    """How a trial ended, in words for the model; `""` if it goes on."""
    if done:
        ended = "the game is lost" if state.score_points < 0 else "no moves are left"
        return "solved" if state.score_points >= 100 else f"{ended}, with a score of {state.score_points}"
    if state.idle_steps() >= PATIENCE:
        return f"nothing was gained for {PATIENCE} actions, with a score of {state.score_points}"
    return ""
