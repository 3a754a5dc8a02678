"""`subgoal corpus`: help texts and wrong usage."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from dataset_builder.cli import app as corpus
from dataset_builder.trajectories.corpus import trajectory_store
from subgoal.cli import app


@pytest.mark.parametrize(
    "command",
    [command.name or command.callback.__name__ for command in corpus.registered_commands if command.callback],
)
def test_each_command_shows_an_example_and_keeps_its_brackets(command: str) -> None:
    shown = CliRunner().invoke(app, ["corpus", command, "--help"], env={"COLUMNS": "200"}).output
    assert f"Example: subgoal corpus {command}" in shown
    if command in ("collect", "annotate"):
        assert "[ray]" in shown
    if command in ("import", "stats"):
        assert "REPO[@REV]" in shown


def test_the_tasks_are_listed() -> None:
    shown = CliRunner().invoke(app, ["corpus", "tasks"], env={"COLUMNS": "200"}).output
    assert "mendelian-genetics-unknown-plant" in shown


def test_collecting_nothing_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = SimpleNamespace(
        verified=Counter(), given_up=Counter({"boil": 2}), why={"boil": Counter({"the solver failed": 2})}
    )
    monkeypatch.setattr("dataset_builder.expert.collect.collect", lambda *_, **__: report)
    shown = CliRunner().invoke(app, ["corpus", "collect", "--tasks", "boil", "--out", str(tmp_path)])
    assert shown.exit_code == 1
    assert "No variation has a verified path" in shown.output
    report.verified["boil"] = 1
    shown = CliRunner().invoke(app, ["corpus", "collect", "--tasks", "boil", "--out", str(tmp_path)])
    assert shown.exit_code == 0


def test_java_that_cannot_start_ends_collecting_and_records_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_JAVA_OPTIONS", "-XX:+UseG1GC")
    shown = CliRunner().invoke(app, ["corpus", "collect", "--tasks", "find-plant", "--out", str(tmp_path)])
    assert shown.exit_code == 1
    assert "Multiple garbage collectors selected" in shown.output
    assert not trajectory_store(tmp_path).keys()
