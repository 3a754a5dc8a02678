"""The leaderboard as a dataset folder, and on the Hub."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.publish.leaderboard_dataset import _COLUMNS, write_leaderboard
from eval_harness.reports.leaderboard import LeaderboardRow, leaderboard
from eval_harness.results.played_run import read_played
from tests.modeling.checkpoints.test_publish import COMMANDS
from tests.servers.hub_api import TOKEN
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm


def test_the_columns_are_the_fields_of_a_row() -> None:
    assert list(_COLUMNS) == list(LeaderboardRow.__annotations__)


def test_an_unchanged_leaderboard_is_the_same_folder(make_run: Callable[..., Path], tmp_path: Path) -> None:
    board = leaderboard([read_played(make_run("pair"))])
    folder = write_leaderboard(board, tmp_path / "board")
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_leaderboard(board, tmp_path / "board")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == first


def test_changed_rows_are_not_read_from_the_cache(make_run: Callable[..., Path], tmp_path: Path) -> None:
    from datasets import load_dataset

    runs = [read_played(make_run(name)) for name in ("a", "b")]
    for shown in (runs, runs[:1]):
        folder = write_leaderboard(leaderboard(shown), tmp_path / "board")
        rows = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
        assert len(rows) == len(shown)
    assert len(list(folder.rglob("*.parquet"))) == 1


def test_a_folder_of_something_else_is_not_overwritten(make_run: Callable[..., Path], tmp_path: Path) -> None:
    board = leaderboard([read_played(make_run("pair"))])
    with pytest.raises(UsageError, match="exists and is not a leaderboard"):
        write_leaderboard(board, tmp_path / "pair")


def test_the_leaderboard_is_pushed_and_loads_from_the_hub(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    push = ["eval", "leaderboard", str(make_run("pair")), "--push", "tester/board"]
    load = "from datasets import load_dataset\n"
    load += "print(json.dumps(load_dataset('tester/board', split='train')[0]))\n"
    with LocalHub() as hub:
        commands = json.dumps([(TOKEN, push), (TOKEN, push)])
        environment = os.environ | hub.environment(tmp_path / "home")
        done = run_warm("-c", COMMANDS + load, commands, env=environment)
        assert done.returncode == 0, done.stderr
        first, second, row = map(json.loads, done.stdout.splitlines())
        assert first[0] == second[0] == 0, (first, second)
        assert "Pushed: " in first[2]
        assert "Nothing has changed: " in second[2]
        assert row["kind"] == "seq2seq"
        assert 'load_dataset("tester/board"' in hub.files("tester/board")["README.md"].decode()
