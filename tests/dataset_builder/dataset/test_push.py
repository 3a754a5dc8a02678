"""What is not a whole dataset is refused before anything is sent."""

import shutil
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.push import push_dataset


def test_a_folder_that_is_not_a_dataset_is_not_pushed(dataset_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(dataset_folder, tmp_path / "dataset"))

    def refused(folder: Path, reason: str) -> None:
        with pytest.raises(UsageError, match=reason):
            push_dataset(folder, "tester/data")

    next((folder / "flat").glob("train-*.parquet")).unlink()
    refused(folder, r"is not whole \(flat/train-")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    refused(folder, r"its README\.md lists no files")
    (folder / "README.md").write_text("---\nconfigs: [1\n---\n")
    refused(folder, "has no readable front matter")
    refused(folder / "nowhere", r"it has no README\.md")
