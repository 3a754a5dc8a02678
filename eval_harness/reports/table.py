"""`ReportTable`: one table that is printed in the terminal and written as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

NOT_COMPARABLE = "NOT COMPARABLE"
"""Notes that begin with these words are emphasized."""

_NAME_WIDTH = 12


@dataclass(frozen=True)
class ReportTable:
    """A table with notes. `rich` prints it; `markdown()` renders it as Markdown.

    Attributes:
        heads: column names; the first column is left-aligned, the others are right-aligned.
        blocks: block → row → cell, with one cell per head. A line separates blocks in the terminal.
        title: printed above the table.
        notes: sentences printed below the table.
        total: the row that is printed in bold.

    Example:

    ```python
    table = ReportTable(["task", "flat"], [[["boil", "20.0"]], [["mean", "20.0"]]], total=["mean", "20.0"])
    rich.print(table)
    Path("report.md").write_text(table.markdown())
    ```
    """

    heads: Sequence[str]
    blocks: Sequence[Sequence[Sequence[str]]]
    title: str | None = None
    notes: Sequence[str] = ()
    total: Sequence[str] | None = None

    def __rich__(self) -> Table:
        notes = [
            f"[bold red]{escape(note)}[/]" if note.startswith(NOT_COMPARABLE) else escape(note)
            for note in self.notes
        ]
        table = Table(
            title=escape(self.title) if self.title else None,
            caption="\n".join(notes) or None,
            caption_justify="left",
        )
        for index, head in enumerate(self.heads):
            # In a narrow terminal heads and names are folded. Numbers are not: half a number misleads.
            words = (word for block in self.blocks for row in block for word in row[index].split())
            longest = max(map(len, words), default=0)
            table.add_column(
                escape(head),
                justify="right" if index else "left",
                overflow="fold",
                min_width=longest if index else min(longest, _NAME_WIDTH),
            )
        for block in self.blocks:
            for row in block:
                table.add_row(*map(escape, row), style="bold" if row == self.total else None)
            table.add_section()
        return table

    def markdown(self) -> str:
        """The table as Markdown, with its title as a heading and its notes as paragraphs."""
        lines = [f"## {self.title}", ""] if self.title else []
        lines += [_markdown_row(self.heads), "|---|" + "---:|" * (len(self.heads) - 1)]
        for row in (row for block in self.blocks for row in block):
            bold = row == self.total
            lines.append(_markdown_row([f"**{cell}**" if bold and cell else cell for cell in row]))
        for note in self.notes:
            lines += ["", f"**{note}**" if note.startswith(NOT_COMPARABLE) else note]
        return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
