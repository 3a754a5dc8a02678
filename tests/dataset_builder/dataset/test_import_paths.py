"""A corpus that starts from a dataset: what collecting and annotating would have made, and what is kept."""

import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import pytest
from typer.testing import CliRunner

from dataset_builder.annotation.annotate_corpus import annotate, not_annotated
from dataset_builder.annotation.annotators import annotator, version_of
from dataset_builder.cli import app
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.dataset.build import build
from dataset_builder.dataset.features import features
from dataset_builder.dataset.import_paths import import_paths, published_paths
from dataset_builder.dataset.load import load_config
from dataset_builder.expert.collect import collect
from dataset_builder.simulator.tasks import SPLITS, select_tasks
from dataset_builder.trajectories.corpus import (
    Corpus,
    annotation_store,
    segment_rows,
    trajectory_store,
)
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

TASKS = select_tasks("boil,find-plant")


def records(store: JsonlStore, tasks: tuple[str, ...]) -> dict[str, Any]:
    """The records of tidied paths of some tasks."""
    keys = (record["key"] for record in store)
    return {str(key): store[key] for key in keys if key[0] in tasks and key[2] == "tidied"}


def rows_of(dataset: Path) -> list[dict[str, Any]]:
    return [row for table in load_config(str(dataset), "trajectories").values() for row in table]


def write(folder: Path, rows: list[dict[str, Any]], types: datasets.Features | None = None) -> str:
    """A dataset of the configuration `trajectories` alone."""
    folder.mkdir()
    datasets.Dataset.from_list(rows, types).to_parquet(folder / "train.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: trajectories\n  data_files:\n"
        "  - split: train\n    path: train.parquet\n---\n"
    )
    return str(folder)


@pytest.fixture
def boil(small_dataset: Path) -> dict[str, Any]:
    """A row to change at will."""
    return next(row for row in rows_of(small_dataset) if row["task"] == "boil")


@pytest.fixture
def imported(small_dataset: Path, tmp_path: Path) -> Path:
    """A corpus of two tasks of the dataset."""
    import_paths(tmp_path / "corpus", published_paths(str(small_dataset), TASKS))
    return tmp_path / "corpus"


def test_the_records_are_those_of_the_corpus_that_was_published(small_corpus: Path, imported: Path) -> None:
    names = tuple(task.name for task in TASKS)
    old, new = Corpus(small_corpus), Corpus(imported)
    assert records(new.collected, names) == records(old.collected, names) != {}
    assert len(new.collected) == len(records(new.collected, names))
    assert records(new.annotations("rules"), names) == records(old.annotations("rules"), names)
    assert len(new.annotations("rules")) == len(new.collected)


def test_other_commands_find_the_paths_done(small_dataset: Path, imported: Path, tmp_path: Path) -> None:
    files = sorted(imported.glob("*.jsonl"))
    before = [file.read_bytes() for file in files]
    report = collect(imported, TASKS, ["train"], limits=2)  # the variations that were recorded
    assert report.verified.total() == len(Corpus(imported).trajectories())
    assert annotate(imported, annotator("rules"), Corpus(imported).trajectories()) == 0
    assert sorted(imported.glob("*.jsonl")) == files
    assert [file.read_bytes() for file in files] == before
    build(imported, tmp_path / "dataset")
    names = {task.name for task in TASKS}
    assert rows_of(tmp_path / "dataset") == [row for row in rows_of(small_dataset) if row["task"] in names]


def test_splits_restrict_the_paths(small_dataset: Path) -> None:
    assert published_paths(str(small_dataset), TASKS, ["train"]) == published_paths(str(small_dataset), TASKS)
    with pytest.raises(UsageError, match="has no paths of these tasks and splits: `subgoal corpus stats"):
        published_paths(str(small_dataset), TASKS, ["test"])
    with pytest.raises(UsageError, match="Unknown split 'dev': use one of train, validation, test"):
        published_paths(str(small_dataset), TASKS, ["dev"])


