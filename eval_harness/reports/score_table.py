"""Runs side by side: tasks in rows, agents in columns, as a terminal table or as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from dataset_builder.simulator.tasks import TASKS
from eval_harness.results.outcomes import OUTCOMES, count_outcomes
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import (
    HORIZONS,
    RunResult,
    seen_and_unseen,
)

if TYPE_CHECKING:
    from eval_harness.results.statistics import Bootstrap, Estimate


@dataclass(frozen=True)
class _Rows:
    """The cells of a comparison, before they are drawn."""

    heads: list[str]
    tasks: list[list[str]]
    groups: list[list[str]]
    total: list[str]
    details: list[list[str]]
    notes: list[str]


def comparison_table(
    results: Sequence[RunResult | PlayedRun], title: str | None = None, caption: str | None = None
) -> Table:
    """A table of one or several runs: mean score (0-100) and episodes per task.

    Args:
        results (`Sequence[RunResult | PlayedRun]`): one column each. Of a `PlayedRun` it also gives
            the interval of the mean and how the episodes ended.
        title (`str`, *optional*): stands above.
        caption (`str`, *optional*): stands below, before what must be said about the runs (other
            protocols, other episodes, failed episodes).
    """
    rows = _rows(results)
    notes = [escape(note) for note in (caption, *rows.notes) if note]
    table = Table(title=escape(title or "") or None, caption="\n".join(notes) or None, caption_justify="left")
    table.add_column("task")
    for head in rows.heads:
        table.add_column(escape(head), justify="right")
    blocks = [block for block in (rows.tasks, rows.groups, [rows.total], rows.details) if block]
    for block in blocks:
        for row in block:
            table.add_row(*row, style="bold" if row is rows.total else None)
        table.add_section()
    return table


def comparison_markdown(
    results: Sequence[RunResult | PlayedRun], title: str | None = None, caption: str | None = None
) -> str:
    """The table of `comparison_table` as Markdown."""
    rows = _rows(results)
    lines = [f"## {title}", ""] if title else []
    lines.append(markdown_row(["task", *rows.heads]))
    lines.append("|".join(["", "---", *["---:"] * len(rows.heads), ""]))
    lines += [markdown_row(row) for row in (*rows.tasks, *rows.groups)]
    lines.append(markdown_row([f"**{cell}**" if cell else "" for cell in rows.total]))
    lines += [markdown_row(row) for row in rows.details]
    for note in filter(None, (caption, *rows.notes)):
        lines += ["", note]
    return "\n".join(lines) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rows(runs: Sequence[RunResult | PlayedRun]) -> _Rows:
    results = [run.result if isinstance(run, PlayedRun) else run for run in runs]
    played = [run for run in runs if isinstance(run, PlayedRun)]
    tasks = [task for task in TASKS if any(task in result.per_task for result in results)]
    groups = [horizon for horizon in HORIZONS if any(horizon in result.groups for result in results)]
    apart = [seen_and_unseen(result) or {} for result in results]
    detailed = bool(played) and len(played) == len(runs)
    scores = [run.scores() for run in played] if detailed else []
    return _Rows(
        heads=run_names(results),
        tasks=[[task, *(_cell(result.per_task.get(task)) for result in results)] for task in tasks],
        groups=[
            [f"{horizon} tasks", *(_cell(result.groups.get(horizon)) for result in results)]
            for horizon in groups
            if len(groups) > 1
        ]
        + [
            [f"{kind} tasks", *(_cell(each.get(kind)) for each in apart)]
            for kind in ("seen", "unseen")
            if any(kind in each for each in apart)
        ],
        total=[
            "mean over tasks",
            *(
                _cell({"mean": run.mean_score, "episodes": run.episodes, "failed": run.failed})
                for run in results
            ),
        ],
        details=_details(played, scores) if detailed else [],
        notes=[*run_notes(results), *interval_notes(scores)],
    )


def _cell(row: dict | None) -> str:
    """`83.3 (10)`: mean and episodes; failed episodes are named."""
    if row is None:
        return ""
    mean = "-" if row["mean"] is None else f"{row['mean']:.1f}"
    failed = f", {row['failed']} failed" if row.get("failed") else ""
    return f"{mean} ({row['episodes']}{failed})"


def _details(runs: Sequence[PlayedRun], scores: Sequence["Bootstrap"]) -> list[list[str]]:
    """Interval of the mean, share solved, and how many episodes ended in which way."""
    means = [each.mean() for each in scores]
    counts = [count_outcomes(run.episodes) for run in runs]
    rows = [
        ["95% interval of the mean", *(interval_text(mean) for mean in means)],
        ["solved", *("-" if (share := run.result.success_rate) is None else f"{share:.1%}" for run in runs)],
    ]
    if any(episode.llm_calls for run in runs for episode in run.episodes):
        rows += [
            ["LLM calls per episode", *(_each(run, "llm_calls") for run in runs)],
            ["LLM tokens per episode", *(_each(run, "llm_tokens") for run in runs)],
        ]
    rows += [
        [name, *(str(count[name]) for count in counts)]
        for name in OUTCOMES
        if any(count[name] for count in counts)
    ]
    return rows


def _each(run: PlayedRun, what: str) -> str:
    """An episode's number of something, on average."""
    total = sum(getattr(episode, what) for episode in run.episodes)
    mean = total / max(1, len(run.episodes))
    return f"{mean:,.1f}" if 0 < mean < 10 else f"{mean:,.0f}"


