"""Practice of a corpus folder: what is chosen, kept, resumed, and built into the dataset."""

import shutil
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.dataset.build import build
from dataset_builder.practice.generate import generate_practice, load_practice
from dataset_builder.trajectories.corpus import Corpus, practice_store, trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory


@pytest.fixture(scope="module")
def folder(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of two tasks of which one has few train variations, with a little practice."""
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator

    folder = tmp_path_factory.mktemp("practice")
    old, new = trajectory_store(corpus_folder), trajectory_store(folder)
    kept = [
        record for record in old if record["key"][0] in ("chemistry-mix-paint-secondary-color", "find-plant")
    ]
    paths = []
    for record in kept:
        if record["key"][2] == "tidied":
            new.append(tuple(record["key"]), {"trajectory": record["trajectory"]})
            paths.append(Trajectory.from_dict(record["trajectory"]))
    annotate(folder, annotator("rules"), paths)
    generate_practice(folder, steps=30)
    return folder


def test_only_tasks_with_few_variations_are_practised(folder: Path) -> None:
    held = generate_practice(folder, steps=30)
    assert list(held) == ["chemistry-mix-paint-secondary-color"]
    found = held["chemistry-mix-paint-secondary-color"]
    assert found.plays + found.failed == 6  # 2 variations of 5 steps: 3 plays each
    assert found.steps == sum(sum(play.taught) for play in load_practice(Corpus(folder))) > 10


def test_existing_practice_is_not_repeated(folder: Path) -> None:
    before = practice_store(folder).path.read_bytes()
    generate_practice(folder, steps=30)
    assert practice_store(folder).path.read_bytes() == before


def test_practice_of_another_path_or_version_is_made_again(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "corpus")
    store = practice_store(copy)
    made = {tuple(key): store[key] for key in sorted(store.keys())}
    other, unmarked = sorted(made)[:2]
    store.append(other, made[other] | {"source": "0" * 16})
    store.append(unmarked, {"given_up": "by a version that wrote no source"})
    played = (*other[:2], 2_000_000)  # as `subgoal eval to-practice` adds it
    store.append(played, {"given_up": "of an episode"})
    generate_practice(copy, steps=30)
    after = practice_store(copy)
    assert {key: after[key] for key in made} == made
    assert after[played] == {"key": [*played], "given_up": "of an episode"}


def test_nothing_held_out_is_asked(folder: Path) -> None:
    asked = {play.trajectory.description for play in load_practice(Corpus(folder))}
    assert asked
    assert not any("violet paint" in text for text in asked)  # only validation and test mix it
    failed = [record.get("given_up") for record in practice_store(folder)]
    assert "another split asks for it" in failed


def test_a_dataset_gets_a_split_of_practice(folder: Path, tmp_path: Path) -> None:
    built = build(folder, tmp_path / "dataset")
    tables = load_dataset(str(built), "executor")
    assert set(tables) == {"train", "practice"}
    plays = load_practice(Corpus(folder))
    assert len(tables["practice"]) == sum(sum(play.taught) for play in plays)
    actions = [action for play in plays for action in play.trajectory.actions]
    assert set(tables["practice"]["target"]) <= set(actions)
    assert "practice: true" in (built / "README.md").read_text()
    assert "practice" not in load_dataset(str(built), "trajectories")


def test_bad_folders_and_numbers(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give 1 or more"):
        generate_practice(folder, steps=0)
    with pytest.raises(UsageError, match="collect"):
        generate_practice(tmp_path / "nowhere")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    store = practice_store(copy)
    key = next(tuple(record["key"]) for record in store if "practice" in record)
    store.append(key, {"practice": store[key]["practice"] | {"segments": []}})
    with pytest.raises(SubgoalError, match="cannot be read"):
        load_practice(Corpus(copy))