def test_a_killed_import_resumes(small_dataset: Path, imported: Path) -> None:
    files = sorted(imported.glob("*.jsonl"))
    whole = [file.read_bytes() for file in files]
    for file in files:
        first, second, *_ = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(first + second[:50])  # killed while it wrote the second record
    paths = published_paths(str(small_dataset), TASKS)
    assert import_paths(imported, paths).new == len(paths) - 1
    assert [file.read_bytes() for file in files] == whole
    assert import_paths(imported, paths).new == 0
    assert [file.read_bytes() for file in files] == whole


def test_what_the_corpus_holds_is_kept(small_dataset: Path, tmp_path: Path) -> None:
    paths = published_paths(str(small_dataset), TASKS)
    other, failed = paths[0].trajectory, paths[1].trajectory
    store = trajectory_store(tmp_path)
    steps = other.to_dict()["steps"]
    store.append(other.key, {"trajectory": other.to_dict() | {"steps": [steps[0], *steps]}})
    store.append(failed.key, {"given_up": "too long"})
    before = (tmp_path / "trajectories.jsonl").read_bytes()

    report = import_paths(tmp_path, paths)

    assert (report.new, report.kept) == (len(paths) - 2, 2)
    assert (tmp_path / "trajectories.jsonl").read_bytes().startswith(before)
    assert len(trajectory_store(tmp_path)) == len(paths)
    assert annotation_store(tmp_path, "rules").keys() == {path.trajectory.key for path in paths[2:]}


def test_subgoals_by_other_rules_become_those_of_todays(boil: dict[str, Any], tmp_path: Path) -> None:
    old = boil | {"subgoal": ["do_it()" for _ in boil["action"]], "segment": [0 for _ in boil["action"]]}
    dataset = write(tmp_path / "dataset", [old], features("trajectories"))
    report = import_paths(tmp_path / "corpus", published_paths(dataset, TASKS))
    assert (report.new, report.renamed) == (1, 1)
    ((path, segments),) = Corpus(tmp_path / "corpus").annotated(
        "rules", Corpus(tmp_path / "corpus").trajectories(), version_of("rules")
    )
    assert segments == annotator("rules").annotate(path)
    assert str(segments[0].subgoal) != "do_it()"


def test_subgoals_by_a_language_model_are_taken_over(small_corpus: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(small_corpus, tmp_path / "source"))
    teacher = annotation_store(source, "llm-qwen3")
    for trajectory in Corpus(source).trajectories("tidied"):
        segments = [["solve()", 0, len(trajectory.steps)]]
        teacher.append(trajectory.key, {"segments": segments, "actions": trajectory.actions})
    dataset = build(source, tmp_path / "dataset", annotator="llm-qwen3")
    out = tmp_path / "corpus"
    chosen = published_paths(str(dataset), TASKS)
    mine = {
        "segments": [["mine()", 0, len(chosen[0].trajectory.steps)]],
        "actions": chosen[0].trajectory.actions,
    }
    annotation_store(out, "llm-qwen3").append(chosen[0].trajectory.key, mine)

    report = import_paths(out, chosen)

    assert report.annotators == {"llm-qwen3": len(chosen)}
    store = annotation_store(out, "llm-qwen3")
    assert store[chosen[0].trajectory.key]["segments"] == mine["segments"]
    for path in chosen[1:]:
        assert store[path.trajectory.key]["segments"] == segment_rows(path.segments)
    corpus = Corpus(out)
    assert not not_annotated(corpus, "llm-qwen3", corpus.trajectories())
    assert not corpus.annotations("rules").keys()


def test_other_simplifications_need_another_folder(
    boil: dict[str, Any], imported: Path, tmp_path: Path
) -> None:
    dataset = write(tmp_path / "walked", [boil | {"simplifications": ""}], features("trajectories"))
    with pytest.raises(UsageError, match="holds paths with simplifications 'easy', not '': name another"):
        import_paths(imported, published_paths(dataset, TASKS))
    mixed = write(tmp_path / "mixed", [boil, boil | {"variation": 1, "simplifications": ""}])
    with pytest.raises(UsageError, match="holds paths with simplifications '', 'easy'"):
        published_paths(mixed, TASKS)


