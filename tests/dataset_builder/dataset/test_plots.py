"""The card's pictures: deterministic, small, and drawn from the figures given."""

import io
from collections import Counter

import matplotlib
import pytest
from PIL import Image

from dataset_builder.dataset.plots import plots
from dataset_builder.dataset.stats import TaskPaths
from dataset_builder.simulator.tasks import TASKS

PATHS = {
    task: TaskPaths(Counter(train=3), [2 + row, 9 + row, 5 + row], [3, 3, 3], [1, 3, 2])
    for row, task in enumerate(TASKS)
}
SUBGOALS = Counter(
    {f"sub_goal_{letter}": 1000 - 30 * row for row, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
)


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return plots(PATHS, SUBGOALS)


def test_pictures_are_small_and_as_wide_as_a_phone_likes(pictures: dict[str, bytes]) -> None:
    assert list(pictures) == ["path-lengths.png", "subgoals-per-task.png", "frequent-subgoals.png"]
    for data in pictures.values():
        assert len(data) < 60_000
        assert Image.open(io.BytesIO(data)).width == 648


def test_the_same_figures_give_the_same_bytes(
    pictures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in pictures.values():
        assert Image.open(io.BytesIO(data)).info.keys() <= {"dpi"}
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "black")
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 20)
    assert plots(PATHS, SUBGOALS) == pictures
    assert matplotlib.rcParams["font.size"] == 20


def test_other_figures_give_other_pictures(pictures: dict[str, bytes]) -> None:
    boil = TaskPaths(Counter(train=1), [50], [60], [8])
    changed = plots(PATHS | {"boil": boil}, SUBGOALS + Counter(sub_goal_a=500))
    assert not set(changed.values()) & set(pictures.values())


def test_few_tasks_and_one_subgoal_can_be_drawn() -> None:
    few = plots({"boil": PATHS["boil"]}, Counter(heat=1))
    heights = [Image.open(io.BytesIO(data)).height for data in few.values()]
    assert all(100 < height < 400 for height in heights)
