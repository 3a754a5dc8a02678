"""The dataset card: the Hub's front matter, and figures that equal the data."""

import json
import re
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.parquet as parquet
import pytest
from datasets import load_dataset
from huggingface_hub import DatasetCard

from dataset_builder.annotation.annotate_corpus import annotate
from dataset_builder.annotation.annotators import annotator
from dataset_builder.dataset.build import build
from dataset_builder.dataset.features import CONFIGS, columns, features
from dataset_builder.hub.push_folder import DATASET_ID
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.corpus import trajectory_store
from dataset_builder.trajectories.model_input import ROLES
from dataset_builder.trajectories.trajectory import Trajectory, TrajectoryKey


@pytest.fixture(scope="module")
def card(dataset_folder: Path) -> DatasetCard:
    return DatasetCard.load(dataset_folder / "README.md")


def section(card: DatasetCard, title: str) -> str:
    """The text under a heading, up to the next one."""
    return re.split(r"^#+ ", card.text.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[dict[str, str]]:
    """The rows of the first Markdown table in a text."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_front_matter_is_the_hubs(card: DatasetCard, dataset_folder: Path) -> None:
    data: dict[str, Any] = card.data.to_dict()
    assert data["license"] == "apache-2.0"
    assert data["language"] == "en"
    assert data["annotations_creators"] == ["machine-generated"]
    assert data["source_datasets"] == ["original"]
    assert "text-generation" in data["task_categories"]
    assert [config["config_name"] for config in data["configs"]] == list(CONFIGS)
    assert [config.get("default", False) for config in data["configs"]] == [True, *[False] * 4]
    files = [file["path"] for config in data["configs"] for file in config["data_files"]]
    assert sorted(files) == sorted(
        path.relative_to(dataset_folder).as_posix() for path in dataset_folder.rglob("*.parquet")
    )
    rows = sum(parquet.read_metadata(dataset_folder / file).num_rows for file in files)
    assert data["size_categories"] == ["1K<n<10K"]
    assert 1_000 < rows < 10_000


def test_sizes_are_those_of_the_files(card: DatasetCard, dataset_folder: Path) -> None:
    rows = table(section(card, "Configurations and splits"))
    assert len(rows) == len(list(dataset_folder.rglob("*.parquet")))
    for row in rows:
        (file,) = (dataset_folder / row["configuration"].strip("`")).glob(f"{row['split']}-*.parquet")
        assert number(row["bytes"]) == file.stat().st_size
        assert number(row["rows"]) == parquet.read_metadata(file).num_rows


def test_figures_by_task_are_those_of_the_paths(
    card: DatasetCard, dataset_folder: Path, recorded: list[Trajectory]
) -> None:
    found = {row["task"]: row for row in table(section(card, "Paths by task"))}
    assert list(found) == [f"{task.task_id} {task.name}" for task in TASKS.values()]
    tables = load_dataset(str(dataset_folder))
    for task in TASKS.values():
        row = found[f"{task.task_id} {task.name}"]
        chosen = [path for path in recorded if path.task == task.name and path.path == "tidied"]
        assert row["steps"] == f"{mean(len(path.steps) for path in chosen):.1f}"
        assert row["moves"] == f"{mean(path.steps[-1].moves for path in chosen):.1f}"
        assert row["verified"] == f"{len(chosen)} of {len(chosen)}"
        for split, rows in tables.items():
            assert number(row[split]) == rows["task"].count(task.name)


def test_totals_are_those_of_the_paths(card: DatasetCard, recorded: list[Trajectory]) -> None:
    tidied = [path for path in recorded if path.path == "tidied"]
    steps = sum(len(path.steps) for path in tidied)
    text = section(card, "Dataset Description")
    assert f"{len(tidied)} paths over 30 tasks, {steps:,} steps" in text


def test_every_column_is_described(card: DatasetCard) -> None:
    for title, config in (
        ("Columns of `trajectories` and `exemplars`", "trajectories"),
        ("Columns of `controller`, `executor` and `flat`", "flat"),
    ):
        rows = table(section(card, title))
        assert [row["column"].strip("`") for row in rows] == list(features(config))
        assert [row["holds"] for row in rows] == [column.meaning for column in columns(config).values()]
    assert all(features(role) == features("flat") for role in ROLES)
    assert {
        row["column"]: row["type"]
        for row in table(section(card, "Columns of `trajectories` and `exemplars`"))
    }["`score`"] == "list of float32"


def test_the_card_says_how_it_was_made_and_how_to_load_and_cite_it(
    card: DatasetCard, dataset_folder: Path
) -> None:
    assert "written by rules, not by a language model" in section(card, "Annotation process")
    assert "of version `compact-2`" in section(card, "Data Collection and Processing")
    assert f'load_dataset("{DATASET_ID}", "executor")' in card.text
    assert "streaming=True" in card.text
    assert 'revision="main"' in card.text
    for cited in ("@inproceedings{hashemzadeh2024subgoal", "2405.02749", "1053--1075", "Ammanabrolu"):
        assert cited in section(card, "Citation")
    for picture in re.findall(r"!\[.+\]\((.+)\)", card.text):
        assert (dataset_folder / picture).is_file()
    assert len(re.findall(r"!\[", card.text)) == 3
    assert not re.search(r"\{\{ |\bNone\b|\bnan\b|More Information", card.text)


def test_failures_are_reported(recorded: list[Trajectory], tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    store = trajectory_store(corpus)
    (chosen,) = [path for path in recorded if path.task == "boil" and path.path == "tidied"][:1]
    store.append(chosen.key, {"trajectory": chosen.to_dict()})
    for variation, reason in (
        (27, "the path lost the episode."),
        (28, "the path lost the episode."),
        (29, "so."),
    ):
        store.append(TrajectoryKey("boil", variation, "tidied"), {"given_up": reason})
    store.append(TrajectoryKey("boil", 29, "simulator"), {"given_up": "another form"})
    annotate(corpus, annotator("rules"), [chosen])

    build(corpus, tmp_path / "out")

    card = DatasetCard.load(tmp_path / "out" / "README.md")
    text = section(card, "Data Collection and Processing")
    assert "1 of the 4 variations that were tried have such a path." in text
    assert "3 were given up: the path lost the episode (2); so (1)." in text
    assert table(section(card, "Paths by task"))[0]["verified"] == "1 of 4"
    assert json.dumps(card.data.to_dict()["configs"]).count("trajectories/") == 1
