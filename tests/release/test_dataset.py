"""`release/dataset`, the corpus that comes with the repository: whole, consistent, and replayable."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from datasets import DatasetDict

from dataset_builder.annotation.exemplars import all_exemplars
from dataset_builder.dataset.features import CONFIGS
from dataset_builder.dataset.load import load_config
from dataset_builder.dataset.tables import examples
from dataset_builder.practice import paints
from dataset_builder.practice.generate import FEW_VARIATIONS
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import PRACTICE, SPLITS, TASKS, get_task
from dataset_builder.trajectories.model_input import ROLES
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Step, Trajectory

DATASET = Path(__file__).parents[2] / "release" / "dataset"
PER_STEP = ("look", "inventory", "action", "observation", "score", "moves", "subgoal", "segment")


@pytest.fixture(scope="module")
def tables() -> dict[str, DatasetDict]:
    return {config: load_config(str(DATASET), config) for config in CONFIGS}


def trajectory(row: dict[str, Any]) -> tuple[Trajectory, list[Segment]]:
    """A row as the objects that it was made from; the segments are checked."""
    columns = ("look", "inventory", "action", "observation", "score", "moves")
    exact = row | {"score": [round(score, 4) for score in row["score"]]}  # stored in 32 bits
    steps = tuple(Step(*values) for values in zip(*(exact[column] for column in columns), strict=True))
    segments = []
    for index in range(row["segment"][-1] + 1):
        places = [place for place, number in enumerate(row["segment"]) if number == index]
        (text,) = {row["subgoal"][place] for place in places}
        segments.append(Segment(SubGoal.parse(text), places[0], places[-1] + 1))
    check_segments(segments, len(steps))
    about = ("task", "variation", "description", "simplifications", "path", "scienceworld_version")
    return Trajectory(**{name: row[name] for name in about}, steps=steps), segments


def test_it_is_small_enough_to_live_in_the_repository() -> None:
    assert sum(path.stat().st_size for path in DATASET.rglob("*") if path.is_file()) < 15e6


def test_every_task_is_there_in_every_split(tables: dict[str, DatasetDict]) -> None:
    for split in SPLITS:
        found = Counter(tables["trajectories"][split]["task"])
        assert set(found) == set(TASKS)
        for task, count in found.items():
            assert count <= len(get_task(task).variations(split))


def test_every_trajectory_is_consistent(tables: dict[str, DatasetDict]) -> None:
    seen = set()
    for split, table in tables["trajectories"].items():
        for row in table:
            task = get_task(row["task"])
            assert (task.task_id, task.split_of(row["variation"])) == (row["task_id"], split)
            assert len({len(row[column]) for column in PER_STEP}) == 1
            assert row["score"][-1] == 1.0
            assert max(row["score"][:-1], default=0.0) < 1.0
            assert row["moves"] == sorted(row["moves"])
            trajectory(row)
            key = (row["task"], row["variation"])
            assert key not in seen
            seen.add(key)


@pytest.mark.parametrize("role", ROLES)
def test_examples_are_those_of_the_trajectories(tables: dict[str, DatasetDict], role: str) -> None:
    draw = random.Random(role)
    for split, table in tables["trajectories"].items():
        rows = tables[role][split]
        sizes = Counter(zip(rows["task"], rows["variation"], strict=True))
        assert sizes == {
            (task, variation): len(actions)
            for task, variation, actions in zip(
                table["task"], table["variation"], table["action"], strict=True
            )
        }
        first = 0
        sample = set(draw.sample(range(len(table)), min(40, len(table))))
        for index, row in enumerate(table):
            size = len(row["action"])
            if index in sample:
                path, segments = trajectory(row)
                there = rows[first : first + size]
                version = there["state_text_version"][0]
                made = list(examples(role, path, segments, version))
                assert [example.input for example in made] == there["input"]
                assert [example.target for example in made] == there["target"]
            first += size


@pytest.mark.parametrize("role", ROLES)
def test_practice_is_of_train_variations_of_rare_tasks(tables: dict[str, DatasetDict], role: str) -> None:
    practice, train = tables[role][PRACTICE], tables[role]["train"]
    assert len(practice) > 10_000
    played: dict[str, set[int]] = {}
    for task, variation in zip(practice["task"], practice["variation"], strict=True):
        played.setdefault(task, set()).add(variation)
    for task, variations in played.items():
        assert len(variations) <= FEW_VARIATIONS or task == paints.TASK
        assert variations <= set(get_task(task).variations("train"))
    if role == "controller":
        assert all(SubGoal.parse(text) for text in practice.unique("target"))
    elsewhere = set(practice["input"]) - set(train["input"])
    assert len(elsewhere) > len(practice) / 2


def test_exemplars_are_the_language_models(tables: dict[str, DatasetDict]) -> None:
    rows = tables["exemplars"]["train"]
    assert set(rows["annotator"]) == {"exemplars"}
    assert [trajectory(row) for row in rows] == [(path, list(segments)) for path, segments in all_exemplars()]


def replayed(simulator: Simulator, row: dict[str, Any]) -> int:
    """The score that a row's actions reach on a fresh load, with the answers that the row holds."""
    episode = simulator.episode(step_limit=None)
    episode.load(row["task"], row["variation"], row["simplifications"])
    score = 0
    for look, action, observation in zip(row["look"], row["action"], row["observation"], strict=True):
        assert episode.look() == look
        result = episode.step(action)
        assert result.observation == observation
        score = result.score
    episode.close()
    return score


def sample_of(table: Any, task: str, size: int) -> list[dict[str, Any]]:
    places = [index for index, name in enumerate(table["task"]) if name == task]
    chosen = random.Random(task).sample(places, min(size, len(places)))
    return [table[index] for index in chosen]


@pytest.mark.parametrize("task", TASKS)
def test_a_row_of_each_task_replays_to_100(
    simulator: Simulator, tables: dict[str, DatasetDict], task: str
) -> None:
    for row in sample_of(tables["trajectories"]["train"], task, 1):
        assert replayed(simulator, row) == 100


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("task", TASKS)
def test_more_rows_replay_to_100(
    simulator: Simulator, tables: dict[str, DatasetDict], task: str, split: str
) -> None:
    for row in sample_of(tables["trajectories"][split], task, 5):
        assert replayed(simulator, row) == 100
