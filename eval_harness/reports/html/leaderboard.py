"""The leaderboard as one self-contained HTML page."""

from eval_harness.reports.html.rendering import environment, template_text
from eval_harness.reports.leaderboard import HEADS, Leaderboard


def html_leaderboard(board: Leaderboard) -> str:
    """The page: the table and its notes."""
    return (
        environment()
        .get_template("leaderboard.html")
        .render(
            title=board.title,
            heads=HEADS,
            rows=[row.cells() for row in board.rows],
            notes=board.notes,
            style=template_text("report.css"),
        )
    )
