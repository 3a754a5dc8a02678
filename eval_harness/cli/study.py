"""`subgoal study`: sweeps of trainings and runs, each described by a YAML file."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train and play sweeps over held-out topics and model sizes.", no_args_is_help=True)

_CONFIG = typer.Option(help="Study: name (--list) or YAML file.", metavar="NAME|FILE")
_DATASET = typer.Option(help="Folder of a corpus, or Hub id, REPO\\[@REV].", show_default=False)
_OUT = typer.Option(help="Folder of the study; the same command resumes it.", metavar="DIR")
_CELLS = typer.Option(
    help="Run only these cells, comma-separated, to share a study among machines.", metavar="A,B"
)
_PLAN = typer.Option("--plan", help="List the cells and their trainings, and stop.")
_LIST = typer.Option("--list", help="List the built-in studies, and stop.")


@app.command()
def heldout(
    config: Annotated[str, _CONFIG] = "heldout",
    dataset: Annotated[str | None, _DATASET] = None,
    out: Annotated[Path | None, _OUT] = None,
    cells: Annotated[str | None, _CELLS] = None,
    plan: Annotated[bool, _PLAN] = False,
    list_all: Annotated[bool, _LIST] = False,
) -> None:
    """Hold one topic out of training at a time, and play all tasks.

    Example: `subgoal study heldout --dataset data --out studies/heldout`
    """
    _run("heldout", config, dataset, out, cells, plan, list_all)


@app.command()
def sizes(
    config: Annotated[str, _CONFIG] = "sizes",
    dataset: Annotated[str | None, _DATASET] = None,
    out: Annotated[Path | None, _OUT] = None,
    cells: Annotated[str | None, _CELLS] = None,
    plan: Annotated[bool, _PLAN] = False,
    list_all: Annotated[bool, _LIST] = False,
) -> None:
    """Vary the size of the controller or the executor while the other keeps its size.

    Example: `subgoal study sizes --dataset data --out studies/sizes --cells small+base`
    """
    _run("sizes", config, dataset, out, cells, plan, list_all)


def _run(
    kind: str,
    config: str,
    dataset: str | None,
    out: Path | None,
    cells: str | None,
    plan: bool,
    list_all: bool,
) -> None:
    from rich.console import Console

    from dataset_builder.common.errors import UsageError
    from eval_harness.studies.study import load_study, study_names

    if list_all:
        for name in study_names(kind):
            typer.echo(f"{name}: {load_study(kind, name).about}")
        return
    study = load_study(kind, config)
    wanted = study.choose(cells)
    if plan:
        for cell in wanted:
            typer.echo(f"{cell.name}: {cell.controller.name}, {cell.executor.name}")
        return
    if dataset is None or out is None:
        missing = "--dataset FOLDER|REPO[@REV]" if dataset is None else "--out DIR"
        raise UsageError(f"No {missing.split()[0][2:]}: add {missing}.")
    from eval_harness.studies.report import study_report
    from eval_harness.studies.run import run_study

    console = Console()
    folder = run_study(study, dataset, out, cells=wanted, console=console)
    report = study_report(study, folder)
    folder.report.write_text(report.markdown(), encoding="utf-8")
    console.print(report)
    typer.echo(f"report: {folder.report}")
