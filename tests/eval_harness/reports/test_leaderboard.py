"""Runs of one protocol are ranked; runs of different rules are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.protocols.protocol import load_protocol
from eval_harness.reports.leaderboard import HEADS, Leaderboard, kind_of, leaderboard, size_text
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult

MakeRun = Callable[..., Path]
PAIR = {
    "controller": {"id": "ns/c", "revision": "0123456789abcdef", "parameters": 1_150_000},
    "executor": {"id": "ns/e", "revision": "sha256:0123456789abcdef", "parameters": 1_150_000},
}
ADAPTER = {"flat": {"id": "ns/<lora>", "revision": "f" * 40, "parameters": 7_615_000_000, "kind": "adapter"}}
SERVED = {"llm": {"id": "gpt", "kind": "served"}}


@pytest.fixture
def board(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> Leaderboard:
    lost = [replace(episode, score=0, tokens_read=90, llm_prompt_tokens=10) for episode in recorded_episodes]
    best = [replace(episode, score=100) for episode in recorded_episodes]
    later = [replace(episode, variation=episode.variation + 1, score=50) for episode in recorded_episodes]
    versions = {"subgoal-distillation": "0.1.0"}
    folders = [
        make_run("adapter", lost, agent="flat", models=ADAPTER, hardware={"gpu": "H200"}),
        make_run("expert", best, agent="expert", models={}, versions=versions),
        make_run("pair", [*recorded_episodes, *later], models=PAIR),
        make_run("react", lost, agent="react", models=SERVED),
    ]
    return leaderboard([read_played(folder) for folder in folders])


def test_the_best_run_comes_first(board: Leaderboard) -> None:
    assert [row.agent for row in board.rows] == ["expert", "hierarchical", "flat", "react"]
    assert [row.kind for row in board.rows] == ["program", "seq2seq", "adapter", "served"]
    assert [row.parameters for row in board.rows] == [None, 2_300_000, 7_615_000_000, None]
    expert, pair, adapter, _ = board.rows
    assert (expert.score, expert.solved, expert.models, expert.package) == (100, 100, "", "0.1.0")
    assert (pair.models, pair.revision) == (
        "controller ns/c, executor ns/e",
        "0123456789ab, sha256:0123456789ab",
    )
    assert pair.score_low is not None
    assert pair.score_high is not None
    assert 0 < pair.score_low < pair.score < pair.score_high < 100
    assert pair.seconds_per_episode == 90 / 16
    assert (adapter.tokens_per_episode, adapter.hardware) == (100, "H200")


def test_markdown_has_a_row_per_run(board: Leaderboard) -> None:
    title, _, head, rule, *lines = board.table().markdown().splitlines()
    paper = load_protocol("paper")
    assert title == f"## ScienceWorld, protocol paper ({paper.hash})"
    assert head == f"| {' | '.join(HEADS)} |"
    assert rule.count("|") == len(HEADS) + 1
    assert lines[0].startswith("| expert | - | - | program | 100.0 |")
    assert lines[2].startswith("| flat | flat ns/<lora> | 7.62B | adapter | 0.0 |")


def test_protocols_are_not_mixed(make_run: MakeRun) -> None:
    mini = load_protocol("mini")
    other = {"protocol": {"name": "mini", "hash": mini.hash}, "rules": mini.model_dump(mode="json")}
    runs = [read_played(make_run("a")), read_played(make_run("b", **other))]
    with pytest.raises(UsageError, match=r"a played paper \(\w+\), .*b mini \(\w+\)\. Give runs of one"):
        leaderboard(runs)


@pytest.mark.parametrize("changes", [{"name": "mine"}, {"name": "mine", "hash": "of an earlier release"}])
def test_the_same_rules_under_another_name_are_not_refused(
    make_run: MakeRun, changes: dict[str, Any]
) -> None:
    paper = load_protocol("paper")
    runs = [
        read_played(make_run("a")),
        read_played(make_run("b", protocol={"name": "paper", "hash": paper.hash} | changes)),
    ]
    assert not any("NOT COMPARABLE" in note for note in leaderboard(runs).notes)


def test_a_run_without_scores_is_refused(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    failed = [replace(episode, score=None, error="x") for episode in recorded_episodes]
    for episodes in ([], failed):
        with pytest.raises(UsageError, match=r"empty has no scored episode: play it"):
            leaderboard([read_played(make_run("empty", episodes))])
        (make_run("empty") / "episodes.jsonl").unlink()


def test_other_episodes_and_unfinished_runs_are_noted(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    runs = [read_played(make_run("a")), read_played(make_run("b", recorded_episodes[:3], complete=False))]
    notes = " ".join(leaderboard(runs).notes)
    assert "The runs played different episodes." in notes
    assert "Not finished: hierarchical b." in notes


def test_sizes_and_kinds() -> None:
    assert [size_text(n) for n in (1_147_904, 134_515_008, 7_615_616_512)] == ["1.15M", "135M", "7.62B"]
    assert [kind_of(model) for model in ({"parameters": 3}, {"id": "gpt"}, {"kind": "causal"})] == [
        "seq2seq",
        "served",
        "causal",
    ]
