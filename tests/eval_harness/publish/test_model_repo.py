from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.publish.model_repo import ModelFolder, open_model


def test_a_folder_is_read_and_written(tmp_path: Path) -> None:
    model = open_model(str(tmp_path))
    assert isinstance(model, ModelFolder)
    assert (model.name, model.namespace) == (tmp_path.name, None)
    assert model.read("README.md") is None
    assert model.weights() is None
    files = {"README.md": "# M\r\n", ".eval_results/a.yaml": "a: 1\n"}
    assert model.write(files, "message").changed
    assert model.read("README.md") == "# M\r\n", "line ends are kept"
    assert not model.write(files, "message").changed


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"README\.md is not UTF-8"):
        ModelFolder(tmp_path).read("README.md")
