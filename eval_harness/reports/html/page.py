"""Runs as one self-contained HTML page: figures, charts, and every transcript one click away.

The page loads nothing: style, script, charts (inline SVG) and data are in the file. Texts of agents and of
the simulator are escaped by the template or inserted as text nodes by the script, and a content security
policy only allows the page's own script.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from eval_harness.reports.html.charts import provenance_rows, score_curves
from eval_harness.reports.html.rendering import environment, template_text
from eval_harness.reports.html.transcripts import transcripts
from eval_harness.reports.paired_comparison import compare_runs, p_text, signed_text
from eval_harness.reports.score_table import (
    interval_notes,
    interval_text,
    protocol_note,
    run_names,
    run_notes,
)
from eval_harness.results.effort import cost_rows
from eval_harness.results.outcomes import OUTCOMES, count_outcomes
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import HORIZONS, RunResult, seen_and_unseen, unseen_tasks
from eval_harness.results.statistics import Bootstrap, Estimate

_HORIZON_NOTES = {
    "short": "the expert needs fewer than 20 actions",
    "medium": "20 to 49 actions",
    "long": "50 actions or more",
}


@dataclass(frozen=True)
class _Column:
    """The data of a run that the charts show."""

    name: str
    result: RunResult
    scores: Bootstrap

    def tasks_of(self, horizon: str) -> list[str]:
        return [task for task in self.result.per_task if TASKS[task].horizon == horizon]

    @cached_property
    def unseen(self) -> set[str]:
        """The tasks that were held out of the models' training."""
        return unseen_tasks(self.result)


