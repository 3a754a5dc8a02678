"""What results call a dataset, and how they tell which one it was."""

from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.hub_ids import public_name
from dataset_builder.dataset.load import dataset_identity


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
