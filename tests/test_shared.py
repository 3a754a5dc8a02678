"""Folders that the processes of a parallel run share."""

from pathlib import Path

import pytest

from tests.shared import once_per_run


def test_a_folder_is_filled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    calls: list[Path] = []
    folders = {once_per_run(tmp_path_factory, "filled-once", calls.append) for _ in range(2)}
    assert [*folders] == calls


def test_half_a_folder_is_filled_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once_per_run(tmp_path_factory, "filled-by-halves", fail)
    folder = once_per_run(tmp_path_factory, "filled-by-halves", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
