"""A question, its record, and files of questions."""

from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.question import Question, read_questions, write_questions


def _question(**changes: Any) -> Question:
    values: dict[str, Any] = {
        "id": "open/two_hop/test/00000",
        "question": "What is the currency of the country whose capital is Quito?",
        "answer": "Dollar",
        "kind": "facts",
        "set": "open",
        "family": "two_hop",
        "split": "test",
        "in_domain": True,
        "passages": ("city/3652462", "country/EC"),
        "metadata": {"hops": [{"field": "country"}, {"field": "currency"}]},
        "source": "synthetic",
    }
    return Question(**values | changes)


def test_a_file_of_questions_is_read_as_it_was_written(tmp_path: Path) -> None:
    questions = [
        _question(),
        _question(id="open/two_hop/test/00001", question="Où\u2028est-ce ?", passages=()),
    ]
    write_questions(tmp_path / "new" / "questions.jsonl", questions)
    assert list(read_questions(tmp_path / "new" / "questions.jsonl")) == questions


@pytest.mark.parametrize("changes", [{"answer": " "}, {"question": ""}, {"kind": "law"}, {"split": "dev"}])
def test_a_question_without_an_answer_or_of_an_unknown_kind_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"open/two_hop/test/00000"):
        _question(**changes)


def test_a_record_may_omit_what_is_optional() -> None:
    record = {
        name: value for name, value in _question().to_record().items() if name not in ("metadata", "source")
    }
    assert Question.from_record(record | {"added_later": 1}) == _question(metadata={}, source="")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "a"}', "3"])
def test_a_line_that_is_not_a_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1 is not a question"):
        list(read_questions(path))


def test_a_missing_file_is_named_with_the_command_that_builds_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="subgoal tools questions build"):
        list(read_questions(tmp_path / "questions.jsonl"))
