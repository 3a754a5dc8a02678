"""`subgoal eval`: play protocols and report the scores."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Score agents on ScienceWorld.", no_args_is_help=True)


@app.command()
def run(
    controller: Annotated[
        str | None, typer.Option(help="Controller: Hub id (id@revision) or folder.", metavar="ID")
    ] = None,
    executor: Annotated[
        str | None, typer.Option(help="Executor of the same training: Hub id or folder.", metavar="ID")
    ] = None,
    flat: Annotated[
        str | None, typer.Option(help="Model without sub-goals: Hub id or folder.", metavar="ID")
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="Agent by name (`subgoal eval agents`) or module:Class.", metavar="NAME"),
    ] = None,
    trajectories: Annotated[
        str | None,
        typer.Option(help="For the expert: dataset with its paths; else searched.", metavar="FOLDER"),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Rules: name (`subgoal eval protocols`) or YAML file.", metavar="NAME|FILE")
    ] = "paper",
    tasks: Annotated[
        str | None, typer.Option(help="Only these tasks, comma-separated.", metavar="A,B")
    ] = None,
    max_variations: Annotated[
        int | None, typer.Option(help="At most so many variations per task.", min=1, metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="For agents that draw.")] = 0,
    batch_size: Annotated[
        str, typer.Option(help="Episodes that advance together.", metavar="N|auto")
    ] = "auto",
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Play failed episodes again.")] = False,
    *,
    out: Annotated[Path, typer.Option(help="Run folder; the same command continues it.", metavar="DIR")],
) -> None:
    """Play a protocol with an agent and record every episode. Resumes what was interrupted."""
    from rich.console import Console

    from dataset_builder.simulator import Simulator
    from eval_harness.agents import AgentOptions, chosen_agent, make_agent
    from eval_harness.protocols import load_protocol
    from eval_harness.report import comparison_table
    from eval_harness.run import resolve_batch_size, run_protocol

    rules = load_protocol(protocol)
    rules.units(tasks, max_variations, seed)  # bad arguments are found before a model is loaded
    resolve_batch_size(batch_size)
    name = chosen_agent(agent, controller=controller, executor=executor, flat=flat)
    with Simulator() as simulator:
        options = AgentOptions(controller, executor, flat, trajectories, simulator, rules.simplifications)
        result = run_protocol(
            make_agent(name, options),
            rules,
            out,
            simulator=simulator,
            tasks=tasks,
            max_variations=max_variations,
            seed=seed,
            batch_size=batch_size,
            retry_failed=retry_failed,
        )
    Console().print(comparison_table([result], title=f"protocol {rules.name}"))
    typer.echo(f"results: {out / 'results.json'}")


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, one column each.", metavar="DIR...")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Show the scores of one or several runs side by side."""
    from rich.console import Console

    from eval_harness.report import comparison_markdown, comparison_table
    from eval_harness.results import load_run

    results = [load_run(folder) for folder in folders]
    if markdown:
        typer.echo(comparison_markdown(results), nl=False)
    else:
        Console().print(comparison_table(results))


@app.command()
def agents() -> None:
    """List the agents that `run --agent` knows."""
    from rich.console import Console
    from rich.table import Table

    from eval_harness.agents import AGENTS

    table = Table("agent", "what it is", "needs")
    for name, entry in AGENTS.items():
        table.add_row(name, entry.description, " ".join(f"--{need}" for need in entry.needs))
    table.add_row("module:Class", "a plug-in of your own, called without arguments", "")
    Console().print(table)


@app.command()
def protocols() -> None:
    """List the protocols that `run --protocol` knows."""
    from rich.console import Console
    from rich.table import Table

    from eval_harness.protocols import load_protocol, protocol_names

    table = Table("protocol", "rules", "episodes", "hash")
    for name in protocol_names():
        rules = load_protocol(name)
        table.add_row(name, rules.description, str(len(rules.units())), rules.hash)
    Console().print(table)
