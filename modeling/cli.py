"""`subgoal train`: train one role by a recipe. `subgoal models`: publish what was trained."""

from pathlib import Path
from typing import Annotated, Any

import typer


def train_command(
    role: Annotated[
        str | None, typer.Argument(help="controller, executor or flat.", show_default=False)
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Name of a recipe or a YAML file.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Folder of a corpus, or Hub id, REPO[@REV].", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the checkpoint. The same command resumes.", show_default=False),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="Seq2seq checkpoint to start from, folder or Hub id.", show_default=False),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="In place of the recipe's.", show_default=False)
    ] = None,
    max_minutes: Annotated[
        float | None, typer.Option(help="In place of the recipe's.", show_default=False)
    ] = None,
    report_to: Annotated[
        str | None,
        typer.Option(help="Follow the losses in tensorboard or trackio.", show_default=False),
    ] = None,
    push: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE/NAME",
            help="Publish the checkpoint on the Hub at the end; the repository is made at the start.",
            show_default=False,
        ),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="With --push: create it private.")] = False,
    show_recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="Print a recipe with every default and stop.", show_default=False
        ),
    ] = None,
) -> None:
    """Train a controller, an executor or a flat agent.

    Killed, it goes on from its last checkpoint when the same command is given again. On several GPUs:
    `torchrun --nproc-per-node N -m subgoal train …`, or `accelerate launch -m subgoal train …`.
    """
    from dataset_builder.common.errors import UsageError
    from modeling.recipes.recipe import load_recipe, recipe_names
    from modeling.recipes.recipe import show_recipe as text_of

    if show_recipe is not None:
        typer.echo(text_of(load_recipe(show_recipe, role)), nl=False)
        return
    if role is None:
        raise UsageError("Which role? `subgoal train controller`, `executor` or `flat`.")
    if recipe is None:
        raise UsageError(f"No recipe: add --recipe with one of {', '.join(recipe_names())}, or a YAML file.")
    if dataset is None or out is None:
        missing = "--dataset FOLDER|REPO[@REV]" if dataset is None else "--out DIR"
        raise UsageError(f"No {missing.split()[0][2:]}: add {missing}.")
    chosen = load_recipe(recipe, role)

    from modeling.runtime import distributed as ranks

    if push is not None:
        from modeling.checkpoints.publish import check_push

        ranks.on_first(lambda: check_push(push, private))

    from rich.console import Console

    from modeling.training.train import train

    train(
        role,
        chosen,
        dataset,
        out,
        base=base,
        seed=seed,
        max_steps=max_steps,
        max_minutes=max_minutes,
        report_to=report_to,
        console=Console(),
    )
    if ranks.is_first():
        if push is not None:
            _push(out, push, private=private)
        typer.echo(out)
    ranks.leave()


models = typer.Typer(help="Publish checkpoints on the Hub.", no_args_is_help=True)


@models.command("push")
def push_command(
    folder: Annotated[Path, typer.Argument(help="Checkpoint, as `subgoal train` made it.")],
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the Hub; created if it is not there.")],
    private: Annotated[bool, typer.Option("--private", help="Create it private.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch; created if it is not there.")] = None,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    partner: Annotated[
        str | None, typer.Option(help="Id of the pair's other model, if it is not named alike.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Run folder of `subgoal eval run`; its scores go into the card.")
    ] = None,
) -> None:
    """Publish a checkpoint on the Hub with its card; what is there already is not sent again.

    The token is that of `hf auth login`, or of HF_TOKEN.
    """
    _push(
        folder,
        repo,
        private=private,
        revision=revision,
        message=message,
        partner=partner,
        results=results,
    )


@models.command("card")
def card_command(
    folder: Annotated[Path, typer.Argument(help="Checkpoint, as `subgoal train` made it.")],
    results: Annotated[Path, typer.Option(help="Run folder of `subgoal eval run`.")],
) -> None:
    """Write a checkpoint's README.md anew, with the scores of a run that it played."""
    from modeling.checkpoints.publish import write_results_card

    write_results_card(folder, results)
    typer.echo(folder / "README.md")


def _push(folder: Path, repo: str, **options: Any) -> None:
    from modeling.checkpoints.publish import push_checkpoint

    typer.echo(push_checkpoint(folder, repo, **options))
