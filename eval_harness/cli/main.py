"""`subgoal eval`: play protocols and report the scores."""

import typer

from eval_harness.cli.cost import cost
from eval_harness.cli.leaderboard import leaderboard
from eval_harness.cli.practice import to_practice
from eval_harness.cli.push import push
from eval_harness.cli.report import compare, replay, report
from eval_harness.cli.run import run
from eval_harness.cli.tools import tools, tools_report

app = typer.Typer(help="Score agents on ScienceWorld.", no_args_is_help=True)
app.command()(run)


@app.command()
def agents() -> None:
    """List the agents that `run --agent` knows.

    Example: `subgoal eval agents`
    """
    from rich.console import Console
    from rich.table import Table

    from eval_harness.agents.registry import AGENTS

    table = Table("agent", "what it is", "needs")
    for name, entry in AGENTS.items():
        table.add_row(name, entry.description, " ".join(f"--{need}" for need in entry.needs))
    table.add_row("module:Class", "your own plug-in, created without arguments", "")
    Console().print(table)


@app.command()
def protocols() -> None:
    """List the protocols that `run --protocol` knows.

    Example: `subgoal eval protocols`
    """
    from rich.console import Console
    from rich.table import Table

    from eval_harness.protocols.protocol import load_protocol, protocol_names

    table = Table("protocol", "rules", "episodes", "hash")
    for name in protocol_names():
        rules = load_protocol(name)
        table.add_row(name, rules.description, str(len(rules.units())), rules.hash)
    Console().print(table)


app.command()(push)
app.command()(report)
app.command()(compare)
app.command()(replay)
app.command()(to_practice)
app.command()(cost)
app.command()(leaderboard)
app.command()(tools)
app.command("tools-report")(tools_report)
