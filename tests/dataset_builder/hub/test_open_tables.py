"""Opening datasets: each way to be wrong is one line."""

from pathlib import Path

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.open_tables import open_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    datasets.Dataset.from_list([{"a": 1}]).to_parquet(tmp_path / "data" / "all.parquet")
    (tmp_path / "data" / "README.md").write_text(
        "---\nconfigs:\n- config_name: one\n  data_files:\n  - split: test\n    path: all.parquet\n---\n"
    )
    return tmp_path / "data"


def test_all_splits_or_one(folder: Path) -> None:
    assert open_tables(str(folder), "one")["test"]["a"] == [1]
    assert open_tables(str(folder), split="test")["a"] == [1]


def test_what_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="has no configuration 'two': look it up"):
        open_tables(str(folder), "two", missing_config="look it up.")
    with pytest.raises(UsageError, match="has no split 'train': check its name"):
        open_tables(str(folder), split="train")
    with pytest.raises(UsageError, match="There is no dataset folder"):
        open_tables(str(folder / "gone"))


def test_a_damaged_file_is_named(folder: Path) -> None:
    (folder / "all.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(UsageError, match=r"is damaged \(.*\): build it again"):
        open_tables(str(folder))


def test_a_changed_folder_is_read_again(folder: Path) -> None:
    open_tables(str(folder))
    datasets.Dataset.from_list([{"a": 2}]).to_parquet(folder / "all.parquet")
    assert open_tables(str(folder))["test"]["a"] == [2]
