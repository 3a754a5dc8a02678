"""`subgoal tools questions`."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataset_builder.tool_agents.questions.question import read_questions
from dataset_builder.tool_agents.retrieval.passages import load_passages
from subgoal.cli import app


def test_the_families_are_listed() -> None:
    shown = CliRunner().invoke(app, ["tools", "questions", "list"], env={"COLUMNS": "200"}).output
    for words in ("gcd", "count_bits", "three_hop", "synthetic"):
        assert words in shown


def test_a_question_set_is_built_in_a_folder(tmp_path: Path) -> None:
    out = tmp_path / "questions"
    sizes = ["--train", "22", "--validation", "0", "--test", "0", "--out-of-domain", "6"]
    shown = CliRunner().invoke(app, ["tools", "questions", "build", "--out", str(out), *sizes])
    assert shown.exit_code == 0, shown.output
    assert "28 questions" in shown.output
    questions = list(read_questions(out / "questions.jsonl"))
    assert len(questions) == 28
    ids = {passage.id for passage in load_passages(str(out))}
    assert all(set(question.passages) <= ids for question in questions)


def test_another_question_set_in_the_folder_is_kept(tmp_path: Path) -> None:
    command = ["tools", "questions", "build", "--out", str(tmp_path), "--validation", "0", "--test", "0"]
    command += ["--out-of-domain", "0", "--train"]
    for size, status in (("12", 0), ("12", 0), ("13", 2)):
        shown = CliRunner().invoke(app, [*command, size])
        assert shown.exit_code == status, shown.output
    assert "holds other questions: name another folder" in shown.output
    assert len(list(read_questions(tmp_path / "questions.jsonl"))) == 12


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")
def test_a_folder_that_cannot_be_made_is_one_line() -> None:
    out = "/proc/questions"
    done = subprocess.run(
        [sys.executable, "-m", "subgoal", "tools", "questions", "build", "--out", out, "--train", "12"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"Cannot write to the folder {out} (No such file or directory): use another --out" in done.stderr


def test_the_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    shown = CliRunner().invoke(app, ["tools", "questions", "build", "--out", str(tmp_path)])
    assert shown.exit_code == 2
    assert "not the folder of a question set" in shown.output


@pytest.mark.parametrize("command", ["list", "build"])
def test_each_command_shows_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, ["tools", "questions", command, "--help"], env={"COLUMNS": "200"}).output
    assert f"Example: subgoal tools questions {command}" in shown
