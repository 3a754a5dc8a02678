"""A run together with its episodes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dataset_builder.simulator.tasks import TASKS
from eval_harness.results.records import EpisodeResult, RunResult, load_run, read_episodes, summarize
from eval_harness.results.statistics import Bootstrap, Estimate


@dataclass(frozen=True)
class PlayedRun:
    """A run with its episodes.

    Attributes:
        result: figures, computed from the episodes, and provenance.
        episodes: all recorded episodes, in the order of the table of tasks.

    Example:

    ```python
    run = read_played("runs/pair")
    print(run.result.mean_score, run.scores().mean())  # 85.3, Estimate(mean=85.3, low=82.6, high=88.0)
    ```
    """

    result: RunResult
    episodes: list[EpisodeResult]

    def scores(self) -> Bootstrap:
        """Scores (0 to 100) by task and variation, ready for intervals."""
        scored = ((e.task, e.variation, e.score) for e in self.episodes if e.score is not None)
        return Bootstrap(by_variation(scored))

    def solved(self) -> Estimate | None:
        """Share of scored episodes that reached 100, 0 to 1."""
        scored = ((e.task, e.variation, e.score) for e in self.episodes if e.score is not None)
        solved = ((task, variation, score >= 100) for task, variation, score in scored)
        return Bootstrap(by_variation(solved)).pooled()


def read_played(folder: str | Path) -> PlayedRun:
    """A run and its episodes from a run folder.

    Raises:
        UsageError: if the folder does not hold a run, or a line or a field of it is wrong.
    """
    # The figures are computed again: a killed run may have more episodes than its results.json knows of.
    result = load_run(folder)
    episodes = sorted(read_episodes(folder), key=lambda e: (list(TASKS).index(e.task), e.key))
    return PlayedRun(replace(result, **summarize(episodes)), episodes)


def by_variation(values: Iterable[tuple[str, int, float]]) -> dict[str, list[list[float]]]:
    """Group (task, variation, value) triples as task → variation → values."""
    grouped: dict[str, dict[int, list[float]]] = {}
    for task, variation, value in values:
        grouped.setdefault(task, {}).setdefault(variation, []).append(value)
    return {task: list(variations.values()) for task, variations in grouped.items()}