def html_report(runs: Sequence[PlayedRun]) -> str:
    """The report on one or more runs as one HTML page.

    Args:
        runs (`Sequence[PlayedRun]`): shown side by side, in this order. Every run after the first is also
            compared with the first one, paired by episode.
    """
    from jinja2.utils import htmlsafe_json_dumps

    results = [run.result for run in runs]
    names = run_names(results)
    columns = [_Column(name, run.result, run.scores()) for run, name in zip(runs, names, strict=True)]
    script = template_text("report.js")
    rows, data = transcripts(runs, names)
    return (
        environment()
        .get_template("report.html")
        .render(
            title=_title(results, names),
            subtitle=_subtitle(results),
            style=template_text("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            warning=protocol_note(results),
            notes=_notes(columns),
            names=names,
            cards=[_card(run, column) for run, column in zip(runs, columns, strict=True)],
            differences=[
                _difference(runs[0], run, (names[0], name))
                for run, name in zip(runs[1:], names[1:], strict=True)
            ],
            groups=_task_chart(columns),
            curves=score_curves(runs, names),
            outcomes=_outcomes(runs),
            costs=cost_rows(runs),
            provenance=provenance_rows(results),
            episodes=rows,
            episode_tasks=[task for task in TASKS if any(row["task"] == task for row in rows)],
            data=htmlsafe_json_dumps(data, separators=(",", ":")),
        )
    )


def _title(results: Sequence[RunResult], names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} on protocol {results[0].protocol['name']}"
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _subtitle(results: Sequence[RunResult]) -> str:
    protocols = dict.fromkeys(f"{r.protocol['name']} ({r.protocol['hash']})" for r in results)
    tasks = {task for result in results for task in result.per_task}
    episodes = sum(result.episodes + result.failed for result in results)
    return (
        f"protocol {' and '.join(protocols)} · {_count(len(tasks), 'task')} · {_count(episodes, 'episode')}"
        + (f" in {len(results)} runs" if len(results) > 1 else "")
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _notes(columns: Sequence[_Column]) -> list[str]:
    """Notes that limit what the figures mean. Different protocols get a warning of their own instead."""
    results = [column.result for column in columns]
    notes = [note for note in run_notes(results)[1:] if note != protocol_note(results)]
    return notes + interval_notes(column.scores for column in columns)


def _card(run: PlayedRun, column: _Column) -> dict[str, Any]:
    """The headline figures of a run."""
    result, scores = column.result, column.scores
    return {
        "name": column.name,
        "protocol": result.protocol["name"],
        "complete": result.complete,
        "mean": _bar(scores.mean(), result.mean_score),
        "groups": [
            {"name": name, "tasks": row["tasks"], "bar": _bar(scores.mean(tasks), row["mean"])}
            for name, row, tasks in _task_groups(column)
        ],
        "solved": "-" if result.success_rate is None else f"{result.success_rate:.1%}",
        "solved_interval": interval_text(run.solved(), scale=100),
        "episodes": result.episodes,
        "failed": result.failed,
    }


def _task_groups(column: _Column) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Name, figures and tasks of each group: the horizons, and the tasks seen or unseen in training."""
    for horizon in HORIZONS:
        if horizon in column.result.groups:
            yield horizon, column.result.groups[horizon], column.tasks_of(horizon)
    for kind, row in (seen_and_unseen(column.result) or {}).items():
        is_unseen = kind == "unseen"
        yield kind, row, [task for task in column.result.per_task if (task in column.unseen) == is_unseen]


def _bar(estimate: Estimate | None, mean: float | None) -> dict[str, Any]:
    """A horizontal bar with its interval; all positions are scores, 0 to 100."""
    if estimate is None or mean is None:
        return {"value": 0, "text": "-", "interval": "-", "low": None, "high": None}
    return {
        "value": mean,
        "text": f"{mean:.1f}",
        "interval": "all equal"
        if estimate.low is not None and estimate.low == estimate.high
        else interval_text(estimate),
        "low": None if estimate.low is None else round(estimate.low, 2),
        "high": None if estimate.high is None else round(estimate.high, 2),
    }


def _difference(first: PlayedRun, second: PlayedRun, names: tuple[str, str]) -> dict[str, Any]:
    """The second run minus the first one, paired by episode."""
    try:
        comparison = compare_runs(first, second, names)
    except UsageError as error:
        return {"name": names[1], "problem": str(error)}
    row = comparison.overall
    return {
        "name": names[1],
        "problem": None,
        "comparable": comparison.comparable,
        "difference": signed_text(row.difference.mean),
        "interval": interval_text(row.difference, sign="+"),
        "p": p_text(row.p),
        "counts": (row.better, row.equal, row.worse),
        "pairs": row.episodes,
        "left_out": sum(comparison.left_out.values()),
    }


def _task_chart(columns: Sequence[_Column]) -> list[dict[str, Any]]:
    """The bars of all runs, grouped by horizon and task."""
    groups = []
    for horizon in HORIZONS:
        tasks = [task for task in TASKS if any(task in column.tasks_of(horizon) for column in columns)]
        if tasks:
            groups.append(
                {
                    "name": horizon,
                    "note": _HORIZON_NOTES[horizon],
                    "bars": [_group_bar(column, horizon) for column in columns],
                    "tasks": [
                        {
                            "id": TASKS[task].task_id,
                            "name": task,
                            "note": _held_out_note(columns, task),
                            "bars": [_task_bar(column, task) for column in columns],
                        }
                        for task in tasks
                    ],
                }
            )
    return groups


def _group_bar(column: _Column, horizon: str) -> dict[str, Any]:
    row = column.result.groups.get(horizon, {"mean": None, "episodes": 0})
    estimate = column.scores.mean(column.tasks_of(horizon))
    return {**_bar(estimate, row["mean"]), "run": column.name, "count": _count(row["episodes"], "episode")}


def _task_bar(column: _Column, task: str) -> dict[str, Any]:
    row = column.result.per_task.get(task, {"mean": None, "episodes": 0, "failed": 0})
    count = _count(row["episodes"], "episode") + (f", {row['failed']} failed" if row["failed"] else "")
    return {**_bar(column.scores.mean([task]), row["mean"]), "run": column.name, "count": count}


def _held_out_note(columns: Sequence[_Column], task: str) -> str:
    names = [column.name for column in columns if task in column.unseen]
    if not names:
        return ""
    return "held out" if len(names) == len(columns) else f"held out of {', '.join(names)}"


def _outcomes(runs: Sequence[PlayedRun]) -> list[dict[str, Any]]:
    """The outcomes that occur, each with its rule and, per run, its count and its share of the episodes."""
    counts = [count_outcomes(run.episodes) for run in runs]
    totals = [max(1, len(run.episodes)) for run in runs]
    return [
        {
            "name": name,
            "slug": name.replace(" ", "-"),
            "meaning": outcome.meaning,
            "counts": [
                {"count": count[name], "share": 100 * count[name] / total}
                for count, total in zip(counts, totals, strict=True)
            ],
        }
        for name, outcome in OUTCOMES.items()
        if any(count[name] for count in counts)
    ]
