"""Figures of a corpus equal those of its trajectories."""

from pathlib import Path

from dataset_builder.dataset.load import load_tables
from dataset_builder.dataset.stats import split_rows, task_paths, task_rows
from dataset_builder.trajectories.trajectory import Trajectory


def test_statistics_count_stored_practice(dataset_folder: Path, recorded: list[Trajectory]) -> None:
    tidied = [trajectory for trajectory in recorded if trajectory.path == "tidied"]
    tables = load_tables(str(dataset_folder))
    sizes = {row["configuration"]: row for row in split_rows(tables)}
    assert sum(int(sizes["trajectories"][s]) for s in tables["trajectories"]) == len(tidied)
    rows = {row["task"]: row for row in task_rows(task_paths(tables["trajectories"]))}
    assert len(rows) == 30
    boil = [len(t.steps) for t in tidied if t.task == "boil"]
    assert rows["1-1 boil"]["steps"] == f"{sum(boil) / len(boil):.1f}"
