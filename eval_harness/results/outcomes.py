"""How an episode ended: one class per episode, by rules that reports print beside the counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dataset_builder.trajectories.decisions import decides
from eval_harness.results.records import EpisodeResult

WINDOW = 20
"""Number of last actions by which an ending is classified."""

SHORTEST_LOOP = 10
"""Minimum number of actions of a loop."""


@dataclass(frozen=True)
class Outcome:
    """A class of endings.

    Attributes:
        name: short, for filters and counts.
        meaning: the rule, in the words of the reports.

    Example:

    ```python
    >>> OUTCOMES["completed"].meaning
    "the simulator's score reached 100"
    ```
    """

    name: str
    meaning: str


OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome("completed", "the simulator's score reached 100"),
        Outcome(
            "wrong decision",
            "lost: the simulator ended the episode with a negative score, its answer to choosing the wrong "
            "one of the boxes or planes that the task's text offers",
        ),
        Outcome("wrong focus", "otherwise lost: by focusing on the wrong thing"),
        Outcome(
            "rejected actions",
            f"otherwise, and in at least half of the last {WINDOW} actions (or of all, if fewer) the "
            "simulator did not know the agent's first choice",
        ),
        Outcome(
            "loop",
            f"otherwise, and the last {WINDOW} actions (or all, but at least {SHORTEST_LOOP}) were so few "
            "different ones that each was played four times on average; idle waiting counts as a loop",
        ),
        Outcome("agent stopped", "otherwise, and the agent offered no further action"),
        Outcome("out of steps", "otherwise: a limit of moves or actions or an early stop ended it"),
        Outcome(
            "agent error", "the episode could not be played to its end; it has no score, whatever came before"
        ),
    )
}
"""Name → class, in the order of the rules and of reports; `agent error` is checked first."""


def outcome_of(episode: EpisodeResult) -> str:
    """The class of an episode: a name of `OUTCOMES`. The first rule that fits decides.

    Rejection comes before the loop: an agent whose choices are refused repeats itself because of it.
    """
    last = episode.actions[-WINDOW:]
    if episode.error is not None:
        return "agent error"
    if episode.stop_reason == "completed" or max(episode.scores, default=0) >= 100:
        return "completed"
    if episode.stop_reason == "lost" or min(episode.scores, default=0) < 0:
        decided = bool(episode.actions) and decides(episode.task, episode.actions[-1])
        return "wrong decision" if decided else "wrong focus"
    refused = set(episode.last_resort) | {i for i, texts in enumerate(episode.rejected) if texts}
    if last and 2 * sum(index >= len(episode.actions) - WINDOW for index in refused) >= len(last):
        return "rejected actions"
    if len(last) >= SHORTEST_LOOP and 4 * len(set(last)) <= len(last):
        return "loop"
    return "agent stopped" if episode.stop_reason == "agent_stopped" else "out of steps"


def count_outcomes(episodes: Iterable[EpisodeResult]) -> dict[str, int]:
    """Class → number of episodes that ended in it, for all classes of `OUTCOMES` in their order."""
    counts = Counter(map(outcome_of, episodes))
    return {name: counts[name] for name in OUTCOMES}
