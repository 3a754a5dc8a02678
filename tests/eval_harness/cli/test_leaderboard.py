"""`subgoal eval leaderboard`: Markdown, a page and a dataset folder of the same runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import load_dataset
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from eval_harness.cli.main import app
from eval_harness.protocols.protocol import load_protocol
from eval_harness.reports.leaderboard import LeaderboardRow


def test_the_command_prints_markdown_and_writes_a_page_and_a_dataset(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    runs = [make_run("pair"), make_run("react", agent="react", models={"llm": {"id": "m", "kind": "served"}})]
    page, folder = tmp_path / "board.html", tmp_path / "board"
    arguments = ["leaderboard", *map(str, runs), "--html", str(page), "--out", str(folder)]
    for _ in range(2):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    assert result.stdout.startswith("## ScienceWorld, protocol paper")
    assert "| react | llm m | - | served |" in result.stdout
    assert page.read_text().startswith("<!doctype html>")
    rows = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows.column_names == list(LeaderboardRow.__annotations__)
    assert rows["agent"] == ["hierarchical", "react"]
    assert rows["parameters"] == [1_135_616, None]
    card = (folder / "README.md").read_text()
    assert f'load_dataset("{folder}", split="train")' in card
    assert "| hierarchical | controller c |" in card


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--private"], "--private needs --push"),
        (["--push", "nowhere"], "nowhere"),
        (["missing"], "missing"),
    ],
)
def test_wrong_options_are_refused(make_run: Callable[..., Path], options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["leaderboard", str(make_run("pair")), *options])
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


def test_nothing_is_written_when_protocols_differ(make_run: Callable[..., Path], tmp_path: Path) -> None:
    mini = load_protocol("mini").model_copy(update={"step_limit": 7})
    rules = {"protocol": {"name": "mine", "hash": mini.hash}, "rules": mini.model_dump(mode="json")}
    runs = [str(make_run("a")), str(make_run("b", **rules))]
    folder = tmp_path / "board"
    result = CliRunner().invoke(app, ["leaderboard", *runs, "--out", str(folder)])
    assert isinstance(result.exception, UsageError)
    assert "The protocols differ" in str(result.exception)
    assert not folder.exists()
