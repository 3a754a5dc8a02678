"""The quickstart, smaller than small: every stage for real, once, and nothing twice."""

import re
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from datasets import load_dataset
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from dataset_builder.simulator.tasks import select_tasks
from dataset_builder.trajectories.model_input import ROLES
from eval_harness import load_run
from subgoal import quickstart
from subgoal.cli import main

TASK = "lifespan-longest-lived"


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


_ONE_AT_A_TIME = threading.Lock()


def run_here(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` in this process: another one would load torch."""
    with _ONE_AT_A_TIME, pytest.raises(SystemExit) as ended:
        main(command[command.index("subgoal.child") + 2 :])
    return subprocess.CompletedProcess(command, int(ended.value.code or 0), "", "")


def run_the_first_role_alone(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Train one role in a process of its own, as the quickstart does, and the others here."""
    return subprocess.run(command, **options) if ROLES[0] in command else run_here(command)


@pytest.mark.timeout(900)
def test_quickstart_goes_through_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: few-steps\nthreads: 1\nmax_steps: 4\nbatch_size: 8\n"
        "evaluate_every: 4\nexact_match_examples: 4\n"
        "architecture: {d_model: 32, d_ff: 32, heads: 2, encoder_layers: 1, decoder_layers: 1}\n"
    )
    monkeypatch.setattr(quickstart, "RECIPE", str(recipe))
    monkeypatch.setattr(quickstart, "TRAIN", 3)
    monkeypatch.setattr(quickstart, "VALIDATION", 1)
    monkeypatch.setattr(quickstart, "TEST", 1)
    out = tmp_path / "out"

    monkeypatch.setattr(quickstart, "subprocess", SimpleNamespace(run=run_the_first_role_alone))
    quickstart.quickstart_command(out, TASK, 0)
    printed = capsys.readouterr().out
    before = files(out)
    monkeypatch.setattr(quickstart, "subprocess", SimpleNamespace(run=run_here))
    quickstart.quickstart_command(out, TASK, 0)
    again = capsys.readouterr().out

    assert load_dataset(str(out / "dataset"), "executor")["train"].num_rows == 6
    for role in ("controller", "executor", "flat"):
        assert AutoModelForSeq2SeqLM.from_pretrained(out / role).config.subgoal_role == role
        assert AutoTokenizer.from_pretrained(out / role)("focus on")["input_ids"]
    results = {name: load_run(out / "runs" / name) for name in ("quickstart", "flat", "release")}
    assert results["release"].mean_score == 100
    assert all(result.complete and result.episodes == 1 for result in results.values())
    for text in (printed, again):
        # The released pair's is the last of three columns.
        assert re.search(r"mean over tasks\W+[\d.]+ \(1\)\W+[\d.]+ \(1\)\W+100\.0 \(1\)", text)
        assert "demonstration" in text
        assert str(out / "dataset") in text.replace("\n", "")
    unchanged = {path: time for path, time in files(out).items() if path.name != "results.json"}
    assert unchanged == {path: time for path, time in before.items() if path.name != "results.json"}


def test_without_the_repository_the_released_pair_does_not_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played: list[str] = []

    def run(agent: str, protocol: str, out: Path, **options: object) -> str:
        played.append(out.name)
        return agent

    monkeypatch.setattr(quickstart, "RELEASE", tmp_path / "none")
    monkeypatch.setattr("eval_harness.make_agent", lambda name, options: name)
    monkeypatch.setattr("eval_harness.run_protocol", run)
    monkeypatch.setattr("eval_harness.comparison_table", lambda results, **texts: " and ".join(results))
    quickstart._play(tmp_path, select_tasks(TASK), 0)
    assert played == ["quickstart", "flat"]
    printed = capsys.readouterr().out
    assert "hierarchical and flat" in printed
    assert "released pair is in the repository" in printed


def test_the_default_tasks_include_a_long_one() -> None:
    """More than 20 steps: only there does a plan show."""
    names = {task.name for task in select_tasks(quickstart.TASKS)}
    paths = load_dataset(str(quickstart.RELEASE / "dataset"), "trajectories", split="test")
    lengths = [len(row["action"]) for row in paths.select_columns(["task", "action"]) if row["task"] in names]
    assert max(lengths) > 20
