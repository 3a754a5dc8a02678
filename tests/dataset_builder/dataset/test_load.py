"""What results call a dataset, and how they tell which one it was."""

from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.load import dataset_identity, load_config
from dataset_builder.hub.ids import public_name


def test_folders_are_called_by_their_name(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for source in ("runs/mine", "./runs/mine", "runs/mine/", tmp_path / "runs" / "mine"):
        assert public_name(source) == "mine"
    assert public_name("/gone/away/theirs") == "theirs"
    assert public_name("google/flan-t5-small") == "google/flan-t5-small"
    assert public_name("tester/data@v1") == "tester/data@v1"


def _write(folder: Path, actions: list[str]) -> Path:
    (folder / "trajectories").mkdir(parents=True)
    row = {"task": "boil", "variation": 0, "simplifications": "easy", "action": actions, "subgoal": actions}
    datasets.Dataset.from_list([row]).to_parquet(folder / "trajectories" / "test.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: trajectories\n  data_files:\n"
        "  - split: test\n    path: trajectories/test.parquet\n---\n"
    )
    return folder


def test_a_folder_is_known_by_its_content(tmp_path: Path, monkeypatch: Any) -> None:
    # The cache of `datasets` knows a folder by its last name only.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    one = dataset_identity(_write(tmp_path / "a" / "corpus", ["wait"]))
    assert one["id"] == "corpus"
    assert one["revision"].startswith("sha256:")
    monkeypatch.chdir(tmp_path / "a")
    assert dataset_identity("./corpus") == dataset_identity("corpus") == one
    assert dataset_identity(_write(tmp_path / "b" / "corpus", ["wait"])) == one
    assert dataset_identity(_write(tmp_path / "c" / "corpus", ["wait1"])) != one
    with pytest.raises(UsageError, match="There is no dataset folder"):
        dataset_identity(tmp_path / "nothing")


ROW = {"input": "a", "target": "b", "task": "boil", "variation": 0, "state_text_version": "compact-1"}


def _write_role(folder: Path, *rows: dict[str, Any]) -> str:
    folder.mkdir(exist_ok=True)
    datasets.Dataset.from_list(list(rows)).to_parquet(folder / "train.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: flat\n  data_files:\n  - split: train\n    path: train.parquet\n---\n"
    )
    return str(folder)


def test_rows_are_those_of_the_folder_as_it_is_now(tmp_path: Path) -> None:
    source = _write_role(tmp_path / "edited", ROW)
    assert load_config(source, "flat")["train"]["target"] == ["b"]
    edited = _write_role(tmp_path / "edited", ROW | {"target": "c"})
    assert load_config(edited, "flat")["train"]["target"] == ["c"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": ...}, "flat/train lacks task"),
        ({"target": 3}, "flat/train holds int64 in target: it must be text"),
        ({"input": ["a"]}, "flat/train holds list in input: it must be text"),
    ],
)
def test_an_edited_dataset_is_checked_for_what_training_uses(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    row = {column: value for column, value in (ROW | changes).items() if value is not ...}
    with pytest.raises(UsageError, match=message):
        load_config(_write_role(tmp_path / "edited", row), "flat")


def test_rows_without_text_are_counted(tmp_path: Path) -> None:
    source = _write_role(tmp_path / "edited", ROW, ROW | {"target": None})
    with pytest.raises(UsageError, match="flat/train has 1 rows without target: drop them"):
        load_config(source, "flat")


def test_the_error_for_a_foreign_dataset_names_the_columns(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"input": "a", "target": "b"}\n')
    for source in (tmp_path, tmp_path / "train.jsonl"):
        with pytest.raises(UsageError, match=r"is not a dataset: .* columns input, target, task"):
            load_config(str(source), "flat")
    with pytest.raises(UsageError, match=r"br\[ack\]et: datasets takes \[ in a path for a pattern: rename"):
        load_config(_write_role(tmp_path / "br[ack]et", ROW), "flat")
    assert len(load_config(_write_role(tmp_path / "ümläut *?", ROW), "flat")["train"]) == 1
