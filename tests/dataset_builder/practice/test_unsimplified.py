"""A corpus replayed without simplifications: its stores, resuming, and what is built of it."""

import shutil
from pathlib import Path

import pytest
from datasets import load_dataset
from typer.testing import CliRunner

from dataset_builder.annotation.annotate_corpus import annotate
from dataset_builder.annotation.annotators import annotator
from dataset_builder.cli import app
from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.build import build
from dataset_builder.dataset.features import CONFIGS, UNSIMPLIFIED_CONFIGS
from dataset_builder.dataset.load import load_tables
from dataset_builder.practice.generate import generate_practice, load_practice
from dataset_builder.practice.unsimplified import replay_corpus
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus, annotation_store, practice_store, trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory

TASKS = ("chemistry-mix", "find-plant")


@pytest.fixture(scope="module")
def easy(recorded: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of two tasks with a little practice."""
    folder = tmp_path_factory.mktemp("easy")
    paths = [path for path in recorded if path.task in TASKS and path.path == "tidied"]
    store = trajectory_store(folder)
    for path in paths:
        store.append(path.key, {"trajectory": path.to_dict()})
    annotate(folder, annotator("rules"), paths)
    generate_practice(folder, steps=30)
    return folder


@pytest.fixture(scope="module")
def walked(easy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walked")
    replay_corpus(easy, folder)
    return folder


def test_paths_and_practice_are_replayed(easy: Path, walked: Path) -> None:
    before, after = Corpus(easy), Corpus(walked)
    paths = after.trajectories("tidied")
    assert {path.key for path in paths} == {path.key for path in before.trajectories("tidied")}
    assert {path.simplifications for path in paths} == {""}
    assert all(path.steps[-1].score_points == 100 for path in paths)
    assert not any(action.startswith("teleport") for path in paths for action in path.actions)
    practice = load_practice(after)
    assert 0 < len(practice) <= len(load_practice(before))
    assert all(len(play.taught) == len(play.trajectory.steps) for play in practice)


def test_a_second_call_repeats_nothing(easy: Path, walked: Path) -> None:
    files = sorted(walked.glob("*.jsonl"))
    assert len(files) == 3
    before = [file.read_bytes() for file in files]
    report = replay_corpus(easy, walked)
    assert [file.read_bytes() for file in files] == before
    assert report.paths.verified.total() == len(Corpus(walked).trajectories())
    assert report.practice["chemistry-mix"].plays == len(load_practice(Corpus(walked)))


def test_a_killed_replay_resumes(easy: Path, walked: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(walked, half)
    paths = half / "trajectories.jsonl"
    lines = paths.read_text().splitlines(keepends=True)
    paths.write_text("".join(lines[:1]) + lines[1][:50])  # killed while it wrote the second record
    replay_corpus(easy, half)
    assert Corpus(half).trajectories() == Corpus(walked).trajectories()


def test_limits_restrict_variations_and_practice(easy: Path, tmp_path: Path) -> None:
    report = replay_corpus(easy, tmp_path, limits={"train": 1, "validation": 1, "test": 1}, plays=1)
    splits = {
        (path.task, get_task(path.task).split_of(path.variation)) for path in Corpus(easy).trajectories()
    }
    # One of the corpus's variations for each split that it has, whatever the task's other variations are.
    assert report.paths.verified.total() + report.paths.given_up.total() == len(splits)
    assert report.practice["chemistry-mix"].plays + report.practice["chemistry-mix"].failed == 1


def test_a_changed_path_is_replayed_again(easy: Path, walked: Path, tmp_path: Path) -> None:
    source, out = shutil.copytree(easy, tmp_path / "source"), shutil.copytree(walked, tmp_path / "out")
    path = Corpus(out).trajectories("tidied")[0]
    record = Corpus(source).annotations("rules")[path.key]
    renamed = [["renamed()", *record["segments"][0][1:]], *record["segments"][1:]]
    annotation_store(source, "rules").append(path.key, record | {"segments": renamed})
    replay_corpus(source, out)
    assert Corpus(out).annotations("rules")[path.key]["segments"][0][0] == "renamed()"
    lines = [len((folder / "trajectories.jsonl").read_text().splitlines()) for folder in (walked, out)]
    assert lines[1] == lines[0] + 1


def test_the_practice_of_a_run_is_kept(easy: Path, walked: Path, tmp_path: Path) -> None:
    out = shutil.copytree(walked, tmp_path / "out")
    store = practice_store(out)
    record = next(record for record in store if "practice" in record)
    del record["source"]  # `subgoal eval to-practice` stores none
    store.append(tuple(record["key"]), record)
    before = store.path.read_bytes()
    replay_corpus(easy, out)
    assert store.path.read_bytes() == before


def test_the_dataset_gets_further_configurations(easy: Path, walked: Path, tmp_path: Path) -> None:
    built = build(easy, tmp_path / "dataset", unsimplified=walked)
    rows = load_dataset(str(built), "trajectories-unsimplified", split="train")
    assert set(rows["simplifications"]) == {""}
    steps = load_dataset(str(built), "executor-unsimplified", split="train")
    assert any(target.startswith("go to ") for target in steps["target"])
    assert "executor-unsimplified" in (built / "README.md").read_text()
    assert set(load_tables(str(built))) == {*CONFIGS, *UNSIMPLIFIED_CONFIGS}
    build(easy, tmp_path / "dataset")  # replaces it, without the further configurations
    assert set(load_tables(str(built))) == set(CONFIGS)
    assert "unsimplified" not in (built / "README.md").read_text()


def test_other_folders_are_refused(easy: Path, walked: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds paths with simplifications: name another folder"):
        replay_corpus(easy, easy)
    with pytest.raises(UsageError, match="without simplifications: there is nothing to replay"):
        replay_corpus(walked, tmp_path / "out")
    with pytest.raises(UsageError, match="holds paths with simplifications: name a folder of"):
        build(easy, tmp_path / "out", unsimplified=easy)
    collected = tmp_path / "collected"  # as `corpus collect --simplifications ""` writes it
    path = Corpus(walked).trajectories()[0]
    trajectory_store(collected).append(path.key, {"trajectory": path.to_dict()})
    with pytest.raises(UsageError, match="holds paths that are not replays: name another folder"):
        replay_corpus(easy, collected)
    result = CliRunner().invoke(app, ["replay", str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, UsageError)
    assert "run `subgoal corpus collect" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_numbers_that_are_too_small_are_refused(easy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--workers 0: give 1 or more"):
        replay_corpus(easy, tmp_path, workers=0)
    with pytest.raises(UsageError, match="--max-variations 0: give 1 or more"):
        replay_corpus(easy, tmp_path, limits=0)
    with pytest.raises(UsageError, match="--max-plays -1: give 0 or more"):
        replay_corpus(easy, tmp_path, plays=-1)


def test_the_command_prints_the_counts(easy: Path, walked: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(easy), "--out", str(walked)])
    assert result.exit_code == 0, result.output
    assert "find-plant" in result.output
