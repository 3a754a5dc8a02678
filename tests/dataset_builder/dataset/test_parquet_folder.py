"""A build is moved into its folder; one that is stopped between two moves is finished by the next."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.dataset import parquet_folder
from dataset_builder.dataset.parquet_folder import CARD, check_replaceable, replace_folder, scratch_folder

CONFIGS = ("agent", "flat")


class Stopped(BaseException):
    pass


def repository(folder: Path, version: str) -> Path:
    configs = "".join(f"- config_name: {name}\n" for name in CONFIGS)
    (folder / "images").mkdir(parents=True)
    (folder / CARD).write_text(f"---\nconfigs:\n{configs}---\n# {version}\n")
    for name in CONFIGS:
        (folder / name).mkdir()
        (folder / name / f"train-{version}.parquet").write_text(version)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def stopping_after(moves: int) -> Callable[[Path, Path], None]:
    """`os.replace` until it has been called that often."""
    left = iter(range(moves))

    def replace(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise Stopped
        source.replace(target)

    return replace


@pytest.mark.parametrize("moves", range(7))
@pytest.mark.parametrize("first", [True, False], ids=["first build", "later build"])
def test_a_swap_that_stops_anywhere_is_finished_by_the_next_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool, moves: int
) -> None:
    out = tmp_path / "dataset"
    if not first:
        repository(out, "old")
    new = repository(tmp_path / "new", "new")
    expected = files(new)
    with folder_lock(out), monkeypatch.context() as patch:
        patch.setattr(parquet_folder, "os", SimpleNamespace(replace=stopping_after(moves)))
        if moves < (4 if first else 7):
            with pytest.raises(Stopped):
                replace_folder(out, new, tmp_path / "earlier")
        else:
            replace_folder(out, new, tmp_path / "earlier")

    check_replaceable(out, CONFIGS)
    assert not {"train-old.parquet", "train-new.parquet"} <= {path.name for path in out.rglob("*.parquet")}
    replace_folder(out, repository(tmp_path / "again", "new"), tmp_path / "earlier again")
    assert files(out) == expected


def test_what_a_killed_build_left_beside_its_folder_is_removed(tmp_path: Path) -> None:
    out, other = tmp_path / "a", tmp_path / "a-b"
    with scratch_folder(other) as others:
        with scratch_folder(out) as left:
            (left / "table").write_text("half")
            with scratch_folder(out) as scratch:
                assert scratch.parent == out.parent
                assert list(scratch.iterdir()) == []
        assert others.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_readme_of_somebody_else_is_not_an_earlier_build(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("# My thesis\n")
    with pytest.raises(UsageError, match="holds something else than a dataset of mine: name an empty folder"):
        check_replaceable(tmp_path, CONFIGS, "a dataset of mine")