def test_another_simulator_is_told(boil: dict[str, Any], tmp_path: Path) -> None:
    row = boil | {"scienceworld_version": "1.1.0"}
    dataset = write(tmp_path / "dataset", [row], features("trajectories"))
    command = ["import", dataset, "--out", str(tmp_path / "corpus")]
    shown = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "1 paths were played by scienceworld 1.1.0, which is not installed" in shown.output
    assert version("scienceworld") not in shown.output


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda row: {"score": [*row["score"][:-1], 0.5]}, "does not end with the full score"),
        (lambda row: {"look": row["look"][1:]}, "differ in length"),
        (lambda row: {"inventory": [None, *row["inventory"][1:]]}, "values are missing"),
        (lambda row: {"action": None}, "values are missing"),
        (lambda row: {"subgoal": ["do it" for _ in row["subgoal"]]}, "is not a sub-goal"),
        (lambda row: {"path": "shortest"}, "its path is 'shortest'"),
        (lambda row: {"annotator": "../../rules"}, "is not the name of an annotator"),
        (lambda row: {"annotator": None}, "values are missing"),
    ],
)
def test_a_damaged_row_is_one_line(
    change: Callable[[dict[str, Any]], dict[str, Any]], reason: str, boil: dict[str, Any], tmp_path: Path
) -> None:
    dataset = write(tmp_path / "dataset", [boil | change(boil)], features("trajectories"))
    with pytest.raises(SubgoalError, match=reason) as refused:
        published_paths(dataset, TASKS)
    assert f"the row of boil {boil['variation']} is damaged" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_columns_are_those_of_a_trajectory(boil: dict[str, Any], tmp_path: Path) -> None:
    wide = write(tmp_path / "wide", [boil | {"note": "mine"}])  # numbers of 64 bits, and a column more
    ((trajectory, _, name),) = published_paths(wide, TASKS)
    assert (trajectory.actions, name) == (boil["action"], "rules")
    older = write(tmp_path / "older", [{key: boil[key] for key in boil if key not in ("look", "moves")}])
    with pytest.raises(UsageError, match="train lacks look, moves: name a dataset of `subgoal corpus build`"):
        published_paths(older, TASKS)
    words = write(tmp_path / "words", [boil | {"variation": "first"}])
    with pytest.raises(UsageError, match="train holds values of other types"):
        published_paths(words, TASKS)


def test_wrong_input_is_one_line_and_leaves_no_folder(
    small_dataset: Path, boil: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "corpus"

    def refused(dataset: object, *options: str, out: Path = out) -> str:
        shown = CliRunner().invoke(app, ["import", str(dataset), "--out", str(out), *options])
        assert isinstance(shown.exception, UsageError)
        return str(shown.exception)

    other = Path(write(tmp_path / "other", [boil]))
    readme = (other / "README.md").read_text()
    (other / "README.md").write_text(readme.replace("config_name: trajectories", "config_name: flat"))
    assert "There is no dataset folder" in refused(tmp_path / "nothing")
    assert "has no configuration 'trajectories'" in refused(other)
    assert "Unknown task 'cook'" in refused(small_dataset, "--tasks", "cook")
    assert "Unknown split 'dev'" in refused(small_dataset, "--splits", "train,dev")
    assert "is not the folder of a corpus" in refused(small_dataset, out=other)
    assert not out.exists()


def test_a_dataset_of_the_hub_is_imported_by_its_revision(
    small_corpus: Path, small_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "corpus"
    with LocalHub() as hub:
        environment = os.environ | hub.environment(tmp_path / "home")
        for command in (
            ["push", str(small_dataset), "tester/data", "--revision", "v1"],
            ["import", "tester/data@v1", "--out", str(out), "--splits", ",".join(SPLITS)],
        ):
            done = run_warm("-m", "subgoal", "corpus", *command, env=environment)
            assert done.returncode == 0, done.stderr
    paths = Corpus(small_corpus).trajectories("tidied")
    assert f"{len(paths)} paths of tester/data@v1 in {out}, {len(paths)} of them new" in done.stdout
    assert Corpus(out).trajectories() == paths
