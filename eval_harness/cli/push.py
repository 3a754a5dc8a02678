"""`subgoal eval push`: publish a run's result with its model."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    folder: Annotated[Path, typer.Argument(help="Run folder of `subgoal eval run`.", metavar="DIR")],
    repo: Annotated[str, typer.Argument(help="One of the run's models: Hub id or folder.", metavar="REPO")],
    private: Annotated[bool, typer.Option("--private", help="Refuse a public repository.")] = False,
    revision: Annotated[
        str | None, typer.Option(help="Branch to push to; it is created if needed.", metavar="BRANCH")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also push a result of other weights, or of a part of a protocol."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be written, and stop.")
    ] = False,
) -> None:
    """Write a run's result into its model's card (`model-index`) and into `.eval_results`.

    Example: `subgoal eval push runs/pair release/executor --dry-run`
    """
    from eval_harness.publish.push_results import plan_push

    plan = plan_push(folder, repo, revision=revision, private=private, force=force)
    if dry_run:
        typer.echo(plan.preview(), nl=False)
        return
    typer.echo(plan.send())
