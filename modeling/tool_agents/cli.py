"""`subgoal tools train`: a small agent with tools, or a baseline."""

from pathlib import Path
from typing import Annotated, Any

import typer

_OVERRIDES = "Overrides of the recipe"


def _option(help: str, panel: str | None = None, **settings: Any) -> Any:
    return typer.Option(help=help, rich_help_panel=panel, show_default=False, **settings)


def train_tool_command(
    learner: Annotated[
        str,
        typer.Argument(help="What to train: agent, cot or cot-rag.", show_default=False, metavar="LEARNER"),
    ],
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or a YAML file.")] = "tool-agent-cpu",
    dataset: Annotated[
        str | None, _option("Folder or Hub id of a dataset of tool agents: REPO[@REV].")
    ] = None,
    out: Annotated[Path | None, _option("Folder of the checkpoint.")] = None,
    base: Annotated[str | None, _option("Checkpoint to fine-tune: a folder or a Hub id.", _OVERRIDES)] = None,
    seed: Annotated[int | None, _option("Random seed.", _OVERRIDES)] = None,
    max_steps: Annotated[int | None, _option("Number of optimizer steps.", _OVERRIDES)] = None,
    max_minutes: Annotated[float | None, _option("Time limit in minutes.", _OVERRIDES)] = None,
    report_to: Annotated[str | None, _option("Log losses to tensorboard or trackio.", _OVERRIDES)] = None,
) -> None:
    """Train a small agent with tools (agent), or a baseline without: cot, cot-rag.

    To resume a training that was stopped, run the same command again.

    Example: `subgoal tools train agent --dataset runs/tools/dataset --out runs/tools/agent`
    """
    from dataset_builder.common.errors import UsageError

    if dataset is None:
        raise UsageError("No dataset: add --dataset FOLDER|REPO[@REV].")
    if out is None:
        raise UsageError("No out: add --out DIR.")
    from rich.console import Console

    from modeling.tool_agents.train import train_tool_agent

    train_tool_agent(
        learner,
        recipe,
        dataset,
        out,
        base=base,
        seed=seed,
        max_steps=max_steps,
        max_minutes=max_minutes,
        report_to=report_to,
        console=Console(),
    )
    typer.echo(out)
