"""The task table: names, groups, splits, look-up."""

from collections import Counter

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import SPLITS, TASKS, Task, get_task, select_tasks


def test_table_has_the_papers_groups() -> None:
    assert len(TASKS) == 30
    assert sum(task.n_variations for task in TASKS.values()) == 7207
    assert Counter(task.horizon for task in TASKS.values()) == {"short": 10, "medium": 8, "long": 12}
    assert len({task.task_id for task in TASKS.values()}) == 30


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_splits_cover_all_variations_once(task: Task) -> None:
    parts = [task.variations(split) for split in SPLITS]
    assert [variation for part in parts for variation in part] == list(range(task.n_variations))
    for split, part in zip(SPLITS, parts, strict=True):
        assert task.split_of(part[0]) == task.split_of(part[-1]) == split


def test_task_is_found_by_name_and_by_paper_id() -> None:
    assert get_task("boil") is get_task("1-1")
    assert get_task("10-2").name == "mendelian-genetics-unknown-plant"


def test_unknown_task_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="Did you mean use-thermometer"):
        get_task("use-termometer")
    with pytest.raises(UsageError, match="Unknown task 'xyzzy'"):
        get_task("xyzzy")


@pytest.mark.parametrize("variation", [-1, 30])
def test_variation_out_of_range_names_the_range(variation: int) -> None:
    with pytest.raises(UsageError, match="use 0 to 29"):
        get_task("boil").check_variation(variation)


def test_unknown_split_is_refused() -> None:
    with pytest.raises(UsageError, match="train, validation, test"):
        get_task("boil").variations("dev")


def test_select_tasks_takes_lists_ids_and_duplicates() -> None:
    assert [task.name for task in select_tasks("boil, 1-2,boil")] == ["boil", "melt"]
    assert [task.name for task in select_tasks(["4-4"])] == ["find-animal"]
    assert len(select_tasks(None)) == 30
    with pytest.raises(UsageError, match="empty"):
        select_tasks(" , ")
