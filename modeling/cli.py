"""`subgoal train`: train one role by a recipe."""

from pathlib import Path
from typing import Annotated

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
    show_recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="Print a recipe with every default and stop.", show_default=False
        ),
    ] = None,
) -> None:
    """Train a controller, an executor or a flat agent.

    Killed, it goes on from its last checkpoint when the same command is given again.
    """
    from dataset_builder.errors import UsageError
    from modeling.recipe import load_recipe, recipe_names
    from modeling.recipe import show_recipe as text_of

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

    from rich.console import Console

    from modeling.train import train

    train(
        role,
        chosen,
        dataset,
        out,
        base=base,
        seed=seed,
        max_steps=max_steps,
        max_minutes=max_minutes,
        console=Console(),
    )
    typer.echo(out)
