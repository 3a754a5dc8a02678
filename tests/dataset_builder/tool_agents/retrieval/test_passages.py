"""Passages of files and datasets."""

from pathlib import Path

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.passages import load_passages, write_passages

PASSAGES = [Passage("1", "Chad", "Its capital is\u2028N'Djamena."), Passage("2", "Perú", "Lima")]


def test_a_file_and_its_folder(tmp_path: Path) -> None:
    write_passages(tmp_path / "passages.jsonl", PASSAGES)
    assert load_passages(str(tmp_path / "passages.jsonl")) == load_passages(str(tmp_path)) == PASSAGES


def _dataset(folder: Path, rows: list[dict[str, str]]) -> str:
    folder.mkdir()
    datasets.Dataset.from_list(rows).to_parquet(folder / "all.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: passages\n  data_files:\n"
        "  - split: train\n    path: all.parquet\n---\n"
    )
    return str(folder)


def test_a_dataset_folder(tmp_path: Path) -> None:
    rows = [{"id": passage.id, "title": passage.title, "text": passage.text} for passage in PASSAGES]
    assert load_passages(_dataset(tmp_path / "whole", rows)) == PASSAGES


def test_wrong_columns_are_one_line(tmp_path: Path) -> None:
    source = _dataset(tmp_path / "other", [{"id": "1", "contents": "Chad"}])
    with pytest.raises(UsageError, match="has no column 'title' in passages/train"):
        load_passages(source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no passages"),
        ('{"id": "1", "title": "a"}\n', "line 1 is not a passage"),
        ('{"id": "1"', "line 1 is not JSON"),
        ("[1]\n", "line 1 is not a passage"),
    ],
)
def test_a_bad_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "passages.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_passages(str(path))


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no dataset folder"):
        load_passages(str(tmp_path / "gone"))
