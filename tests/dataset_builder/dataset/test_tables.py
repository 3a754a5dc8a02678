"""The rows of each configuration are what the trajectories say."""

from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.annotation.annotators import version_of
from dataset_builder.annotation.exemplars import all_exemplars
from dataset_builder.dataset.tables import examples
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.model_input import DEFAULT_VERSION, ROLES
from dataset_builder.trajectories.subgoals import SubGoal, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory


def tidied(recorded: list[Trajectory]) -> list[Trajectory]:
    return [trajectory for trajectory in recorded if trajectory.path == "tidied"]


def test_trajectories_come_back_whole(dataset_folder: Path, recorded: list[Trajectory]) -> None:
    tables = load_dataset(str(dataset_folder))
    rows = {(row["task"], row["variation"]): row for table in tables.values() for row in table}
    assert len(rows) == len(tidied(recorded))
    for trajectory in tidied(recorded):
        row = rows[trajectory.task, trajectory.variation]
        assert row["action"] == trajectory.actions
        assert row["look"] == [step.look for step in trajectory.steps]
        assert row["observation"] == [step.observation for step in trajectory.steps]
        assert row["score"][-1] == 1
        assert row["moves"][-1] == trajectory.steps[-1].moves
        assert row["task_id"] == get_task(trajectory.task).task_id
        assert (row["path"], row["annotator"]) == ("tidied", "rules")
        assert all(SubGoal.parse(text) for text in row["subgoal"])
        assert row["segment"] == sorted(row["segment"])


@pytest.mark.parametrize("role", ROLES)
def test_examples_are_what_the_model_would_read(
    dataset_folder: Path, corpus_folder: Path, recorded: list[Trajectory], role: str
) -> None:
    tables = load_dataset(str(dataset_folder), role)
    rows = {(r["task"], r["variation"], r["step"]): r for table in tables.values() for r in table}
    assert len(rows) == sum(len(trajectory.steps) for trajectory in tidied(recorded))
    for trajectory, segments in Corpus(corpus_folder).annotated(
        "rules", tidied(recorded), version_of("rules")
    ):
        for example in examples(role, trajectory, segments, DEFAULT_VERSION):
            row = rows[trajectory.task, trajectory.variation, example.step]
            assert (row["input"], row["target"]) == (example.input, example.target)
            assert row["state_text_version"] == DEFAULT_VERSION


def test_splits_are_scienceworlds(dataset_folder: Path) -> None:
    for split, table in load_dataset(str(dataset_folder), "flat").items():
        for task, variation in zip(table["task"], table["variation"], strict=True):
            assert variation in get_task(task).variations(split)


def test_exemplars_are_those_of_the_package(dataset_folder: Path) -> None:
    tables = load_dataset(str(dataset_folder), "exemplars")
    assert list(tables) == ["train"]
    assert tables["train"].features == load_dataset(str(dataset_folder))["train"].features
    rows = {(row["task"], row["variation"]): row for row in tables["train"]}
    pairs = all_exemplars()
    assert len(rows) == len(pairs)
    for trajectory, segments in pairs:
        row = rows[trajectory.task, trajectory.variation]
        assert row["action"] == trajectory.actions
        assert row["subgoal"] == step_subgoals(segments)
        assert row["annotator"] == "exemplars"
