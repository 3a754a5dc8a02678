"""`subgoal corpus …`: collect, annotate, build, stats."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from dataset_builder.errors import SubgoalError
from dataset_builder.state_text import DEFAULT_VERSION
from dataset_builder.tasks import SPLITS, TASKS, select_tasks

app = typer.Typer(help="Expert trajectories, their sub-goals, and the dataset made of them.")
console = Console()


def progress_bar(transient: bool = False) -> Progress:
    """The bar that every long command shows."""
    return Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=transient,
    )


def row_table(rows: list[dict[str, str]], title: str | None = None) -> Table:
    """A rich table of equal-keyed rows; all but the first column are flush right."""
    table = Table(title=title)
    for index, name in enumerate(rows[0]):
        table.add_column(name, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row.values())
    return table


@app.command()
def tasks() -> None:
    """List the 30 tasks with their numbers of variations."""
    console.print(
        row_table(
            [
                {"id": task.task_id, "task": task.name, "topic": task.topic, "horizon": task.horizon}
                | {split: str(len(task.variations(split))) for split in SPLITS}
                for task in TASKS.values()
            ]
        )
    )


@app.command()
def collect(
    out: Annotated[Path, typer.Option(help="Corpus folder; running again continues there.")],
    tasks: Annotated[str | None, typer.Option(help="Names or ids, comma-separated; all if left out.")] = None,
    splits: Annotated[str, typer.Option(help="Comma-separated.")] = ",".join(SPLITS),
    max_variations: Annotated[int | None, typer.Option(help="At most, per task and split.")] = None,
    path: Annotated[str, typer.Option(help="tidied, or simulator: the solver's own.")] = "tidied",
    simplifications: Annotated[str, typer.Option(help="easy, labels, or empty.")] = "easy",
    workers: Annotated[int | None, typer.Option(help="Threads; the number of cores if left out.")] = None,
) -> None:
    """Take expert paths from the simulator, tidy them, and verify each by a replay."""
    from dataset_builder.collect import collect as run

    chosen = select_tasks(tasks)
    with progress_bar() as bar:
        report = run(
            out,
            chosen,
            [split.strip() for split in splits.split(",")],
            limits=max_variations,
            path=path,
            simplifications=simplifications,
            workers=workers,
            progress=bar,
        )
    rows = []
    for task in chosen:
        verified, lost = report.verified[task.name], report.given_up[task.name]
        if verified + lost:
            share = f"{verified / (verified + lost):.0%}"
            rows.append({"task": task.name, "verified": str(verified), "given up": str(lost), "share": share})
    if rows:
        console.print(row_table(rows))
    for reason, count in report.reasons.most_common():
        console.print(f"given up {count} times: {reason}", highlight=False)


@app.command()
def annotate(
    folder: Annotated[Path, typer.Argument(help="Corpus folder.")],
    annotator: Annotated[str, typer.Option(help="rules")] = "rules",
    path: Annotated[str | None, typer.Option(help="Only paths of this form.")] = None,
) -> None:
    """Cut collected paths into segments with a sub-goal each."""
    from dataset_builder.annotate import annotator as get_annotator
    from dataset_builder.annotations import annotate as run
    from dataset_builder.collect import trajectories

    teacher = get_annotator(annotator)
    found = trajectories(folder, path)
    with progress_bar() as bar:
        new = run(folder, teacher, found, bar)
    console.print(f"{len(found)} trajectories annotated by {annotator}, {new} of them now.", highlight=False)


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, annotated.")],
    out: Annotated[Path, typer.Option(help="Dataset folder to write.")],
    annotator: Annotated[str, typer.Option(help="Whose sub-goals.")] = "rules",
    path: Annotated[str, typer.Option(help="Form of the paths.")] = "tidied",
    state_text: Annotated[str, typer.Option(help="compact or paper.")] = DEFAULT_VERSION,
) -> None:
    """Write the corpus as a Hub repository in a folder, for `load_dataset`."""
    from dataset_builder.release import build as run

    with progress_bar() as bar:
        run(folder, out, annotator=annotator, path=path, state_text=state_text, progress=bar)
    console.print(f"Dataset written to {out}", highlight=False, soft_wrap=True)


@app.command()
def stats(
    dataset: Annotated[str, typer.Argument(help="Dataset folder or Hub id.")],
) -> None:
    """Rows, path lengths and sub-goals of a built dataset, per task."""
    from dataset_builder.loading import load_tables
    from dataset_builder.stats import split_rows, task_rows

    tables = load_tables(dataset)
    console.print(row_table(split_rows(tables), "Rows"))
    rows = task_rows(tables["trajectories"])
    if not rows:
        raise SubgoalError(f"{dataset} has no trajectories of known tasks.")
    console.print(row_table(rows, "Per task (means over all splits)"))
