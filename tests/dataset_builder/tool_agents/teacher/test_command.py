"""`subgoal tools collect` from end to end: what is shown, kept, and continued."""

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from subgoal.cli import main
from tests.dataset_builder.tool_agents.teacher.model import AREA, SUMS, Model, agent_step, question, write_set
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply


def _arguments(source: Path, out: Path, url: str, *options: str) -> list[str]:
    model = [] if "--teacher" in options else ["--teacher", "teacher"]
    server = ["--base-url", url, "--retries", "0"]
    return ["tools", "collect", str(source), "--out", str(out), *model, *server, *options]


def _run(
    capsys: pytest.CaptureFixture[str], source: Path, out: Path, url: str, *options: str
) -> tuple[int, str, str]:
    """Exit status, output and errors of the command."""
    with pytest.raises(SystemExit) as leaving:
        main(_arguments(source, out, url, *options))
    captured = capsys.readouterr()
    return int(leaving.value.code or 0), captured.out, captured.err


def _records(out: Path) -> dict[str, dict[str, Any]]:
    lines = (out / "trajectories.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["question"]: record for record in map(json.loads, lines)}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "150")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_set(tmp_path / "questions")


def test_a_whole_run_with_summary_and_cost(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(request: ChatRequest) -> str:
        wrong = "Thought: I guess.\n```python\nfinal_answer(0)\n```"
        return wrong if "What is 4 plus" in request.messages[1]["content"] else agent_step(request)

    out = tmp_path / "out"
    with OpenAIServer(Model(step)) as server:
        status, shown, _ = _run(capsys, source, out, server.base_url)
        again, more, _ = _run(capsys, source, out, server.base_url)
    assert (status, again) == (0, 0)
    assert "5 questions worked on by teacher, 5 of them now." in shown
    assert re.search(r"sums +│ +3 │ +1 │ +75% │ +1 │ +wrong answer \(1\)", shown)
    assert re.search(r"all +│ +4 │ +1 │ +80% │ +1 │ +wrong answer \(1\)", shown)
    assert re.search(r"sums +│ +8 │", shown)  # calls: a chain and a step each
    assert "11 calls and " in shown
    assert "tokens in all runs of llm-teacher-agent" in shown
    assert "5 questions worked on by teacher, 0 of them now." in more
    assert len(server.requests) == 11
    records = _records(out)
    assert records[AREA.id]["right"]
    assert records[AREA.id]["teacher"] == "teacher"
    assert (records[SUMS[3].id]["right"], records[SUMS[3].id]["reason"]) == (False, "wrong answer")


def test_first_thoughts_are_probed_once(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Model()
    with OpenAIServer(model) as server:
        status, _, _ = _run(capsys, source, tmp_path / "out", server.base_url, "--first-thought")
    assert status == 0
    assert max(model.asked.values()) == 1
    steps = _records(tmp_path / "out")[SUMS[0].id]["steps"]
    assert steps[0]["thought"] == "I look up both areas.I add."


def test_a_server_that_cannot_continue_is_one_line_before_the_first_question(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(Model(continues=False)) as server:
        status, _, error = _run(capsys, source, tmp_path / "out", server.base_url, "--first-thought")
    assert status == 2
    assert error.count("\n") == 1
    assert "omit --first-thought" in error
    assert len(server.requests) == 1


def test_the_budget_of_all_runs_ends_a_run_which_a_higher_one_continues(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = Model(), tmp_path / "out"
    with OpenAIServer(model) as server:
        options = ("--concurrency", "1", "--budget-tokens")
        status, shown, error = _run(capsys, source, out, server.base_url, *options, "6000")
        assert status == 1
        assert "raise --budget-tokens to continue" in error
        assert "calls and " in shown
        assert 0 < len(_records(out)) < 5
        assert _run(capsys, source, out, server.base_url, *options, "1000000")[0] == 0
    assert len(_records(out)) == 5
    assert max(model.asked.values()) == 1


def test_a_killed_run_continues_and_pays_nothing_twice(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = Model(), tmp_path / "out"

    def behave(request: ChatRequest) -> Reply:
        return replace(model(request), delay=60.0 if request.number == 7 else 0.0)

    with OpenAIServer(behave) as server:
        command = [sys.executable, "-m", "subgoal"]
        command += _arguments(source, out, server.base_url, "--concurrency", "1")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while len(server.requests) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = len(_records(out))
        assert 0 < kept < 5
        status, shown, _ = _run(capsys, source, out, server.base_url)
    assert status == 0
    assert f"{5 - kept} of them now" in shown
    # The one that was under way when the run was killed got no answer.
    assert sorted(model.asked.values()) == [1] * (len(model.asked) - 1) + [2]


def test_what_the_server_refuses_is_counted(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def behave(request: ChatRequest) -> Reply:
        if "What is 2 plus" in request.messages[1]["content"]:
            return Reply(status=400, error="This question is against our policy.")
        return Model()(request)

    with OpenAIServer(behave) as server:
        status, shown, _ = _run(capsys, source, tmp_path / "out", server.base_url)
    assert status == 0
    assert "refused by the server (1)" in shown


def test_a_judge_is_asked_about_facts_that_do_not_match(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_set(tmp_path / "questions", replace(AREA, answer="about 1.3 million"), *SUMS)

    def behave(request: ChatRequest) -> Reply:
        if "You compare an answer" in request.messages[0]["content"]:
            return Reply("CORRECT" if "1284000" in request.messages[1]["content"] else "Who can say?")
        return Model()(request)

    with OpenAIServer(behave) as server:
        status, shown, _ = _run(capsys, source, tmp_path / "out", server.base_url, "--judge", "teacher")
    assert status == 0
    assert _records(tmp_path / "out")[AREA.id]["right"]
    assert re.search(r"judge +│ +2 │", shown)  # the agent's answer and that of its chain of thought
    assert "1 answers are unjudged: teacher gave no verdict on them." in shown


def test_no_right_trajectory_is_an_error_with_its_reasons(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(Model(lambda request: "I do not know.")) as server:
        status, shown, error = _run(capsys, source, tmp_path / "out", server.base_url)
    assert status == 1
    assert "an answer without code (5)" in shown
    assert error == "error: teacher has no right trajectory: see the reasons above.\n"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--concurrency", "0"], "--concurrency 0: give 1 or more"),
        (["--max-steps", "0"], "--max-steps 0: give 1 or more"),
        (["--max-questions", "0"], "--max-questions 0: give 1 or more"),
        (["--budget-tokens", "0"], "--budget-tokens 0: give 1 or more"),
        (["--timeout", "0"], "--timeout 0: give a number of seconds above 0"),
        (["--teacher", ""], "Name the model of the teacher"),
        (["--split", "test"], "has no questions of test: name another set or split"),
        (["--split", "dev"], "--split dev: use train, validation, test"),
        (["--retriever", "./nowhere"], "There is no dataset folder ./nowhere"),
        (["--teacher", "program"], "is of the set 'test': the program teacher solves `open` only"),
        (["--from-hub", "tester/set"], "--from-hub reads finished trajectories: omit the questions"),
    ],
)
def test_wrong_usage_is_one_line(
    options: list[str], line: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, error = _run(capsys, source, tmp_path / "out", "http://127.0.0.1:9/v1", *options)
    assert status == 2
    assert line in error
    assert error.count("\n") == 1


def test_facts_without_passages_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_set(tmp_path / "questions", AREA)
    (source / "passages.jsonl").unlink()
    status, _, error = _run(capsys, source, tmp_path / "out", "http://127.0.0.1:9/v1")
    assert status == 2
    assert "has no passages for its questions of facts: name some with --retriever" in error


def test_a_changed_question_is_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write_set(tmp_path / "questions", SUMS[0]), tmp_path / "out"
    with OpenAIServer(Model()) as server:
        _run(capsys, source, out, server.base_url)
        (source / "questions.jsonl").unlink()
        write_set(source, question(1, "4", text="What is 2 plus 2?"))
        _, shown, _ = _run(capsys, source, out, server.base_url)
    assert "1 of them now" in shown
    assert _records(out)[SUMS[0].id]["answer"] == "4"
