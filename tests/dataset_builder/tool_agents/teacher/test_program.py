"""The program as teacher, from questions to kept trajectories."""

import json
from pathlib import Path

import pytest

from dataset_builder.tool_agents.trajectory import ToolTrajectory
from subgoal.cli import main


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as leaving:
        main(["tools", *arguments])
    return int(leaving.value.code or 0)


def test_the_open_set_is_solved_and_labelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions, out = str(tmp_path / "questions"), tmp_path / "out"
    sizes = ["--train", "30", "--validation", "4", "--test", "4", "--out-of-domain", "2"]
    assert _run("questions", "build", "--out", questions, *sizes) == 0
    assert _run("collect", questions, "--teacher", "program", "--out", str(out)) == 0
    assert "34 questions worked on by program, 34 of them now." in capsys.readouterr().out
    lines = (out / "trajectories.jsonl").read_text(encoding="utf-8").splitlines()
    trajectories = [ToolTrajectory.from_record(json.loads(line)) for line in lines]
    assert {trajectory.teacher for trajectory in trajectories} == {"program"}
    assert sum(trajectory.right for trajectory in trajectories) >= 30
    assert all(
        trajectory.steps[-1].code.count("final_answer") for trajectory in trajectories if trajectory.right
    )
    assert _run("collect", questions, "--teacher", "program", "--out", str(out)) == 0
    assert "0 of them now" in capsys.readouterr().out
