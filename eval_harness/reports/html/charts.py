"""Parts of the HTML page: the score curves, and the provenance of the runs."""

import itertools
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from eval_harness.protocols.protocol import Protocol
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import EpisodeResult, RunResult

_MAX_POINTS = 200


def score_curves(runs: Sequence[PlayedRun], names: Sequence[str]) -> dict[str, Any]:
    """The mean score of each run after each action; positions are percentages of the chart's size.

    As for the overall score, means are taken over the episodes of a task, then over tasks. An episode that
    has ended keeps its score, so that each curve ends at the run's mean score.
    """
    curves = [mean_curve(run.episodes, run.result.rules_played()) for run in runs]
    longest = max((len(curve) - 1 for curve in curves), default=0) or 1
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 10**6) if longest / size <= 8)
    top = max(itertools.chain(*curves), default=0)
    ceiling = next(limit for limit in (10, 20, 40, 60, 80, 100) if top <= limit)
    return {
        "lines": [
            {
                "name": name,
                "last": f"{curve[-1]:.1f}" if curve else "-",
                "points": " ".join(
                    f"{100 * x / longest:.2f},{100 - 100 * y / ceiling:.2f}"
                    for x, y in _points(curve, longest)
                ),
            }
            for curve, name in zip(curves, names, strict=True)
        ],
        "x": [{"at": 100 * tick / longest, "text": tick} for tick in range(0, longest + 1, step)],
        "y": [{"at": 100 - 25 * part, "text": f"{ceiling * part / 4:g}"} for part in range(5)],
    }


def mean_curve(episodes: Sequence[EpisodeResult], rules: Protocol) -> list[float]:
    """The mean score over tasks before the first action, after the first action, and so on.

    Args:
        episodes (`Sequence[EpisodeResult]`): failed ones are ignored.
        rules (`Protocol`): decides what an episode's score is after each action.

    Returns:
        `list[float]`: one mean (0 to 100) more than the longest episode has actions; empty without episodes.
    """
    scored = [episode for episode in episodes if episode.score is not None]
    longest = max((len(episode.scores) for episode in scored), default=0)
    by_task: dict[str, list[list[int]]] = {}
    for episode in scored:
        line = [rules.count(episode.scores[:n]) for n in range(len(episode.scores) + 1)]
        by_task.setdefault(episode.task, []).append(line + line[-1:] * (longest + 1 - len(line)))
    tasks = [[fmean(column) for column in zip(*lines, strict=True)] for lines in by_task.values()]
    return [fmean(column) for column in zip(*tasks, strict=True)]


def _points(curve: Sequence[float], longest: int) -> list[tuple[int, float]]:
    """At most 200 points of a curve, with its last one, which is extended to the end of the chart."""
    if not curve:
        return []
    stride = -(-len(curve) // _MAX_POINTS)
    points = list(enumerate(curve))[::stride]
    return [*points, (len(curve) - 1, curve[-1]), (longest, curve[-1])]


def provenance_rows(results: Sequence[RunResult]) -> list[dict[str, Any]]:
    """Provenance of the runs, one row per fact: its `name`, and `values`, one per run.

    A value is empty if the run does not record the fact. If all runs agree, the row has one value.
    """
    facts = [_facts(result) for result in results]
    rows = []
    for name in dict.fromkeys(name for row in facts for name in row):
        values = [row.get(name, "") for row in facts]
        rows.append({"name": name, "values": values if len(set(values)) > 1 else values[:1]})
    return rows


def _facts(result: RunResult) -> dict[str, str]:
    facts = {
        "agent": result.agent,
        "protocol": f"{result.protocol['name']} ({result.protocol['hash']})",
        "seed": str(result.seed),
    }
    for role, model in sorted(result.models.items()):
        # A plug-in may describe a model by any value, not only by a dict.
        about = model if isinstance(model, dict) else {"id": model}
        facts |= {
            f"{role} {name.replace('_', ' ')}".removesuffix(" id"): _text(value)
            for name, value in about.items()
        }
    for name, value in result.agent_settings.items():
        if value is not None:
            facts[name.replace("_", " ")] = _text(value)
    return facts | {
        "batch size": str(result.batch_size),
        "wall time": f"{result.wall_seconds / 60:,.1f} min",
        "hardware": _text(result.hardware),
        "versions": _text(result.versions),
    }


def _text(value: Any) -> str:
    """A fact as text, such as `num beams 4 · num candidates 4` or `1,135,616`."""
    if isinstance(value, dict):
        facts = ((name.replace("_", " "), fact) for name, fact in value.items() if fact is not None)
        return " · ".join(f"{name} {_text(fact) if isinstance(fact, bool) else fact}" for name, fact in facts)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
