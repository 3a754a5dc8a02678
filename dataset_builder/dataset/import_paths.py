"""Starting a corpus folder from a published dataset: its paths and their sub-goals."""

import re
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from pyarrow import ArrowInvalid
from rich.progress import Progress

from dataset_builder.annotation.annotate_corpus import annotate
from dataset_builder.annotation.annotators import annotator
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.dataset.features import columns, features
from dataset_builder.dataset.load import load_config
from dataset_builder.simulator.tasks import SPLITS, Task
from dataset_builder.trajectories.corpus import (
    annotation_store,
    check_same_simplifications,
    segment_rows,
    trajectory_store,
)
from dataset_builder.trajectories.subgoals import Segment, step_segments
from dataset_builder.trajectories.trajectory import (
    PATHS,
    Step,
    Trajectory,
    TrajectoryKey,
    to_fraction,
    to_points,
)

_ABOUT = ("task", "variation", "description", "simplifications", "path", "scienceworld_version")
_STEP = ("look", "inventory", "action", "observation", "score", "moves")
_PER_STEP = (*_STEP, "subgoal")
_ANNOTATOR = re.compile(r"\w[\w.-]*")


class PublishedPath(NamedTuple):
    """A row of the configuration `trajectories`.

    Attributes:
        trajectory: the path.
        segments: its sub-goals.
        annotator: who named them.

    Example:

    ```python
    path = published_paths("release/dataset", [get_task("boil")])[0]
    print(path.trajectory.actions, path.segments[0].subgoal, path.annotator)
    ```
    """

    trajectory: Trajectory
    segments: list[Segment]
    annotator: str


class ImportReport(NamedTuple):
    """What an import found.

    Attributes:
        new: number of paths that the corpus did not hold.
        kept: number of variations of which the corpus holds something else, which was kept.
        renamed: number of paths whose sub-goals differ from the dataset's, as the rules have changed since.
        annotators: who named the sub-goals → number of paths.
        versions: `scienceworld` other than the installed one → number of paths that it played.

    Example:

    ```python
    report = import_paths("corpus", published_paths("release/dataset", select_tasks("boil")))
    print(report.new, report.annotators)
    ```
    """

    new: int
    kept: int
    renamed: int
    annotators: Counter[str]
    versions: Counter[str]


def published_paths(
    dataset: str, tasks: Sequence[Task], splits: Sequence[str] = SPLITS
) -> list[PublishedPath]:
    """The paths of a dataset's configuration `trajectories`.

    Args:
        dataset (`str`): a folder as `subgoal corpus build` writes it, or a Hub id, with `@REVISION`
            if wanted.
        tasks (`Sequence[Task]`): paths of which tasks.
        splits (`Sequence[str]`, *optional*): of which splits.

    Raises:
        UsageError: for an unknown split; if there is no such dataset, it lacks the configuration or
            columns, or it has no such paths.
        SubgoalError: if a row is damaged, or the Hub cannot be reached.

    Example:

    ```python
    paths = published_paths("NAMESPACE/scienceworld-subgoals@v1", select_tasks("boil,melt"), ["train"])
    ```
    """
    wanted = {
        (task.name, variation) for task in tasks for split in splits for variation in task.variations(split)
    }
    found: dict[TrajectoryKey, PublishedPath] = {}
    for split, table in load_config(dataset, "trajectories").items():
        table = _typed(dataset, split, table)
        pairs = zip(table["task"], table["variation"], strict=True)
        for row in table.select([index for index, pair in enumerate(pairs) if pair in wanted]):
            path = _path(dataset, row)
            found.setdefault(path.trajectory.key, path)
    if not found:
        raise UsageError(
            f"{dataset} has no paths of these tasks and splits: `subgoal corpus stats {dataset}` lists them."
        )
    games = sorted({path.trajectory.simplifications for path in found.values()})
    if len(games) > 1:
        raise UsageError(
            f"{dataset} holds paths with simplifications {', '.join(map(repr, games))}, which one corpus "
            "cannot hold: choose others (--tasks, --splits)."
        )
    return list(found.values())


def _typed(dataset: str, split: str, table: datasets.Dataset) -> datasets.Dataset:
    """The table with the columns of a trajectory, typed as `subgoal corpus build` writes them."""
    wanted, where = features("trajectories"), f"{dataset}: trajectories/{split}"
    if missing := [name for name in columns("trajectories") if name not in table.column_names]:
        raise UsageError(f"{where} lacks {', '.join(missing)}: name a dataset of `subgoal corpus build`.")
    table = table.select_columns(list(wanted))
    if table.features == wanted:
        return table
    try:
        return table.cast(wanted)
    except (ArrowInvalid, TypeError, ValueError) as error:
        raise UsageError(
            f"{where} holds values of other types ({one_line(error, 100)}): "
            "name a dataset of `subgoal corpus build`."
        ) from error


