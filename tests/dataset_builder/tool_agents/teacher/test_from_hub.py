"""Published trajectories as records: rows as they are on the Hub, with their inconsistencies."""

import json
import os
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.teacher.from_hub import published_trajectories
from dataset_builder.tool_agents.trajectory import ToolTrajectory
from subgoal.cli import main
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


MESSAGES = [
    _message("system", "You are an expert assistant who can solve any task using code blobs."),
    _message("user", "New task:\nWhat is the area of Chad?"),
    _message(
        "assistant",
        'Thought: I search.\n\nCode:\n```py\nprint(web_search(query="area of Chad"))\n```<end_code>',
    ),
    _message("tool-call", "Calling tools:\n[{'id': 'call_2', 'type': 'function'}]"),
    _message(
        "tool-response",
        "Call id: call_2\nObservation:\nExecution logs:\nChad: 1,284,000 km²\n"
        "Last output from code snippet:\nNone",
    ),
    _message("assistant", "Thought: I divide.\nCode:\n```py\n1 / 0\n```<end_code>"),
    _message("tool-call", "Calling tools:\n[]"),
    _message(
        "tool-response",
        "Call id: call_3\nError:\nCode execution failed at line '1 / 0' due to: ZeroDivisionError: division "
        "by zero\nNow let's retry: take care not to repeat previous errors! If you have retried several "
        "times, try a completely different approach.\n",
    ),
    _message("assistant", "Thought: I answer.\nCode:\n```py\nfinal_answer('1,284,000')\n```<end_code>"),
    _message("tool-call", "Calling tools:\n[]"),
    _message("tool-response", "Call id: call_4\nObservation:\nExecution logs:\nLast output:\n1,284,000"),
]


def _row(**changes: Any) -> dict[str, Any]:
    row = {
        "model_id": "Qwen/Qwen2.5-32B-Instruct",
        "question": "What is the area of Chad?",
        "generated_answer": "1,284,000",
        "true_answer": "1,284,000",
        "log_data": {"messages": MESSAGES, "original_memory": {}, "metadata": {}},
        "cost": 0.0,
        "score": True,
        "explanation": None,
    }
    return row | changes


def _write(folder: Path, *rows: dict[str, Any]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder)


def _read(folder: Path, *rows: dict[str, Any]) -> list[tuple[Question, ToolTrajectory]]:
    return list(published_trajectories(_write(folder, *rows)))


def test_the_steps_of_an_agent(tmp_path: Path) -> None:
    ((question, trajectory),) = _read(tmp_path / "set", _row())
    assert (question.id, question.kind, question.answer) == ("set/00000", "maths", "1,284,000")
    assert (question.split, question.in_domain) == ("train", True)
    assert (trajectory.teacher, trajectory.right) == ("Qwen/Qwen2.5-32B-Instruct", True)
    error = "Code execution failed at line '1 / 0' due to: ZeroDivisionError: division by zero"
    assert trajectory.steps == (
        ToolStep("I search.", 'print(search(query="area of Chad"))', "Chad: 1,284,000 km²"),
        ToolStep("I divide.", "1 / 0", f"Error: {error}", learn=False),
        ToolStep("I answer.", "final_answer('1,284,000')"),
    )


def test_logs_and_scores_of_any_type(tmp_path: Path) -> None:
    log = {"messages": MESSAGES}
    pairs = _read(
        tmp_path / "set",
        _row(score=1, log_data=json.dumps(log)),
        _row(score="1.0", log_data=json.dumps({"messages": json.dumps(MESSAGES)})),
        _row(score="", log_data=MESSAGES),  # blank: scored here
        _row(score=None, generated_answer=1284000.0, true_answer=1284000),
        _row(score="True"),
    )
    assert [trajectory.right for _, trajectory in pairs] == [True] * 5
    assert pairs[3][1].answer == "1284000"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score": 0}, "wrong answer"),
        ({"score": "", "generated_answer": "Peru"}, "wrong answer"),
        ({"score": None, "generated_answer": None}, "wrong answer"),
        ({"log_data": "{broken"}, "unreadable log"),
        ({"log_data": None}, "unreadable log"),
        ({"log_data": {"messages": MESSAGES[:8]}}, "no final answer"),
        ({"log_data": {"messages": [*MESSAGES, _message("assistant", "Bye.")]}}, "an answer without code"),
    ],
)
def test_what_is_not_kept_has_a_reason(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    ((_, trajectory),) = _read(tmp_path / "set", _row(**changes))
    assert (trajectory.right, trajectory.reason) == (False, reason)


def test_a_chain_of_thought_is_kept_as_such(tmp_path: Path) -> None:
    log = {"messages": [*MESSAGES[:2], _message("assistant", "It is large.\n\nThe answer is 1,284,000.")]}
    ((_, trajectory),) = _read(tmp_path / "set", _row(log_data=log))
    assert (trajectory.steps, trajectory.reason) == ((), "chain of thought only")
    assert trajectory.cot == "It is large.\n\nThe answer is 1,284,000."


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("42", "maths"), (r"\frac{1}{2}", "maths"), ("x = 3", "maths"), ("Ada Lovelace", "facts")],
)
def test_the_kind_of_a_question_is_that_of_its_answer(answer: str, kind: str, tmp_path: Path) -> None:
    ((question, _),) = _read(tmp_path / "set", _row(true_answer=answer))
    assert question.kind == kind


