"""Folders and Hub ids are told apart, and never confused."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import (
    check_hub_id,
    check_repo_id,
    is_folder,
    is_path,
    public_name,
    split_revision,
)


def test_a_revision_is_split_from_an_id_and_not_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data@v1"
    folder.mkdir()
    assert split_revision("ns/data@v1") == ("ns/data", "v1")
    assert split_revision("ns/data") == ("ns/data", None)
    assert split_revision(str(folder)) == (str(folder), None)


@pytest.mark.parametrize(
    ("name", "path", "folder"),
    [
        ("ns/model", False, False),
        ("model", False, True),  # an old id without namespace, or a folder that is gone
        ("./model", True, True),
        ("~/model", True, True),
        ("/model", True, True),
        ("runs/a/model", True, True),
    ],
)
def test_names_of_folders(name: str, path: bool, folder: bool) -> None:
    assert (is_path(name), is_folder(name)) == (path, folder)


def test_the_public_name_of_a_folder_does_not_say_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ns" / "model").mkdir(parents=True)
    assert public_name("ns/model") == "ns/model"
    monkeypatch.chdir(tmp_path)
    assert public_name("ns/model") == "model"
    assert public_name(tmp_path / "ns" / "model") == "model"
    assert public_name("/gone/model") == "model"


@pytest.mark.parametrize("name", ["data", "ns/my data", "ns/a/b", "ns/-x", "", "ns/x@v1"])
def test_an_invalid_repository_id_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a repository: use NAMESPACE/NAME"):
        check_repo_id(name)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "ns/..", "data", "ns/x@../y", "a/b/c"])
def test_a_visitor_cannot_name_a_path(name: str) -> None:
    with pytest.raises(UsageError, match="is not a Hub id"):
        check_hub_id(name)


def test_a_visitor_cannot_name_a_folder_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_hub_id("ns/model@v1")
    (tmp_path / "ns" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is not a Hub id"):
        check_hub_id("ns/model@v1")
