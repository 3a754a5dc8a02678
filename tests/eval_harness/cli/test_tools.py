"""`subgoal eval tools` and `tools-report`: what the options mean."""

from pathlib import Path
from typing import Any

import pytest

from eval_harness.tool_agents.playing import PlaySettings
from modeling.inference.search import Search
from subgoal.cli import main
from tests.eval_harness.tool_agents.test_records import QuestionResult, write_tool_run


def _status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["eval", *arguments])
    return int(ended.value.code or 0)


def _result(identity: str, right: bool) -> QuestionResult:
    score = float(right)
    return QuestionResult(
        identity, "sums", "maths", True, "What is 2 + 3?", "5", "5", right, score, score, text="It is 5."
    )


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Two runs over the same four questions, with one and three right answers."""
    return [
        str(write_tool_run(tmp_path / name, [_result(str(n), n < right) for n in range(4)]))
        for name, right in (("one", 1), ("three", 3))
    ]


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ([], "model"),
        (["--model", "m", "--out", "o"], "questions"),
        (["--model", "m", "--questions", "q"], "out"),
    ],
)
def test_a_missing_option_is_named(
    arguments: list[str], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _status("tools", *arguments) == 2
    assert f"No {missing}: add --{missing}." in capsys.readouterr().err


def test_options_reach_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(
        "eval_harness.tool_agents.command.play_and_report",
        lambda *args, **options: calls.append((args, options)),
    )
    sampling = ["--samples", "8", "--temperature", "0.7", "--top-p", "0.9", "--seed", "3"]
    sizes = ["--max-steps", "4", "--batch-size", "2", "--max-new-tokens", "99", "--max-questions", "7"]
    command = ["tools", "--model", "m", "--questions", "q", "--out", str(tmp_path), "--mode", "cot-rag"]
    assert _status(*command, *sampling, *sizes, "--families", "gcd", "--judge", "j", "--wait") == 0
    ((args, options),) = calls
    search = Search(samples=8, temperature=0.7, top_p=0.9)
    assert args == ("m", "q", tmp_path, PlaySettings("cot-rag", search, 4, 2, 3))
    assert (options["max_new_tokens"], options["max_questions"], options["families"]) == (99, 7, "gcd")
    assert (options["judge"], options["wait"], options["split"]) == ("j", True, "test")


def test_runs_are_compared_on_the_console_and_in_markdown(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.md"
    assert _status("tools-report", *runs, "--names", "small, large", "--markdown", str(file)) == 0
    shown, text = capsys.readouterr().out, file.read_text()
    for words in ("small", "large", "25.0", "75.0", "large minus small", "+50.0"):
        assert words in shown
        assert words in text


def test_runs_joined_by_a_comma_are_one_column(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("tools-report", ",".join(runs)) == 0
    assert "50.0" in capsys.readouterr().out


def test_each_column_needs_a_name(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("tools-report", *runs, "--names", "small") == 2
    assert "--names has 1 names for 2 columns." in capsys.readouterr().err


def test_a_column_without_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("tools-report", ",") == 2
    assert "A column names no run" in capsys.readouterr().err
