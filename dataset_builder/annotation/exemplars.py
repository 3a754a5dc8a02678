"""Exemplars: expert paths with sub-goals that a language model wrote after reading each path in full.

They are the few-shot examples of the LLM teacher, the dataset's `exemplars` configuration, and the
reference for the rules annotator (`subgoal corpus agreement`). Each task has a YAML file in
`exemplar_data` that can be read and edited: per variation, the sub-goals in order, each with its actions.
The paths with all observations are in `trajectories.jsonl.gz` beside them.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dataset_builder.common.errors import SubgoalError, one_line
from dataset_builder.simulator.tasks import TASKS, get_task
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Trajectory

ANNOTATOR = "exemplars"
"""Value of the dataset's `annotator` column for exemplars."""

_FOLDER = Path(__file__).parent / "exemplar_data"


@cache
def exemplars(task: str) -> tuple[tuple[Trajectory, tuple[Segment, ...]], ...]:
    """The annotated paths of a task, all from train variations, in the file's order.

    Args:
        task (`str`): simulator name or paper id.

    Returns:
        `tuple[tuple[Trajectory, tuple[Segment, ...]], ...]`: per path, the segments that cover it.

    Raises:
        UsageError: if the task is unknown.
        SubgoalError: if the task's file does not match the paths; the message names file and variation.

    Example:

    ```python
    trajectory, segments = exemplars("boil")[0]
    print([str(segment.subgoal) for segment in segments])
    ```
    """
    name = get_task(task).name
    pairs = []
    for entry in _entries(name):
        where = f"{name}.yaml, variation {entry['variation']}"
        trajectory = _paths().get((name, entry["variation"]))
        if trajectory is None:
            raise SubgoalError(f"{where}: no such path in {_FOLDER.name}.")
        pairs.append((trajectory, _segments(where, trajectory, entry["segments"])))
    return tuple(pairs)


def is_held_out(trajectory: Trajectory) -> bool:
    """Whether this path is a held-out exemplar: nothing was tuned on it, and it serves for evaluation."""
    entries = _entries(trajectory.task)
    return any(entry["variation"] == trajectory.variation and entry.get("held_out") for entry in entries)


def all_exemplars() -> list[tuple[Trajectory, tuple[Segment, ...]]]:
    """The exemplars of all 30 tasks, in the order of the task table; raises the errors of `exemplars`.

    Returns:
        `list[tuple[Trajectory, tuple[Segment, ...]]]`: per path, the segments that cover it.
    """
    return [pair for task in TASKS for pair in exemplars(task)]


def _segments(where: str, trajectory: Trajectory, written: list[dict[str, list]]) -> tuple[Segment, ...]:
    spans = []
    position = 0
    for entry in written:
        ((text, actions),) = entry.items()
        expected = trajectory.actions[position : position + len(actions)]
        if [str(action) for action in actions] != expected:
            raise SubgoalError(f"{where}: the actions of {text} are {actions}, the path has {expected}.")
        spans.append((text, position, position + len(actions)))
        position += len(actions)
    try:
        segments = [Segment(SubGoal.parse(text), start, stop) for text, start, stop in spans]
        check_segments(segments, len(trajectory.steps))
    except SubgoalError as error:
        raise SubgoalError(f"{where}: {error}") from error
    return tuple(segments)


@cache
def _entries(task: str) -> list[dict[str, Any]]:
    file = _FOLDER / f"{task}.yaml"
    if not file.is_file():
        raise SubgoalError(f"{task} has no exemplars: {file} is missing.")
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not all(isinstance(entry["variation"], int) and entry["segments"] for entry in entries):
            raise TypeError("an entry is empty")
    except (yaml.YAMLError, KeyError, TypeError) as error:
        reason = one_line(error)
        raise SubgoalError(f"{file.name} does not hold variations with segments: {reason}.") from error
    return entries


@cache
def _paths() -> dict[tuple[str, int], Trajectory]:
    with gzip.open(_FOLDER / "trajectories.jsonl.gz", "rt", encoding="utf-8") as file:
        trajectories = [Trajectory.from_dict(json.loads(line)) for line in file]
    return {(trajectory.task, trajectory.variation): trajectory for trajectory in trajectories}
