"""Figures of a built corpus, computed from its tables."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean

from datasets import DatasetDict

from dataset_builder.simulator.tasks import PRACTICE, SPLITS, TASKS
from dataset_builder.trajectories.corpus import CollectReport


@dataclass
class TaskPaths:
    """The paths of one task, over all splits.

    Attributes:
        counts: paths per split.
        steps: actions of each path.
        moves: moves that each path took.
        subgoals: sub-goals of each path.

    Example:

    ```python
    paths = task_paths(load_dataset("release/dataset", "trajectories"))["boil"]
    print(paths.counts["train"], statistics.mean(paths.moves))
    ```
    """

    counts: Counter[str] = field(default_factory=Counter)
    steps: list[int] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)
    subgoals: list[int] = field(default_factory=list)


def task_paths(trajectories: DatasetDict) -> dict[str, TaskPaths]:
    """Figures of the paths by task, without the tasks that have none."""
    by_task: dict[str, TaskPaths] = {name: TaskPaths() for name in TASKS}
    for split, table in trajectories.items():
        for row in table.select_columns(["task", "moves", "segment"]):
            paths = by_task.setdefault(row["task"], TaskPaths())
            paths.counts[split] += 1
            paths.steps.append(len(row["moves"]))
            paths.moves.append(row["moves"][-1])
            paths.subgoals.append(row["segment"][-1] + 1)
    return {name: by_task[name] for name in TASKS if by_task[name].steps}


def subgoal_names(trajectories: DatasetDict) -> Counter[str]:
    """How many segments each kind of sub-goal has: `navigate_to(kitchen)` counts as `navigate_to`."""
    names: Counter[str] = Counter()
    for table in trajectories.values():
        for row in table.select_columns(["subgoal", "segment"]):
            by_segment = dict(zip(row["segment"], row["subgoal"], strict=True))
            names.update(subgoal.partition("(")[0] for subgoal in by_segment.values())
    return names


def split_rows(tables: Mapping[str, DatasetDict]) -> list[dict[str, str]]:
    """The number of rows of each split, as table rows with the keys `configuration` and each split's name."""
    return [
        {"configuration": name}
        | {split: str(len(splits[split])) if split in splits else "0" for split in (*SPLITS, PRACTICE)}
        for name, splits in tables.items()
    ]


def task_rows(
    by_task: Mapping[str, TaskPaths], collected: CollectReport | None = None
) -> list[dict[str, str]]:
    """Table rows, one per task, for `markdown_table`.

    Args:
        by_task (`Mapping[str, TaskPaths]`): task → its paths.
        collected (`CollectReport`, *optional*): adds the share of variations with a verified path.

    Returns:
        `list[dict[str, str]]`: each row has the keys `task`, the names of the splits (paths), `verified`
        (with `collected`), and `steps`, `moves` and `sub-goals` (means per path).
    """
    rows = []
    for name, paths in by_task.items():
        row = {"task": f"{TASKS[name].task_id} {name}"}
        row |= {split: str(paths.counts[split]) for split in SPLITS}
        if collected is not None:
            verified, given_up = collected.verified[name], collected.given_up[name]
            row["verified"] = f"{verified} of {verified + given_up}"
        row["steps"] = f"{mean(paths.steps):.1f}"
        row["moves"] = f"{mean(paths.moves):.1f}"
        row["sub-goals"] = f"{mean(paths.subgoals):.1f}"
        rows.append(row)
    return rows
