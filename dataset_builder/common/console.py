"""The console, progress bars and tables of every command."""

from collections.abc import Callable

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


def progress_line(
    progress: Progress | None, description: str, total: int, completed: int = 0
) -> Callable[[], None]:
    """Add a line to a bar; the result advances it by one. Without a bar nothing is shown."""
    if progress is None:
        return lambda: None
    line = progress.add_task(description, total=total, completed=completed)
    return lambda: progress.advance(line)


def say(text: object) -> None:
    """Print a line as it is: without colours for numbers, without markup, never folded."""
    console.print(str(text), highlight=False, soft_wrap=True, markup=False)


def row_table(rows: list[dict[str, str]], title: str | None = None) -> Table:
    """A rich table of rows (column → cell) with the same keys; all but the first column are flush right."""
    table = Table(title=title)
    for index, name in enumerate(rows[0]):
        table.add_column(name, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    return table
