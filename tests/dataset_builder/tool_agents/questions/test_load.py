"""Questions by a name."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.load import load_questions
from dataset_builder.tool_agents.questions.question import QUESTIONS, Question, write_questions

QUESTION_SET = [
    Question(f"q/{number}", f"{number}?", "1", "maths", "q", "sums", split, True, metadata={"match": "text"})
    for number, split in enumerate(["train", "train", "validation", "test"])
]


def test_a_file_and_its_folder_with_splits_and_a_limit(tmp_path: Path) -> None:
    write_questions(tmp_path / QUESTIONS, QUESTION_SET)
    assert load_questions(str(tmp_path)) == load_questions(str(tmp_path / QUESTIONS)) == QUESTION_SET
    assert load_questions(str(tmp_path), "train, validation") == QUESTION_SET[:3]
    assert load_questions(str(tmp_path), "train", 1) == QUESTION_SET[:1]


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    datasets.Dataset.from_list(rows).to_parquet(folder / "all.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: questions\n  data_files:\n"
        "  - split: train\n    path: all.parquet\n---\n"
    )


def test_a_dataset_folder_with_metadata_as_json(tmp_path: Path) -> None:
    rows = [question.to_record() for question in QUESTION_SET]
    rows = [row | {"metadata": json.dumps(row["metadata"])} for row in rows]
    _write(tmp_path, rows)
    assert load_questions(str(tmp_path)) == QUESTION_SET
    for row in rows:
        del row["split"]  # then it is that of the table
    _write(tmp_path, rows)
    assert {question.split for question in load_questions(str(tmp_path))} == {"train"}


def test_a_dataset_of_something_else_is_one_line(tmp_path: Path) -> None:
    _write(tmp_path, [{"text": "a"}])
    with pytest.raises(UsageError, match="does not hold questions"):
        load_questions(str(tmp_path))


def test_a_set_without_questions_of_the_split_is_one_line(tmp_path: Path) -> None:
    write_questions(tmp_path / QUESTIONS, QUESTION_SET[:2])
    with pytest.raises(UsageError, match="has no questions of test: name another"):
        load_questions(str(tmp_path), "test")
    with pytest.raises(UsageError, match="bamboogle has no questions of train"):
        load_questions("bamboogle", "train")


def test_families_are_selected_before_the_first_questions(tmp_path: Path) -> None:
    write_questions(tmp_path / QUESTIONS, QUESTION_SET)
    listed = load_questions(str(tmp_path))
    family = listed[-1].family
    selected = load_questions(str(tmp_path), limit=1, families=f" {family}, ")
    assert selected == [next(question for question in listed if question.family == family)]
    with pytest.raises(UsageError, match=f"--families spelling: .* has .*{family}"):
        load_questions(str(tmp_path), families=f"{family},spelling")
    with pytest.raises(UsageError, match="--families"):
        load_questions(str(tmp_path), families="")
