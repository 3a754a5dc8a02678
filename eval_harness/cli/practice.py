"""`subgoal eval to-practice`: a run's successes become training data (rejection fine-tuning)."""

from pathlib import Path
from typing import Annotated

import typer

from dataset_builder.common.options import Wait


def to_practice(
    folder: Annotated[
        Path, typer.Argument(help="Run folder of a pair, played on train variations.", metavar="RUN")
    ],
    corpus: Annotated[Path, typer.Argument(help="Corpus folder to add to.", metavar="CORPUS")],
    wait: Wait = False,
) -> None:
    """Add a run's successful episodes to a corpus, as practice rows (rejection fine-tuning).

    Each is replayed in the simulator. Episodes that equal a path of the corpus are skipped.

    Example: `subgoal eval to-practice runs/train corpus`
    """
    from dataset_builder.common.console import progress_bar
    from dataset_builder.common.errors import UsageError
    from dataset_builder.common.folder_lock import folder_lock
    from eval_harness.rollout.rejection import add_successes

    if not (corpus / "trajectories.jsonl").is_file():
        raise UsageError(
            f"{corpus} is not a corpus folder: run `subgoal corpus collect --out {corpus}` first."
        )
    with folder_lock(corpus, wait), progress_bar() as progress:
        counts = add_successes(folder, corpus, progress=progress)
    typer.echo(
        f"{counts['added']} episodes added, {counts['kept']} were there, {counts['failed']} below the full "
        f"score, {counts['known']} the same as a path of the corpus, {counts['different']} with another end "
        "in the replay, or a step without sub-goal."
    )
