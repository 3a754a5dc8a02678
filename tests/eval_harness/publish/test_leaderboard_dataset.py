"""The leaderboard as a dataset: in a folder, and pushed by the command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import load_dataset
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from eval_harness.cli.main import app
from eval_harness.publish.leaderboard_dataset import _COLUMNS, write_leaderboard
from eval_harness.reports.leaderboard import LeaderboardRow, leaderboard
from eval_harness.results.played_run import read_played
from tests.modeling.checkpoints.test_publish import COMMANDS
from tests.servers.hub_api import TOKEN
from tests.servers.local_hub import LocalHub

ROOT = Path(__file__).parents[3]


def test_the_columns_are_the_fields_of_a_row() -> None:
    assert list(_COLUMNS) == list(LeaderboardRow.__annotations__)


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
    assert rows.column_names == list(_COLUMNS)
    assert rows["agent"] == ["hierarchical", "react"]
    assert rows["parameters"] == [1_135_616, None]
    card = (folder / "README.md").read_text()
    assert f'load_dataset("{folder}", split="train")' in card
    assert "| hierarchical | controller c |" in card


def test_a_folder_of_something_else_is_not_overwritten(make_run: Callable[..., Path], tmp_path: Path) -> None:
    board = leaderboard([read_played(make_run("pair"))])
    with pytest.raises(UsageError, match="exists and is not a leaderboard"):
        write_leaderboard(board, tmp_path / "pair")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--private"], "--private needs --push"),
        (["--push", "nowhere"], "nowhere"),
    ],
)
def test_wrong_options_are_refused(make_run: Callable[..., Path], options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["leaderboard", str(make_run("pair")), *options])
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


def test_the_leaderboard_is_pushed_and_loads_from_the_hub(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    push = ["eval", "leaderboard", str(make_run("pair")), "--push", "tester/board"]
    load = "from datasets import load_dataset\n"
    load += "print(json.dumps(load_dataset('tester/board', split='train')[0]))\n"
    with LocalHub() as hub:
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS + load, json.dumps([(TOKEN, push), (TOKEN, push)])],
            cwd=ROOT,
            env=os.environ | hub.environment(tmp_path / "home") | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        first, second, row = map(json.loads, done.stdout.splitlines())
        assert first[0] == second[0] == 0, (first, second)
        assert "Pushed: " in first[2]
        assert "Nothing has changed: " in second[2]
        assert row["kind"] == "seq2seq"
        assert 'load_dataset("tester/board"' in hub.files("tester/board")["README.md"].decode()