def _path(dataset: str, row: dict[str, Any]) -> PublishedPath:
    try:
        return _read(row)
    except (SubgoalError, OverflowError, TypeError, ValueError) as error:
        raise SubgoalError(
            f"{dataset}: the row of {row['task']} {row['variation']} is damaged ({one_line(error, 100)}): "
            "name another revision, or leave the task out (--tasks)."
        ) from error


def _read(row: dict[str, Any]) -> PublishedPath:
    """The inverse of `ScienceWorldSubgoals._trajectory_row`."""
    whole = all(row[name] is not None for name in columns("trajectories"))
    if not whole or any(None in row[name] for name in _PER_STEP):
        raise ValueError("values are missing")
    if len({len(row[name]) for name in _PER_STEP}) > 1:
        raise ValueError("its columns differ in length")
    # The table has scores in 32 bits; the simulator has whole points.
    exact = row | {"score": [to_fraction(to_points(score)) for score in row["score"]]}
    steps = tuple(Step(*values) for values in zip(*(exact[name] for name in _STEP), strict=True))
    if not steps or steps[-1].score_fraction != 1:
        raise ValueError("it does not end with the full score")
    if row["path"] not in PATHS:
        raise ValueError(f"its path is {row['path']!r}, not one of {', '.join(PATHS)}")
    # It becomes the name of a file.
    if not _ANNOTATOR.fullmatch(row["annotator"]):
        raise ValueError(f"{row['annotator']!r} is not the name of an annotator")
    trajectory = Trajectory(**{name: row[name] for name in _ABOUT}, steps=steps)
    return PublishedPath(trajectory, step_segments(row["subgoal"]), row["annotator"])


def import_paths(
    folder: str | Path, paths: Sequence[PublishedPath], progress: Progress | None = None
) -> ImportReport:
    """Write paths of a dataset, with their sub-goals, into a corpus folder; what is there is kept.

    A second call resumes. A dataset does not tell by which version of the rules its sub-goals are, so those
    by `rules` are named again by today's, which takes seconds; a language model's are taken over.

    Args:
        folder (`str` or `Path`): the corpus folder, new or not.
        paths (`Sequence[PublishedPath]`): what to import.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.

    Raises:
        UsageError: if the paths have other simplifications than those in the folder.

    Example:

    ```python
    import_paths("corpus", published_paths("release/dataset", select_tasks("boil,melt")))
    paths = Corpus("corpus").trajectories("tidied")
    ```
    """
    store = trajectory_store(folder)
    for simplifications in {path.trajectory.simplifications for path in paths}:
        check_same_simplifications(store, simplifications)
    missing = [path for path in paths if path.trajectory.key not in store]
    advance = progress_line(progress, "paths", len(paths), len(paths) - len(missing))
    for path in missing:
        store.append(path.trajectory.key, {"trajectory": path.trajectory.to_dict()})
        advance()
    # Sub-goals belong to actions: those of a path that the corpus has in another form do not fit it.
    same = [path for path in paths if _actions(store[path.trajectory.key]) == path.trajectory.actions]
    for name in {path.annotator for path in same} - {"rules"}:
        _take_over(folder, name, [path for path in same if path.annotator == name])
    by_rules = [path for path in same if path.annotator == "rules"]
    annotate(folder, annotator("rules"), [path.trajectory for path in by_rules], progress)
    played_by = Counter(path.trajectory.scienceworld_version for path in paths)
    del played_by[version("scienceworld")]
    return ImportReport(
        new=len(missing),
        kept=len(paths) - len(same),
        renamed=_renamed(folder, by_rules),
        annotators=Counter(path.annotator for path in same),
        versions=played_by,
    )


def _actions(record: dict[str, Any]) -> list[str]:
    return [step["action"] for step in record["trajectory"]["steps"]] if "trajectory" in record else []


def _take_over(folder: str | Path, name: str, paths: Sequence[PublishedPath]) -> None:
    """Store the dataset's sub-goals where this annotator has none."""
    store = annotation_store(folder, name)
    for trajectory, segments, _ in paths:
        if trajectory.key not in store:
            record = {"segments": segment_rows(segments), "actions": trajectory.actions}
            store.append(trajectory.key, record)


def _renamed(folder: str | Path, paths: Sequence[PublishedPath]) -> int:
    """The number of paths that today's rules give other sub-goals than the dataset has."""
    store = annotation_store(folder, "rules")
    made = {tuple(record["key"]): record["segments"] for record in store}
    return sum(made.get(path.trajectory.key) != segment_rows(path.segments) for path in paths)
