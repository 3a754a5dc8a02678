"""Options of a dataclass on a command, as Typer shows and reads them."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from dataset_builder.common.options import option_group


@dataclass(frozen=True)
class Server:
    url: Annotated[str | None, typer.Option(help="Where it listens.")] = None
    retries: Annotated[int, typer.Option(help="How often.")] = 5


app = typer.Typer()


@app.command()
@option_group("server", Server)
def ask(question: str, server: Server, loud: bool = False) -> None:
    """Ask something."""
    typer.echo(f"{question} {server} {loud}")


def test_the_fields_are_options_with_their_defaults() -> None:
    assert CliRunner().invoke(app, ["why"]).output == "why Server(url=None, retries=5) False\n"
    given = CliRunner().invoke(app, ["why", "--url", "here", "--retries", "2", "--loud"])
    assert given.output == "why Server(url='here', retries=2) True\n"


def test_help_and_errors_are_those_of_options() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Ask something." in shown
    assert "Where it listens." in shown
    assert "--server" not in shown
    assert CliRunner().invoke(app, ["why", "--retries", "x"]).exit_code == 2
