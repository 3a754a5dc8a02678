"""Figures of a built corpus, computed from its tables."""

from collections.abc import Mapping
from statistics import mean

from datasets import Dataset, DatasetDict

from dataset_builder.collect import CollectReport
from dataset_builder.tasks import SPLITS, TASKS


def split_rows(tables: Mapping[str, DatasetDict]) -> list[dict[str, str]]:
    """Rows per configuration and split."""
    return [
        {"configuration": name}
        | {split: str(len(splits[split])) if split in splits else "0" for split in SPLITS}
        for name, splits in tables.items()
    ]


def task_rows(trajectories: DatasetDict, collected: CollectReport | None = None) -> list[dict[str, str]]:
    """Per task: variations by split, verified share, mean path length and sub-goals."""
    rows = []
    for task in TASKS.values():
        counts = {split: 0 for split in SPLITS}
        lengths: list[int] = []
        moves: list[int] = []
        subgoals: list[int] = []
        for split, table in trajectories.items():
            for row in _of_task(table, task.name):
                counts[split] += 1
                lengths.append(len(row["action"]))
                moves.append(row["moves"][-1])
                subgoals.append(row["segment"][-1] + 1)
        if not lengths:
            continue
        row = {"task": f"{task.task_id} {task.name}"} | {s: str(n) for s, n in counts.items()}
        if collected is not None:
            verified, lost = collected.verified[task.name], collected.given_up[task.name]
            row["verified"] = f"{verified} of {verified + lost}"
        row["steps"] = f"{mean(lengths):.1f}"
        row["moves"] = f"{mean(moves):.1f}"
        row["sub-goals"] = f"{mean(subgoals):.1f}"
        rows.append(row)
    return rows


def _of_task(table: Dataset, task: str) -> list[dict]:
    chosen = table.select_columns(["task", "action", "moves", "segment"])
    return [row for row in chosen if row["task"] == task]
