"""Files written whole or not at all."""

import os
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import check_output_folder, write_atomically


def test_line_ends_stay_and_no_part_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "note.txt", "a\r\nä\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"note.txt": "a\r\nä\n".encode()}


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "note.txt"
    note.write_text("before")

    def full(*paths: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(note, "after")
    assert note.read_text() == "before"


def test_a_folder_of_something_else_is_no_output_folder(tmp_path: Path) -> None:
    check_output_folder(tmp_path / "new", ["results.json"], "a run")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"holds config\.json, so it is not the folder of a run"):
        check_output_folder(tmp_path, ["results.json"], "a run")
    (tmp_path / "results.json").write_text("{}")
    check_output_folder(tmp_path, ["results.json"], "a run")