def interval_text(estimate: "Estimate | None", scale: float = 1.0, sign: str = "") -> str:
    """`31.2 to 40.5`; `-` where there is none."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return "-"
    ends = (f"{scale * end:{sign}.1f}" for end in (estimate.low, estimate.high))
    return " to ".join("0.0" if end in ("+0.0", "-0.0") else end for end in ends)


def interval_notes(scores: Iterable["Bootstrap"]) -> list[str]:
    """Why intervals are missing, if they are."""
    if not any(each.single for each in scores):
        return []
    return [
        "Tasks with one variation only have no interval, and no mean that contains one has: how much it "
        "would move with other variations is unknown."
    ]


def run_names(results: Sequence[RunResult]) -> list[str]:
    """Agents' names; with the folder or a number where two columns would be called the same."""
    heads = [result.agent for result in results]
    for number, result in enumerate(results):
        if sum(other.agent == result.agent for other in results) > 1:
            heads[number] += f" {result.folder.name if result.folder else number + 1}"
    return [head if heads.count(head) == 1 else f"{head} #{i}" for i, head in enumerate(heads, 1)]


def protocol_note(results: Sequence[RunResult]) -> str | None:
    """A line that says so if the runs were played under different rules, else None."""
    if len({result.protocol["hash"] for result in results}) == 1:
        return None
    names = (
        f"{head}: {result.protocol['name']} ({result.protocol['hash']})"
        for head, result in zip(run_names(results), results, strict=True)
    )
    return f"NOT COMPARABLE, the protocols differ: {'; '.join(names)}."


def run_notes(results: Sequence[RunResult]) -> list[str]:
    """What a reader must know before comparing the columns."""
    notes = ["In parentheses: episodes.", *difference_notes(results)]
    if any(result.played != results[0].played for result in results):
        notes.append("Compare tasks with equal numbers of episodes only.")
    if any(result.failed for result in results):
        notes.append("Failed episodes have no score and count in no mean.")
    return notes


def difference_notes(results: Sequence[RunResult]) -> list[str]:
    """What keeps runs from being compared as they stand: other rules, other episodes, unfinished ones."""
    notes = []
    if different := protocol_note(results):
        notes.append(different)
    if any(result.played != results[0].played for result in results):
        notes.append("The runs played different episodes.")
    names = zip(run_names(results), results, strict=True)
    if unfinished := [head for head, run in names if not run.complete]:
        notes.append(f"Not finished: {', '.join(unfinished)}.")
    return notes
