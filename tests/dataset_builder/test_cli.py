"""`subgoal corpus`: help texts and wrong usage."""

import pytest
from typer.testing import CliRunner

from dataset_builder.cli import app as corpus
from subgoal.cli import app


@pytest.mark.parametrize(
    "command", [command.callback.__name__ for command in corpus.registered_commands if command.callback]
)
def test_each_command_shows_an_example_and_keeps_its_brackets(command: str) -> None:
    shown = CliRunner().invoke(app, ["corpus", command, "--help"], env={"COLUMNS": "200"}).output
    assert f"Example: subgoal corpus {command}" in shown
    if command in ("collect", "annotate"):
        assert "[ray]" in shown
    if command == "stats":
        assert "REPO[@REV]" in shown


def test_the_tasks_are_listed() -> None:
    shown = CliRunner().invoke(app, ["corpus", "tasks"], env={"COLUMNS": "200"}).output
    assert "mendelian-genetics-unknown-plant" in shown
