"""The records of a run over questions, written and read back."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from eval_harness.tool_agents.records import (
    ANSWERS_FILE,
    RUN_FILE,
    QuestionResult,
    StepRecord,
    ToolRun,
    read_run,
)

SETTINGS = {"model": {"id": "ns/agent"}, "mode": "agent", "samples": 0, "questions": "sha256:set"}
STEPS = (
    StepRecord("Search.", "print(search('Chad'))", "[1] Chad", candidates=3, unparsed=1, votes=2),
    StepRecord("Read.", "final_answer(5)", "", answer="5"),
)


def _result(identity: str) -> QuestionResult:
    return QuestionResult(
        identity, "sums", "maths", True, "What is 2 + 3?", "5", "5", True, 1.0, 1.0, STEPS, read=70, written=9
    )


def write_tool_run(folder: Path, results: Sequence[QuestionResult], **changes: Any) -> Path:
    """A run as `run_questions` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "questions": [result.id for result in results],
        "settings": SETTINGS,
        "seconds": 3,
        "cpu_seconds": 2.5,
    }
    (folder / RUN_FILE).write_text(json.dumps(record | changes))
    store = JsonlStore(folder / ANSWERS_FILE)
    for result in results:
        store.append((result.id,), result.to_record())
    return folder


def test_a_result_is_read_back_as_it_was_written() -> None:
    result = _result("a")
    assert QuestionResult.from_record(json.loads(json.dumps(result.to_record()))) == result


def test_keys_of_a_later_version_are_ignored_and_those_of_an_earlier_one_have_defaults() -> None:
    record = _result("a").to_record()
    assert QuestionResult.from_record(record | {"colour": "red"}) == _result("a")
    del record["shortened"], record["text"]
    assert QuestionResult.from_record(record) == _result("a")


def test_results_are_in_the_order_of_the_questions(tmp_path: Path) -> None:
    folder = write_tool_run(tmp_path, [_result(name) for name in "bca"], questions=["a", "b", "c", "d"])
    run = read_run(str(folder))
    assert list(run.results) == ["a", "b", "c"]
    assert (run.expected, run.complete) == (("a", "b", "c", "d"), False)
    assert (run.seconds, run.cpu_seconds) == (3.0, 2.5)
    assert run.results["b"].steps == STEPS


def test_answers_to_other_questions_do_not_count(tmp_path: Path) -> None:
    run = read_run(write_tool_run(tmp_path, [_result("a"), _result("z")], questions=["a"]))
    assert (list(run.results), run.complete) == (["a"], True)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"model": {"id": "ns/agent"}, "mode": "agent", "samples": 0}, "agent (agent)"),
        ({"model": {"id": "runs/cot/"}, "mode": "cot", "samples": 8}, "cot (cot, votes of 8)"),
        ({"model": {"id": "openai:gpt"}, "mode": "cot-rag", "samples": 0}, "openai:gpt (cot-rag)"),
    ],
)
def test_a_run_is_named_by_model_and_mode(settings: Mapping[str, Any], name: str) -> None:
    assert ToolRun(Path("runs/x"), settings, {}).name == name


def test_a_folder_without_a_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"holds no run over questions: name the --out of `subgoal eval tools`"
    ):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"questions": ["a"]}',
        '{"questions": 3, "settings": {}, "seconds": 1, "cpu_seconds": 1}',
    ],
)
def test_a_damaged_run_is_one_line_with_a_remedy(text: str, tmp_path: Path) -> None:
    (write_tool_run(tmp_path, [_result("a")]) / RUN_FILE).write_text(text)
    with pytest.raises(UsageError, match=r"holds a damaged run \(.*\): play into another --out\.$") as error:
        read_run(tmp_path)
    assert "\n" not in str(error.value)


def test_an_answer_that_is_none_of_this_run_is_named_as_damage(tmp_path: Path) -> None:
    folder = write_tool_run(tmp_path, [_result("a")])
    JsonlStore(folder / ANSWERS_FILE).append(("a",), {"id": "a"})
    with pytest.raises(UsageError, match="holds a damaged run"):
        read_run(folder)
