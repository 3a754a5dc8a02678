"""Tables, progress and plain lines of the commands."""

import pytest
from rich.progress import Progress

from dataset_builder.common.console import console, progress_line, row_table, say


def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    line = "written: [a] " + "x" * 300
    console.file = None  # type: ignore[assignment]
    say(line)
    assert capsys.readouterr().out == f"{line}\n"


def test_a_progress_line_counts_and_is_silent_without_a_bar() -> None:
    bar = Progress(disable=True)
    advance = progress_line(bar, "paths", total=5, completed=2)
    advance()
    assert [(task.description, task.completed, task.total) for task in bar.tasks] == [("paths", 3, 5)]
    progress_line(None, "paths", total=5)()


def test_a_table_has_the_rows_keys_as_columns() -> None:
    table = row_table([{"task": "boil", "steps": "3"}, {"task": "melt", "steps": "12"}], "Tasks")
    assert [(column.header, column.justify) for column in table.columns] == [
        ("task", "left"),
        ("steps", "right"),
    ]
    assert table.row_count == 2
