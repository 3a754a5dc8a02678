"""How ScienceWorld episodes count and are averaged: the standard library alone, for module and harness."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

RULES = ("zero", "previous", "maximum")
SOLVED = 100

# The 30 tasks by mean length of the oracle's path (< 20, < 50, else), arXiv 2405.02749.
HORIZONS = {
    "short": (
        "power-component",
        "find-living-thing",
        "find-non-living-thing",
        "find-plant",
        "find-animal",
        "chemistry-mix-paint-secondary-color",
        "lifespan-longest-lived",
        "lifespan-shortest-lived",
        "lifespan-longest-lived-then-shortest-lived",
        "identify-life-stages-2",
    ),
    "medium": (
        "use-thermometer",
        "measure-melting-point-known-substance",
        "power-component-renewable-vs-nonrenewable-energy",
        "test-conductivity",
        "test-conductivity-of-unknown-substances",
        "chemistry-mix",
        "chemistry-mix-paint-tertiary-color",
        "identify-life-stages-1",
    ),
    "long": (
        "boil",
        "melt",
        "freeze",
        "change-the-state-of-matter-of",
        "measure-melting-point-unknown-substance",
        "grow-plant",
        "grow-fruit",
        "inclined-plane-determine-angle",
        "inclined-plane-friction-named-surfaces",
        "inclined-plane-friction-unnamed-surfaces",
        "mendelian-genetics-known-plant",
        "mendelian-genetics-unknown-plant",
    ),
}
HORIZON_OF = {task: horizon for horizon, tasks in HORIZONS.items() for task in tasks}


def count(scores: Sequence[float], rule: str = "zero") -> float:
    """What an episode with these scores after each action counts, 0 to 100.

    Args:
        scores (`Sequence[float]`): the simulator's, -100 to 100; none if nothing was played.
        rule (`str`, *optional*, defaults to `"zero"`): `zero`: the last score, a negative one (the
            episode was lost) as 0. `previous`: the last score that was not negative. `maximum`: the
            highest score reached.

    Raises:
        ValueError: for an unknown rule.
    """
    if rule not in RULES:
        raise ValueError(f"Unknown scoring rule {rule!r}: use one of {', '.join(RULES)}.")
    if rule == "zero":
        return max(0, scores[-1]) if len(scores) else 0
    kept = [0, *(score for score in scores if score >= 0)]
    return max(kept) if rule == "maximum" else kept[-1]


def averages(episodes: Iterable[tuple[str, float | None]]) -> dict[str, Any]:
    """Means of episodes that were counted, by task, by horizon and over all.

    The overall mean is the plain mean over tasks, as in arXiv 2405.02749, whatever the number of
    episodes of each. Failed episodes count in no mean.

    Args:
        episodes (`Iterable[tuple[str, float | None]]`): task, and what the episode counts, 0 to 100;
            None for one that failed.

    Returns:
        `dict`: `mean_score`, `per_task` (`mean`, `episodes`, `failed`), `groups` (`mean`, `tasks`,
        `episodes`), `success_rate`, `episodes`, `failed`. Means have two decimals, the success rate
        four; a mean of nothing is None.

    Raises:
        ValueError: for a task that ScienceWorld does not have.
    """
    by_task: dict[str, list[float | None]] = {}
    for task, score in episodes:
        by_task.setdefault(task, []).append(score)
    if unknown := next((task for task in by_task if task not in HORIZON_OF), None):
        raise ValueError(f"ScienceWorld has no task {unknown!r}: use the simulator's names, such as boil.")
    scored = {task: [score for score in row if score is not None] for task, row in by_task.items()}
    every = [score for scores in scored.values() for score in scores]
    return {
        "mean_score": _mean_over_tasks(scored, scored),
        "per_task": {
            task: {
                "mean": mean(scores),
                "episodes": len(scores),
                "failed": len(by_task[task]) - len(scores),
            }
            for task, scores in scored.items()
        },
        "groups": {
            horizon: {
                "mean": _mean_over_tasks(scored, tasks),
                "tasks": len(tasks),
                "episodes": sum(len(scored[task]) for task in tasks),
            }
            for horizon, all_tasks in HORIZONS.items()
            if (tasks := [task for task in all_tasks if task in scored])
        },
        "success_rate": mean([score >= SOLVED for score in every], digits=4),
        "episodes": len(every),
        "failed": sum(map(len, by_task.values())) - len(every),
    }


def _mean_over_tasks(scored: dict[str, list[float]], tasks: Iterable[str]) -> float | None:
    return mean([fmean(scored[task]) for task in tasks if scored[task]])


def mean(values: Sequence[float], digits: int = 2) -> float | None:
    """The rounded mean; None of nothing."""
    return round(fmean(values), digits) if values else None
