"""The task table: the 30 tasks of ScienceWorld, their groups and their variation splits."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from dataset_builder.common.errors import UsageError

SPLITS = ("train", "validation", "test")
"""Split names in the Hub's spelling; ScienceWorld calls the second one *dev*."""

MAX_EPISODE_STEPS = 100
"""Step limit of `ScienceWorldEnv` and of most protocols: an agent cannot follow a longer path to its end."""

PRACTICE = "practice"
"""The dataset's fourth split: train variations in rearranged worlds (`dataset_builder.practice`)."""

HORIZONS = ("short", "medium", "long")
"""Groups of tasks, from short paths to long ones."""


@dataclass(frozen=True)
class Task:
    """One ScienceWorld task.

    Attributes:
        name: the simulator's name, such as `boil`.
        task_id: the number used in the papers, such as `1-1`.
        topic: the topic in the ScienceWorld paper.
        horizon: one of `HORIZONS`, by mean oracle length (< 20, < 50, else).
        n_variations: number of variations over all splits.

    Example:

    ```python
    task = get_task("1-1")
    print(task.name, task.variations("test"))  # boil range(21, 30)
    ```
    """

    name: str
    task_id: str
    topic: str
    horizon: str
    n_variations: int

    def variations(self, split: str) -> range:
        """Variation indices of a split, by the simulator's rule: the first two quarters, the third, the rest.

        Raises:
            UsageError: if `split` is not one of `SPLITS`.
        """
        quarter = self.n_variations // 4
        bounds = {
            "train": range(0, 2 * quarter),
            "validation": range(2 * quarter, 3 * quarter),
            "test": range(3 * quarter, self.n_variations),
        }
        if split not in bounds:
            raise UsageError(f"Unknown split {split!r}: use one of {', '.join(SPLITS)}.")
        return bounds[split]

    def split_of(self, variation: int) -> str:
        """The split that a variation belongs to; raises the error of `check_variation`."""
        self.check_variation(variation)
        return next(split for split in SPLITS if variation in self.variations(split))

    def check_variation(self, variation: int) -> None:
        """Raise `UsageError` unless the task has this variation."""
        if not 0 <= variation < self.n_variations:
            raise UsageError(
                f"Task {self.name} has no variation {variation}: use 0 to {self.n_variations - 1}."
            )


# name, id, topic, horizon, variations. Horizon groups: arXiv 2405.02749; counts: ScienceWorld 1.2.3.
_TABLE = (
    ("boil", "1-1", "Matter", "long", 30),
    ("melt", "1-2", "Matter", "long", 30),
    ("freeze", "1-3", "Matter", "long", 30),
    ("change-the-state-of-matter-of", "1-4", "Matter", "long", 30),
    ("use-thermometer", "2-1", "Measurement", "medium", 540),
    ("measure-melting-point-known-substance", "2-2", "Measurement", "medium", 436),
    ("measure-melting-point-unknown-substance", "2-3", "Measurement", "long", 300),
    ("power-component", "3-1", "Electricity", "short", 20),
    ("power-component-renewable-vs-nonrenewable-energy", "3-2", "Electricity", "medium", 20),
    ("test-conductivity", "3-3", "Electricity", "medium", 900),
    ("test-conductivity-of-unknown-substances", "3-4", "Electricity", "medium", 600),
    ("find-living-thing", "4-1", "Classification", "short", 300),
    ("find-non-living-thing", "4-2", "Classification", "short", 300),
    ("find-plant", "4-3", "Classification", "short", 300),
    ("find-animal", "4-4", "Classification", "short", 300),
    ("grow-plant", "5-1", "Biology", "long", 126),
    ("grow-fruit", "5-2", "Biology", "long", 126),
    ("chemistry-mix", "6-1", "Chemistry", "medium", 32),
    ("chemistry-mix-paint-secondary-color", "6-2", "Chemistry", "short", 36),
    ("chemistry-mix-paint-tertiary-color", "6-3", "Chemistry", "medium", 36),
    ("lifespan-longest-lived", "7-1", "Biology", "short", 125),
    ("lifespan-shortest-lived", "7-2", "Biology", "short", 125),
    ("lifespan-longest-lived-then-shortest-lived", "7-3", "Biology", "short", 125),
    ("identify-life-stages-1", "8-1", "Biology", "medium", 14),
    ("identify-life-stages-2", "8-2", "Biology", "short", 10),
    ("inclined-plane-determine-angle", "9-1", "Forces", "long", 168),
    ("inclined-plane-friction-named-surfaces", "9-2", "Forces", "long", 1386),
    ("inclined-plane-friction-unnamed-surfaces", "9-3", "Forces", "long", 162),
    ("mendelian-genetics-known-plant", "10-1", "Biology", "long", 120),
    ("mendelian-genetics-unknown-plant", "10-2", "Biology", "long", 480),
)

TASKS: dict[str, Task] = {row[0]: Task(*row) for row in _TABLE}
_BY_ID = {task.task_id: task for task in TASKS.values()}


def get_task(name: str) -> Task:
    """The task with this simulator name (`boil`) or paper id (`1-1`).

    Raises:
        UsageError: if there is no such task; the message suggests the closest name.
    """
    task = TASKS.get(name) or _BY_ID.get(name)
    if task is None:
        closest = difflib.get_close_matches(name, TASKS, n=1, cutoff=0.5)
        hint = f" Did you mean {closest[0]}?" if closest else " `subgoal corpus tasks` lists all 30."
        raise UsageError(f"Unknown task {name!r}.{hint}")
    return task


def select_tasks(names: str | Iterable[str] | None) -> list[Task]:
    """Tasks from a comma-separated list or an iterable of names or ids; all 30 for None.

    Raises:
        UsageError: if a name is unknown or the list is empty.
    """
    if names is None:
        return list(TASKS.values())
    parts = names.split(",") if isinstance(names, str) else list(names)
    tasks = [get_task(part.strip()) for part in parts if part.strip()]
    if not tasks:
        raise UsageError("The list of tasks is empty: name at least one, such as boil.")
    return list(dict.fromkeys(tasks))
