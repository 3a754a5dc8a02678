"""Decision steps of a split, and their share of a training's examples."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING

from dataset_builder.trajectories.decisions import is_decision

if TYPE_CHECKING:
    from datasets import Dataset


def decision_rows(table: "Dataset", at_most: int | None = None) -> list[int]:
    """Numbers of the rows whose target is a decision (see `dataset_builder.trajectories.decisions`).

    Args:
        table (`Dataset`): with columns input, target, task.
        at_most (`int`, *optional*): of each task, spread evenly over the split.
    """
    rows = [
        row
        for row, (text, target) in enumerate(zip(table["input"], table["target"], strict=True))
        if is_decision(text, target)
    ]
    if at_most is None:
        return rows
    by_task = _by_task(rows, table["task"])
    return sorted(
        members[index * len(members) // min(at_most, len(members))]
        for members in by_task.values()
        for index in range(min(at_most, len(members)))
    )


def with_decision_share(
    rows: Sequence[int],
    decisions: Sequence[int],
    tasks: Sequence[str],
    share: float,
    weights: Mapping[str, float] | None = None,
) -> list[int]:
    """Rows of an epoch in which decision steps have a given share, divided among their tasks.

    Args:
        rows (`Sequence[int]`): row numbers of an epoch, several times where rows are repeated.
        decisions (`Sequence[int]`): rows that are decision steps.
        tasks (`Sequence[str]`): task of each row of the split.
        share (`float`): 0 leaves the rows as they are; below 1.
        weights (`Mapping[str, float]`, *optional*): task → its weight in the division; 1 if not named.
    """
    if not share or not decisions:
        return list(rows)
    deciding = set(decisions)
    others = [row for row in rows if row not in deciding]
    by_task = _by_task(decisions, tasks)
    weight = {task: (weights or {}).get(task, 1.0) for task in by_task}
    wanted = share / (1 - share) * len(others) / (sum(weight.values()) or 1.0)
    return others + [
        row
        for task, members in by_task.items()
        for row in islice(cycle(members), round(wanted * weight[task]))
    ]


def _by_task(rows: Sequence[int], tasks: Sequence[str]) -> dict[str, list[int]]:
    by_task: dict[str, list[int]] = {}
    for row in rows:
        by_task.setdefault(tasks[row], []).append(row)
    return by_task
