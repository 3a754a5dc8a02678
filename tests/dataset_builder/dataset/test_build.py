"""The built dataset: what `load_dataset` opens is what the trajectories say."""

import shutil
import signal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from datasets import load_dataset

from dataset_builder.annotation.annotate_corpus import annotate
from dataset_builder.annotation.annotators import annotator
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.dataset.build import build
from dataset_builder.dataset.features import CONFIGS
from dataset_builder.dataset.load import load_config
from dataset_builder.hub.ids import split_revision
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus, annotation_store, trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory
from tests.warm import run_warm


def tidied(recorded: list[Trajectory]) -> list[Trajectory]:
    return [trajectory for trajectory in recorded if trajectory.path == "tidied"]


def test_both_state_texts_and_path_forms_can_be_built(small_corpus: Path, tmp_path: Path) -> None:
    build(small_corpus, tmp_path / "paper", path="simulator", state_text="paper")
    row = load_dataset(str(tmp_path / "paper"), "executor")["train"][0]
    assert row["state_text_version"] == "paper-1"
    assert row["input"].endswith("What action should you do next? </s> ")


def test_a_changed_corpus_gives_changed_rows(tmp_path: Path, recorded: list[Trajectory]) -> None:
    store = trajectory_store(tmp_path / "corpus")
    chosen = [trajectory for trajectory in tidied(recorded) if trajectory.task == "boil"]
    store.append(chosen[0].key, {"trajectory": chosen[0].to_dict()})
    teacher = annotator("rules")
    assert annotate(tmp_path / "corpus", teacher, chosen[:1]) == 1
    build(tmp_path / "corpus", tmp_path / "out")
    record = annotation_store(tmp_path / "corpus", "rules")[chosen[0].key]
    segments = [["do_it()", 0, len(chosen[0].steps)]]
    annotation_store(tmp_path / "corpus", "rules").append(chosen[0].key, record | {"segments": segments})

    build(tmp_path / "corpus", tmp_path / "out")

    split = get_task("boil").split_of(chosen[0].variation)
    assert set(load_dataset(str(tmp_path / "out"))[split][0]["subgoal"]) == {"do_it()"}
    assert annotate(tmp_path / "corpus", teacher, chosen[:1]) == 0


def test_files_are_packed_for_likeness_between_rows(dataset_folder: Path, tmp_path: Path) -> None:
    for file in dataset_folder.rglob("*.parquet"):
        metadata = parquet.read_metadata(file)
        assert metadata.row_group(0).column(0).compression == "ZSTD"
        assert metadata.num_row_groups == 1
    file = next((dataset_folder / "executor").glob("train-*.parquet"))
    parquet.write_table(parquet.read_table(file), tmp_path / "usual.parquet", compression="zstd")
    assert file.stat().st_size < 0.75 * (tmp_path / "usual.parquet").stat().st_size