def test_line_separators_of_unicode_are_part_of_a_row(tmp_path: Path) -> None:
    row = _row(question="What is 7 times\u2028 8?")
    (tmp_path / "train.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    ((question, _),) = published_trajectories(str(tmp_path))
    assert question.question == row["question"]


def test_a_parquet_table(tmp_path: Path) -> None:
    rows = [_row(log_data=json.dumps({"messages": MESSAGES}), score="1")]
    datasets.Dataset.from_list(rows).to_parquet(tmp_path / "set" / "train.parquet")
    ((_, trajectory),) = published_trajectories(str(tmp_path / "set"))
    assert trajectory.right


def test_a_set_of_another_form_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no rows with question, true_answer and log_data"):
        _read(tmp_path / "set", {"text": "a"}, _row(question=""), _row(true_answer=None))
    with pytest.raises(UsageError, match="There is no dataset folder"):
        list(published_trajectories(str(tmp_path / "a" / "b" / "gone")))


def test_the_command_writes_questions_and_trajectories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    source, out = _write(tmp_path / "set", _row(), _row(score=0)), tmp_path / "out"
    for _ in range(2):
        with pytest.raises(SystemExit) as leaving:
            main(["tools", "collect", "--from-hub", source, "--out", str(out)])
        assert not leaving.value.code
        shown = capsys.readouterr().out
        assert "wrong answer (1)" in shown
        assert "2 questions and their trajectories in" in shown
    assert len((out / "trajectories.jsonl").read_text().splitlines()) == 2
    assert len((out / "questions.jsonl").read_text().splitlines()) == 2


READ = """
import sys
from huggingface_hub import HfApi
HfApi().create_repo("tester/trajectories", repo_type="dataset")
HfApi().upload_folder(repo_id="tester/trajectories", folder_path=sys.argv[1], repo_type="dataset")
from dataset_builder.common.errors import SubgoalError
from dataset_builder.tool_agents.teacher.from_hub import published_trajectories
for question, trajectory in published_trajectories("tester/trajectories"):
    print(question.id, trajectory.right)
try:
    list(published_trajectories("tester/nothing"))
except SubgoalError as error:
    print(error)
"""

# The Hub is not running.
UNREACHABLE = """
from dataset_builder.common.errors import SubgoalError
from dataset_builder.tool_agents.teacher.from_hub import published_trajectories
try:
    list(published_trajectories("tester/trajectories"))
except SubgoalError as error:
    print(error)
"""


def test_a_set_is_read_from_the_hub(tmp_path: Path) -> None:
    source = _write(tmp_path / "set", _row(score=1), _row(score=True, generated_answer=1284000))
    with LocalHub() as hub:
        done = run_warm("-c", READ, source, env=os.environ | hub.environment(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    first, second, error = done.stdout.splitlines()[-3:]
    assert (first, second) == ("tester/trajectories/00000 True", "tester/trajectories/00001 True")
    assert error.startswith("No dataset tester/nothing on the Hub")


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    with LocalHub() as hub:
        environment = os.environ | hub.environment(tmp_path / "home") | {"HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    offline = environment | {"HF_HUB_OFFLINE": "1"}
    done = run_warm("-c", UNREACHABLE, env=offline)
    assert done.returncode == 0, done.stderr
    assert "tester/trajectories" in done.stdout
