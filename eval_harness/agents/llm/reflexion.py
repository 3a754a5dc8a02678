"""Reflexion: several trials, each with reflections on the trials before it."""

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
"""Trials per episode; the last one counts."""

MAX_REFLECTIONS = 3
"""Reflections in a prompt: the latest ones (arXiv 2303.11366, section 3)."""

TRIAL_IDLE_STEPS = 30
"""Actions without a point after which one of the earlier trials ends."""


@dataclass
class _TrialMemory(Memory):
    """What is kept of one episode.

    Attributes:
        lessons: the reflection on each trial.
        won: the actions of a trial that reached 100.
        rehearsed: whether the trials before the last one are over.
        trial_scores: their scores.
    """

    lessons: list[str] = field(default_factory=list)
    won: list[str] = field(default_factory=list)
    rehearsed: bool = False
    trial_scores: list[int] = field(default_factory=list)


class Reflexion(LLMAgent[_TrialMemory]):
    """ReAct in several trials with written reflections (Shinn et al., NeurIPS 2023, arXiv 2303.11366).

    After a failed trial the model writes what went wrong, and the next trial, in the same world from
    the beginning, gets this text. The trials before the last one are played in separate worlds before
    the episode's first action, and their tokens count with it. The last trial is the episode; its
    score counts, not the best one. After a trial that reached 100, its actions are repeated without
    calls. A trial also ends after 30 actions without a point. Each trial gets an equal share of a
    token budget, and what earlier trials did not spend.

    Args:
        llm (`LLM`): acts and reflects.
        simulator (`Simulator`): where the earlier trials are played.
        simplifications (`str`, *optional*, defaults to `"easy"`): of the protocol.
        trials (`int`, *optional*, defaults to 3): including the last one.

    Raises:
        UsageError: if `trials` is below 1.

    Example:

    ```python
    llm = make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/reflexion", budget_tokens=60_000)
    run_protocol(Reflexion(llm, simulator), "mini", "runs/reflexion", simulator=simulator)
    ```
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

    def remember(self, episode: Episode, conversation: Conversation) -> _TrialMemory:
        return _TrialMemory(episode, conversation)

    def choose(self, state: AgentState, memory: _TrialMemory) -> tuple[str, ...]:
        if not memory.rehearsed:
            memory.lessons, memory.won, memory.trial_scores = [], [], []
            while len(memory.trial_scores) < self.trials - 1 and not memory.won:
                # Equal shares: the last trial, the only one that counts, must not starve.
                memory.conversation.share = (len(memory.trial_scores) + 1) / self.trials
                self._trial(state.task, memory)
            memory.conversation.share = 1.0
            memory.rehearsed = True
        if state.step < len(memory.won):
            return (memory.won[state.step],)
        return think_and_act(state, memory, memory.lessons[-MAX_REFLECTIONS:])

    def _trial(self, task: str, memory: _TrialMemory) -> None:
        """Play one of the earlier trials and reflect on it, within its share of the budget.

        Raises:
            SimulatorDied: if the Java process ended.
        """
        episode = self._simulator.episode(step_limit=memory.episode.step_limit)
        try:
            played = memory.episode
            look = episode.load(task, played.variation, self._simplifications, first_look=played.first_look)
            description, inventory = episode.task_description(), episode.inventory()
            state = AgentState(task, description, look, inventory, score_points=episode.score)
            trial = Memory(episode, memory.conversation)
            ending = ""
            while not ending:
                try:
                    actions = think_and_act(state, trial, memory.lessons[-MAX_REFLECTIONS:])
                except OutOfTokens:
                    ending = f"its tokens were spent, with a score of {state.score_points}"
                    break
                trial.intended[state.step] = actions[0]
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

    def _reflect(self, state: AgentState, trial: Memory, memory: _TrialMemory, ending: str) -> str:
        learnt = "".join(f"You had learnt: {lesson}\n" for lesson in memory.lessons[-MAX_REFLECTIONS:])
        answer = memory.conversation.ask(
            "reflection",
            fill("reflexion_system"),
            fill(
                "reflexion_user",
                trial=len(memory.trial_scores),
                lessons=learnt,
                ending=ending,
                **game_so_far(state, trial.thoughts, trial.intended),
            ),
        )
        return one_line(answer, 1000)

    def describe(self) -> dict[str, Any]:
        """Provenance as of `LLMAgent.describe`, and the number of `trials`."""
        return {**super().describe(), "trials": self.trials}


def _ending(state: AgentState, done: bool) -> str:
    """How a trial ended, for the prompt; `""` if it continues."""
    if done:
        ended = "the game is lost" if state.score_points < 0 else "no moves are left"
        return "solved" if state.score_points >= 100 else f"{ended}, with a score of {state.score_points}"
    if state.idle_steps() >= TRIAL_IDLE_STEPS:
        return f"nothing was gained for {TRIAL_IDLE_STEPS} actions, with a score of {state.score_points}"
    return ""