def test_row_groups_of_large_files_stay_small(
    corpus_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataset_builder.dataset.parquet_folder._GROUP_BYTES", 200_000)
    build(corpus_folder, tmp_path / "out")
    for config in ("trajectories", "executor"):
        (file,) = (tmp_path / "out" / config).glob("train-*.parquet")
        metadata = parquet.read_metadata(file)
        groups = [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]
        assert len(groups) > 2
        assert max(groups) < 400_000
        assert len(load_dataset(str(tmp_path / "out"), config)["train"]) == metadata.num_rows


def test_the_same_corpus_gives_the_same_files(
    small_corpus: Path, small_dataset: Path, tmp_path: Path
) -> None:
    again = build(small_corpus, tmp_path / "again")
    files = sorted(path.relative_to(again) for path in again.rglob("*.*"))
    assert files == sorted(path.relative_to(small_dataset) for path in small_dataset.rglob("*.*"))
    for file in files:
        assert (again / file).read_bytes() == (small_dataset / file).read_bytes()


def test_a_foreign_folder_is_neither_replaced_nor_read(small_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else than a dataset"):
        build(small_corpus, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="is not a dataset"):
        load_config(str(tmp_path), "executor")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is not a dataset"):
        load_config(str(tmp_path / "empty"), "executor")
    with pytest.raises(UsageError, match="There is no dataset folder"):
        load_config(str(tmp_path / "nowhere"), "executor")


def test_somebody_elses_readme_and_pictures_stay(small_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "own.png").write_text("x")
    (tmp_path / "README.md").write_text("# My thesis")
    with pytest.raises(UsageError, match="holds something else than a dataset"):
        build(small_corpus, tmp_path)
    assert (tmp_path / "README.md").read_text() == "# My thesis"


def test_an_earlier_build_is_replaced_from_within_and_through_a_link(
    small_corpus: Path, small_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(small_dataset, tmp_path / "dataset"))
    (folder / "images" / "old.png").write_text("x")
    monkeypatch.chdir(folder)
    assert build(small_corpus, ".") == folder
    assert not (folder / "images" / "old.png").exists()
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert build(small_corpus, link) == folder
    assert link.is_symlink()
    assert len(load_config(str(folder), "flat")["train"])


KILLED_BUILD = """
import os, signal, sys
from types import SimpleNamespace
from dataset_builder.dataset import build, parquet_folder

moves = 0

def replace(source, target):
    global moves
    if moves == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    moves += 1
    os.replace(source, target)

parquet_folder.os = SimpleNamespace(replace=replace)
build.build(sys.argv[1], sys.argv[2])
"""


@pytest.mark.parametrize("moves", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_a_build_that_was_killed_within_its_swap_is_finished_by_the_next(
    small_corpus: Path, small_dataset: Path, tmp_path: Path, moves: int
) -> None:
    out = Path(shutil.copytree(small_dataset, tmp_path / "dataset"))
    arguments = (small_corpus, out, moves)
    killed = run_warm("-c", KILLED_BUILD, *map(str, arguments))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not set(CONFIGS) <= {path.name for path in out.iterdir()}

    build(small_corpus, out)

    names = {path.relative_to(out) for path in out.rglob("*.*")}
    assert names == {path.relative_to(small_dataset) for path in small_dataset.rglob("*.*")}
    assert len(load_config(str(out), "executor")["train"])
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_stored_segments_that_do_not_cover_their_path_are_named(
    tmp_path: Path, recorded: list[Trajectory]
) -> None:
    path = tidied(recorded)[0]
    trajectory_store(tmp_path).append(path.key, {"trajectory": path.to_dict()})
    annotation_store(tmp_path, "mine").append(
        path.key, {"segments": [["wait()", 1, 2]], "actions": path.actions}
    )
    with pytest.raises(SubgoalError, match=r"holds no usable segments of boil 0 .*: remove its line"):
        build(tmp_path, tmp_path / "out", annotator="mine")


def test_parquet_of_other_things_is_named(tmp_path: Path, dataset_folder: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": ["a"]}).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(UsageError, match="has no configuration 'executor'"):
        load_config(str(tmp_path), "executor")
    with pytest.raises(UsageError, match="has no configuration 'plans'"):
        load_config(str(dataset_folder), "plans")


def test_a_damaged_dataset_is_named(tmp_path: Path, dataset_folder: Path) -> None:
    folder = Path(shutil.copytree(dataset_folder, tmp_path / "torn"))
    file = next((folder / "flat").glob("train-*.parquet"))
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(UsageError, match=r"is damaged \(.*\): build it again\.$"):
        load_config(str(folder), "flat")
    file.unlink()
    with pytest.raises(UsageError, match=r"is not whole \(Unable to find .*…\): build it again\.$"):
        load_config(str(folder), "flat")
    card = folder / "README.md"
    card.write_text(card.read_text().replace("configs:", "configs: [1"))
    with pytest.raises(UsageError, match="is damaged"):
        load_config(str(folder), "executor")


def test_errors_for_unannotated_and_empty_corpora_name_the_remedy(
    tmp_path: Path, recorded: list[Trajectory]
) -> None:
    with pytest.raises(UsageError, match="run `subgoal corpus collect"):
        build(tmp_path / "corpus", tmp_path / "out")
    trajectory_store(tmp_path / "corpus").append(
        tidied(recorded)[0].key, {"trajectory": tidied(recorded)[0].to_dict()}
    )
    with pytest.raises(UsageError, match="run `subgoal corpus annotate"):
        build(tmp_path / "corpus", tmp_path / "out")
    with pytest.raises(UsageError, match="Unknown state-text version"):
        build(tmp_path / "corpus", tmp_path / "out", state_text="long")
    assert not (tmp_path / "out").exists()
    assert len(Corpus(tmp_path / "corpus").trajectories()) == 1


def test_revisions_are_split_off_ids_but_not_off_folders(tmp_path: Path) -> None:
    assert split_revision("ns/name@v1") == ("ns/name", "v1")
    assert split_revision("ns/name") == ("ns/name", None)
    (tmp_path / "a@b").mkdir()
    assert split_revision(str(tmp_path / "a@b")) == (str(tmp_path / "a@b"), None)


def test_folders_of_one_name_do_not_answer_for_each_other(
    small_corpus: Path, tmp_path: Path, small_dataset: Path
) -> None:
    """`load_dataset` caches by names; those of the files must differ where the content does."""
    build(small_corpus, tmp_path / "dataset", path="simulator")
    tidy = load_dataset(str(small_dataset), "flat")["train"]
    own = load_dataset(str(tmp_path / "dataset"), "flat")["train"]
    assert small_dataset.name == "dataset"
    assert len(tidy) != len(own)
    assert len(load_dataset(str(small_dataset), "flat")["train"]) == len(tidy)
