"""Calls and tokens of the teacher, as rows of a table."""

from collections.abc import Iterable

from dataset_builder.simulator.tasks import TASKS


def cost_rows(calls: Iterable[tuple[str, int, int]]) -> list[dict[str, str]]:
    """Calls and tokens per task, with a last row for all tasks; empty without calls.

    Args:
        calls (`Iterable[tuple[str, int, int]]`): task, tokens read, tokens written.
    """
    sums: dict[str, list[int]] = {}
    for task, read, written in calls:
        for row in (sums.setdefault(task, [0, 0, 0]), sums.setdefault("all", [0, 0, 0])):
            row[0] += 1
            row[1] += read
            row[2] += written
    return [
        {"task": task, "calls": f"{sums[task][0]:,}", "tokens read": f"{sums[task][1]:,}"}
        | {"tokens written": f"{sums[task][2]:,}"}
        for task in (*TASKS, "all")
        if task in sums
    ]
