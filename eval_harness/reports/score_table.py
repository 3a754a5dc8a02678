"""Runs side by side: tasks in rows, agents in columns."""

from collections.abc import Iterable, Sequence
from typing import Any

from dataset_builder.simulator.tasks import TASKS
from eval_harness.reports.table import NOT_COMPARABLE, ReportTable
from eval_harness.results.outcomes import OUTCOMES, count_outcomes
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import HORIZONS, RunResult, seen_and_unseen
from eval_harness.results.statistics import Bootstrap, Estimate


def comparison_table(
    runs: Sequence[RunResult | PlayedRun], title: str | None = None, caption: str | None = None
) -> ReportTable:
    """A table of one or several runs: the mean score (0 to 100) and the number of episodes per task.

    If all runs are `PlayedRun`s, it also shows the interval of the mean and how the episodes ended.

    Args:
        runs (`Sequence[RunResult | PlayedRun]`): one column each.
        title (`str`, *optional*): is printed above the table.
        caption (`str`, *optional*): is printed below the table, before the notes on the runs (different
            protocols, different episodes, failed episodes).

    Example:

    ```python
    from rich import print

    print(comparison_table([load_run("runs/flat"), load_run("runs/pair")]))
    ```
    """
    results = [run.result if isinstance(run, PlayedRun) else run for run in runs]
    played = [run for run in runs if isinstance(run, PlayedRun)]
    detailed = played if len(played) == len(runs) else []
    scores = [run.scores() for run in detailed]
    total = _total_row(results)
    blocks = [
        _task_rows(results),
        [*_horizon_rows(results), *_seen_rows(results)],
        [total],
        _detail_rows(detailed, scores) if detailed else [],
    ]
    notes = [*filter(None, [caption]), *run_notes(results), *interval_notes(scores)]
    return ReportTable(["task", *run_names(results)], [b for b in blocks if b], title, notes, total)


def comparison_markdown(
    runs: Sequence[RunResult | PlayedRun], title: str | None = None, caption: str | None = None
) -> str:
    """The table of `comparison_table` as Markdown."""
    return comparison_table(runs, title, caption).markdown()


def _task_rows(results: Sequence[RunResult]) -> list[list[str]]:
    tasks = [task for task in TASKS if any(task in result.per_task for result in results)]
    return [[task, *(_cell(result.per_task.get(task)) for result in results)] for task in tasks]


def _horizon_rows(results: Sequence[RunResult]) -> list[list[str]]:
    """One row per horizon group; none for a single group, whose mean is the overall one."""
    horizons = [name for name in HORIZONS if any(name in result.groups for result in results)]
    if len(horizons) < 2:
        return []
    return [[f"{name} tasks", *(_cell(result.groups.get(name)) for result in results)] for name in horizons]


def _seen_rows(results: Sequence[RunResult]) -> list[list[str]]:
    """Tasks that the models were trained on, and tasks held out of their training."""
    groups = [seen_and_unseen(result) or {} for result in results]
    kinds = [kind for kind in ("seen", "unseen") if any(kind in group for group in groups)]
    return [[f"{kind} tasks", *(_cell(group.get(kind)) for group in groups)] for kind in kinds]


def _total_row(results: Sequence[RunResult]) -> list[str]:
    overall = (
        {"mean": result.mean_score, "episodes": result.episodes, "failed": result.failed}
        for result in results
    )
    return ["mean over tasks", *map(_cell, overall)]


def _cell(row: dict[str, Any] | None) -> str:
    """`83.3 (10)`: mean and episodes; failed episodes are named."""
    if row is None:
        return ""
    failed = f", {row['failed']} failed" if row.get("failed") else ""
    return f"{mean_text(row['mean'])} ({row['episodes']}{failed})"


def _detail_rows(runs: Sequence[PlayedRun], scores: Sequence[Bootstrap]) -> list[list[str]]:
    """The interval of the mean, the share of solved episodes, LLM usage, and how the episodes ended."""
    counts = [count_outcomes(run.episodes) for run in runs]
    rates = [run.result.success_rate for run in runs]
    rows = [
        ["95% interval of the mean", *(interval_text(run_scores.mean()) for run_scores in scores)],
        ["solved", *("-" if rate is None else f"{rate:.1%}" for rate in rates)],
    ]
    if any(episode.llm_calls for run in runs for episode in run.episodes):
        rows += [
            [f"LLM {name} per episode", *(_per_episode(run, f"llm_{name}") for run in runs)]
            for name in ("calls", "tokens")
        ]
    occurring = [name for name in OUTCOMES if any(count[name] for count in counts)]
    return rows + [[name, *(str(count[name]) for count in counts)] for name in occurring]


def _per_episode(run: PlayedRun, attribute: str) -> str:
    """The mean of an attribute over the episodes of a run."""
    mean = sum(getattr(episode, attribute) for episode in run.episodes) / max(1, len(run.episodes))
    return f"{mean:,.1f}" if 0 < mean < 10 else f"{mean:,.0f}"


def mean_text(mean: float | None) -> str:
    """`83.3`; `-` for None."""
    return "-" if mean is None else f"{mean:.1f}"


def interval_text(estimate: Estimate | None, scale: float = 1.0, sign: str = "") -> str:
    """`31.2 to 40.5`; `-` if there is no interval."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return "-"
    ends = (f"{scale * end:{sign}.1f}" for end in (estimate.low, estimate.high))
    return " to ".join("0.0" if end in ("+0.0", "-0.0") else end for end in ends)


def interval_notes(scores: Iterable[Bootstrap]) -> list[str]:
    """A note that explains missing intervals, if there are any."""
    if not any(run_scores.single for run_scores in scores):
        return []
    return [
        "Tasks with one variation have no interval, nor do means over such tasks: their spread over other "
        "variations is unknown."
    ]


def run_names(results: Sequence[RunResult]) -> list[str]:
    """Names of the runs' agents; the folder or a number is added to equal names."""
    heads = [result.agent for result in results]
    for number, result in enumerate(results):
        if sum(other.agent == result.agent for other in results) > 1:
            heads[number] += f" {result.folder.name if result.folder else number + 1}"
    return [head if heads.count(head) == 1 else f"{head} #{i}" for i, head in enumerate(heads, 1)]


def protocol_note(results: Sequence[RunResult]) -> str | None:
    """A warning if the runs were played under different protocols, else None."""
    if len({result.protocol["hash"] for result in results}) == 1:
        return None
    names = (
        f"{head}: {result.protocol['name']} ({result.protocol['hash']})"
        for head, result in zip(run_names(results), results, strict=True)
    )
    return f"{NOT_COMPARABLE}, the protocols differ: {'; '.join(names)}."


def run_notes(results: Sequence[RunResult]) -> list[str]:
    """Caveats for comparing the columns, one sentence each."""
    notes = ["In parentheses: episodes.", *difference_notes(results)]
    if any(result.played != results[0].played for result in results):
        notes.append("Compare tasks with equal numbers of episodes only.")
    if any(result.failed for result in results):
        notes.append("Failed episodes have no score and are excluded from all means.")
    return notes


def difference_notes(results: Sequence[RunResult]) -> list[str]:
    """Reasons not to compare runs directly: different protocols or episodes, unfinished runs."""
    notes = []
    if different := protocol_note(results):
        notes.append(different)
    if any(result.played != results[0].played for result in results):
        notes.append("The runs played different episodes.")
    names = zip(run_names(results), results, strict=True)
    if unfinished := [head for head, run in names if not run.complete]:
        notes.append(f"Not finished: {', '.join(unfinished)}.")
    return notes
