"""Runs with token counts, a ledger of annotations, and the command that compares them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataset_builder.common.jsonl_store import JsonlStore
from eval_harness.cost.costs import (
    Annotation,
    Prices,
    Tokens,
)
from eval_harness.results.records import EpisodeResult
from subgoal.cli import app

MakeRun = Callable[..., Path]


PRICES = Prices.model_validate({"models": {"m": {"prompt": 1.0, "completion": 10.0}}})
PAID = Annotation(3, {"m": Tokens(90_000, 10_000)}, 0)


def with_tokens(episodes: Sequence[EpisodeResult], tokens: Sequence[int]) -> list[EpisodeResult]:
    """Episodes that took these tokens in turn, a tenth of them written."""
    return [
        replace(
            episode,
            llm_calls=2,
            llm_prompt_tokens=tokens[place % len(tokens)] * 9 // 10,
            llm_completion_tokens=tokens[place % len(tokens)] // 10,
        )
        for place, episode in enumerate(episodes)
    ]


@pytest.fixture
def runs(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> tuple[Path, Path]:
    """A pair's run, and one of `react` with 1,000 tokens in each episode."""
    react = with_tokens(recorded_episodes, [1000])
    return make_run("pair"), make_run("react", react, agent="react", models={"llm": {"id": "m"}})


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A corpus folder whose annotations took a million tokens."""
    record = {"annotator": "llm-m", "prompt_tokens": 900_000, "completion_tokens": 100_000}
    JsonlStore(tmp_path / "corpus" / "completions.jsonl").append(("d",), record)
    return tmp_path / "corpus"


def invoke(ledger: Path, pair: Path, *llm_runs: Path, **options: Any) -> str:
    """What `subgoal eval cost` prints, 80 columns wide as in a pipe."""
    command = ["eval", "cost", "--annotation", ledger, "--run", pair]
    for folder in llm_runs:
        command += ["--llm-run", folder]
    for name, value in options.items():
        command += [f"--{name}", value]
    result = CliRunner().invoke(app, list(map(str, command)), env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result.output
