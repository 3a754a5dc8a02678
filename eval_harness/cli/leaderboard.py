"""`subgoal eval leaderboard`: runs of one protocol as a table to publish."""

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, one row each.", metavar="RUN...")],
    html: Annotated[Path | None, typer.Option(help="Write one self-contained page.", metavar="FILE")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a dataset folder that `load_dataset` opens.", metavar="FOLDER")
    ] = None,
    push: Annotated[
        str | None, typer.Option(help="Publish the dataset folder on the Hub.", metavar="NAMESPACE/NAME")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Create a private repository, and refuse a public one.")
    ] = False,
) -> None:
    """Rank runs of one protocol: models, size, kind, score with interval, cost, revision; as Markdown.

    Example: `subgoal eval leaderboard runs/pair runs/flat --html leaderboard.html --out leaderboard`
    """
    from tempfile import TemporaryDirectory

    from dataset_builder.common.errors import UsageError
    from dataset_builder.hub.ids import check_repo_id
    from eval_harness.cli.report import write_text
    from eval_harness.publish.leaderboard_dataset import push_leaderboard, write_leaderboard
    from eval_harness.reports.html.leaderboard import html_leaderboard
    from eval_harness.reports.leaderboard import leaderboard as rank
    from eval_harness.results.played_run import read_played

    if push:
        check_repo_id(push)
    elif private:
        raise UsageError("--private needs --push NAMESPACE/NAME.")
    board = rank([read_played(folder) for folder in folders])
    typer.echo(board.table().markdown(), nl=False)
    if html:
        write_text(str(html), html_leaderboard(board))
    with TemporaryDirectory() as scratch:
        if out or push:
            folder = write_leaderboard(board, out or Path(scratch) / "leaderboard", push)
        if out:
            typer.echo(f"written: {out}", err=True)
        if push:
            typer.echo(str(push_leaderboard(folder, push, private=private)), err=True)
