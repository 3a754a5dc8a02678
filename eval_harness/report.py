"""Runs side by side: tasks in rows, agents in columns, as a terminal table or as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from dataset_builder.tasks import TASKS
from eval_harness.results import HORIZONS, RunResult


@dataclass(frozen=True)
class _Rows:
    """The cells of a comparison, before they are drawn."""

    heads: list[str]
    tasks: list[list[str]]
    groups: list[list[str]]
    total: list[str]
    notes: list[str]


def comparison_table(
    results: Sequence[RunResult], title: str | None = None, caption: str | None = None
) -> Table:
    """A table of one or several runs: mean score (0-100) and episodes per task.

    Args:
        results (`Sequence[RunResult]`): one column each.
        title (`str`, *optional*): stands above.
        caption (`str`, *optional*): stands below, before what must be said about the runs (other
            protocols, other episodes, failed episodes).
    """
    rows = _rows(results)
    notes = [note for note in (caption, *rows.notes) if note]
    table = Table(title=title, caption="\n".join(notes) or None, caption_justify="left")
    table.add_column("task")
    for head in rows.heads:
        table.add_column(head, justify="right")
    blocks = [block for block in (rows.tasks, rows.groups, [rows.total]) if block]
    for block in blocks:
        for row in block:
            table.add_row(*row, style="bold" if row is rows.total else None)
        table.add_section()
    return table


def comparison_markdown(
    results: Sequence[RunResult], title: str | None = None, caption: str | None = None
) -> str:
    """The table of `comparison_table` as Markdown."""
    rows = _rows(results)
    lines = [f"## {title}", ""] if title else []
    lines.append(_markdown_row(["task", *rows.heads]))
    lines.append("|".join(["", "---", *["---:"] * len(rows.heads), ""]))
    lines += [_markdown_row(row) for row in (*rows.tasks, *rows.groups)]
    lines.append(_markdown_row([f"**{cell}**" if cell else "" for cell in rows.total]))
    for note in filter(None, (caption, *rows.notes)):
        lines += ["", note]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rows(results: Sequence[RunResult]) -> _Rows:
    tasks = [task for task in TASKS if any(task in result.per_task for result in results)]
    groups = [horizon for horizon in HORIZONS if any(horizon in result.groups for result in results)]
    return _Rows(
        heads=_heads(results),
        tasks=[[task, *(_cell(result.per_task.get(task)) for result in results)] for task in tasks],
        groups=[
            [f"{horizon} tasks", *(_cell(result.groups.get(horizon)) for result in results)]
            for horizon in groups
        ]
        if len(groups) > 1
        else [],
        total=[
            "mean over tasks",
            *(
                _cell({"mean": run.mean_score, "episodes": run.episodes, "failed": run.failed})
                for run in results
            ),
        ],
        notes=_notes(results),
    )


def _cell(row: dict | None) -> str:
    """`83.3 (10)`: mean and episodes; failed episodes are named."""
    if row is None:
        return ""
    mean = "-" if row["mean"] is None else f"{row['mean']:.1f}"
    failed = f", {row['failed']} failed" if row.get("failed") else ""
    return f"{mean} ({row['episodes']}{failed})"


def _heads(results: Sequence[RunResult]) -> list[str]:
    """Agents' names; with the folder or a number where two columns would be called the same."""
    heads = [result.agent for result in results]
    for number, result in enumerate(results):
        if sum(other.agent == result.agent for other in results) > 1:
            heads[number] += f" {result.folder.name if result.folder else number + 1}"
    return [head if heads.count(head) == 1 else f"{head} #{i}" for i, head in enumerate(heads, 1)]


def _notes(results: Sequence[RunResult]) -> list[str]:
    """What a reader must know before comparing the columns."""
    notes = ["In parentheses: episodes."]
    heads = _heads(results)
    if len({result.protocol["hash"] for result in results}) > 1:
        names = (
            f"{head}: {result.protocol['name']} ({result.protocol['hash']})"
            for head, result in zip(heads, results, strict=True)
        )
        notes.append(f"NOT COMPARABLE, the protocols differ: {'; '.join(names)}.")
    if any(result.played != results[0].played for result in results):
        notes.append("The runs played different episodes: compare tasks with equal numbers only.")
    if any(result.failed for result in results):
        notes.append("Failed episodes have no score and count in no mean.")
    if unfinished := [head for head, run in zip(heads, results, strict=True) if not run.complete]:
        notes.append(f"Not finished: {', '.join(unfinished)}.")
    return notes
