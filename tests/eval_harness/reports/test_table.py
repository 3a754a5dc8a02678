from rich.console import Console

from eval_harness.reports.table import ReportTable

TABLE = ReportTable(
    ["task", "a|b"],
    [[["boil", "1,234,567"]], [["mean", ""]]],
    title="T",
    notes=["NOT COMPARABLE: why.", "[/]"],
    total=["mean", ""],
)


def test_markdown() -> None:
    assert TABLE.markdown() == (
        "## T\n\n| task | a\\|b |\n|---|---:|\n| boil | 1,234,567 |\n| **mean** |  |\n"
        "\n**NOT COMPARABLE: why.**\n\n[/]\n"
    )


def test_numbers_are_not_folded_in_a_narrow_terminal() -> None:
    console = Console(width=22, record=True)
    console.print(TABLE)
    shown = console.export_text()
    assert "1,234,567" in shown
    assert "[/]" in shown
