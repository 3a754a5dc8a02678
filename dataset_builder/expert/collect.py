"""Collecting expert trajectories: keyed work items, resumable."""

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from rich.progress import Progress

from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.engines.base import Engine
from dataset_builder.engines.local import LocalEngine
from dataset_builder.expert.solve import NoVerifiedPath, find_trajectory
from dataset_builder.simulator.retry import GIVEN_UP, retrying
from dataset_builder.simulator.simulator import Simulator, check_simplifications
from dataset_builder.simulator.tasks import SPLITS, Task
from dataset_builder.trajectories.corpus import (
    CollectReport,
    check_same_simplifications,
    report,
    trajectory_store,
)
from dataset_builder.trajectories.trajectory import PATHS, TrajectoryKey

PAPER_SAMPLES = {"3-3": 100, "9-1": 50, "9-2": 50, "9-3": 50, "10-1": 50, "10-2": 50}
"""Variations per split that the paper's released code keeps of its largest tasks, by task id."""


Limits = dict[str, int] | int | None
"""Maximum number of variations per task: for each split, for all splits, or none."""


def choose_variations(
    task: Task, split: str, limits: Limits = None, paper_seed: int | None = None
) -> list[int]:
    """Variations of a split, at most as many as the limit, see `limit_variations`.

    Args:
        task (`Task`): whose variations.
        split (`str`): one of `SPLITS`.
        limits (`int` or `dict[str, int]`, *optional*): at most so many; all by default.
        paper_seed (`int`, *optional*): first draw as many as `PAPER_SAMPLES` names, with this seed.

    Raises:
        UsageError: if the limit is below 1.
    """
    variations = list(task.variations(split))
    if paper_seed is not None:
        size = min(PAPER_SAMPLES.get(task.task_id, len(variations)), len(variations))
        variations = sorted(Random(f"{paper_seed}/{task.name}/{split}").sample(variations, size))
    return limit_variations(variations, split, limits)


def limit_variations(variations: Sequence[int], split: str, limits: Limits) -> list[int]:
    """At most as many variations as the limit: spread evenly over train, else the first ones.

    The first ones are what evaluation protocols take; train variations are ordered by what varies,
    so that an even spread shows most of it.

    Args:
        variations (`Sequence[int]`): variations of one task and split, in order.
        split (`str`): one of `SPLITS`.
        limits (`int` or `dict[str, int]`, *optional*): the limit, for all splits or per split.

    Raises:
        UsageError: if the limit is below 1.
    """
    variations = list(variations)
    limit = limits.get(split) if isinstance(limits, dict) else limits
    if limit is not None and limit < 1:
        raise UsageError(f"--max-variations {limit}: give 1 or more.")
    if limit is None or limit >= len(variations):
        return variations
    if split != "train":
        return variations[:limit]
    return [variations[index * len(variations) // limit] for index in range(limit)]


def collect(
    folder: str | Path,
    tasks: Sequence[Task],
    splits: Iterable[str] = SPLITS,
    *,
    limits: Limits = None,
    paper_seed: int | None = None,
    path: str = "tidied",
    simplifications: str = "easy",
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> CollectReport:
    """Collect verified trajectories into `folder/trajectories.jsonl`; what is there is kept.

    Args:
        folder (`str` or `Path`): the corpus folder.
        tasks (`Sequence[Task]`): which tasks.
        splits (`Iterable[str]`, *optional*): which splits.
        limits (`int` or `dict[str, int]`, *optional*): variations per task, for all or per split.
        paper_seed (`int`, *optional*): sample the largest tasks as the paper did, see `choose_variations`.
        path (`str`, *optional*, defaults to `"tidied"`): form of the path, see `find_trajectory`.
        simplifications (`str`, *optional*, defaults to `"easy"`): see `Episode.load`.
        workers (`int`, *optional*, defaults to the number of cores): threads, each with a world.
        engine (`Engine`, *optional*): runs the work, in place of threads of this process.
        progress (`rich.progress.Progress`, *optional*): where to show a bar.

    Raises:
        UsageError: for an unknown split, path or simplification, or a number below 1.

    Example:

    ```python
    report = collect("corpus", select_tasks("boil,melt"), limits=5)
    print(report.verified, report.given_up)
    ```
    """
    check_simplifications(simplifications)
    if path not in PATHS:
        raise UsageError(f"Unknown path {path!r}: use one of {', '.join(PATHS)}.")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more.")
    wanted = list(
        dict.fromkeys(
            TrajectoryKey(task.name, variation, path)
            for task in tasks
            for split in splits
            for variation in choose_variations(task, split, limits, paper_seed)
        )
    )
    store = trajectory_store(folder)
    check_same_simplifications(store, simplifications)
    missing = [key for key in wanted if key not in store]
    engine = engine or LocalEngine(workers or os.cpu_count() or 1)
    advance = progress_line(progress, "expert paths", len(wanted), len(wanted) - len(missing))
    for key, record in engine.map(CollectJob(simplifications), missing):
        store.append(key, record)
        advance()
    return report(store, wanted)


@dataclass(frozen=True)
class CollectJob:
    """The job that finds the paths of keys: one Java process, a world per thread.

    Attributes:
        simplifications: of the game.

    Example:

    ```python
    keys = [TrajectoryKey("boil", variation, "tidied") for variation in range(10)]
    for key, record in LocalEngine(workers=2).map(CollectJob("easy"), keys):
        print(key.variation, "trajectory" in record)
    ```
    """

    simplifications: str
    uses_gpu = False

    def start(self, threads: int) -> "_Collector":
        """A worker; its Java process starts with the first key."""
        return _Collector(Simulator(worlds=threads), self.simplifications)


class _Collector:
    def __init__(self, simulator: Simulator, simplifications: str) -> None:
        self._simulator, self._simplifications = simulator, simplifications

    def work(self, keys: Sequence[TrajectoryKey]) -> Generator[tuple[int, dict[str, Any]], None, None]:
        for index, key in enumerate(keys):
            yield index, self._collect_one(key)

    def close(self) -> None:
        self._simulator.close()

    def _collect_one(self, key: TrajectoryKey) -> dict[str, Any]:
        """A record: the trajectory, or the reason why there is none."""
        try:
            trajectory = retrying(
                lambda: find_trajectory(
                    self._simulator,
                    key.task,
                    key.variation,
                    path=key.path,
                    simplifications=self._simplifications,
                )
            )
        except SimulatorDied:
            return {"given_up": GIVEN_UP}
        except NoVerifiedPath as error:
            return {"given_up": str(error).partition(": ")[2]}
        return {"trajectory": trajectory.to_dict()}
