"""Running an annotator over a corpus folder: keyed and resumable."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from dataset_builder.errors import UsageError
from dataset_builder.store import JsonlStore
from dataset_builder.subgoals import Segment, SubGoal
from dataset_builder.trajectory import Trajectory

if TYPE_CHECKING:
    from dataset_builder.annotate import Annotator


def annotation_store(folder: str | Path, annotator: str) -> JsonlStore:
    """The store of one annotator's segments in a corpus folder."""
    return JsonlStore(Path(folder) / f"annotations-{annotator}.jsonl")


def annotate(
    folder: str | Path,
    annotator: "Annotator",
    trajectories: Sequence[Trajectory],
    progress: Progress | None = None,
) -> int:
    """Annotate what is not annotated yet; returns how many trajectories were.

    A trajectory that changed since (another number of actions) is annotated again.
    """
    store = annotation_store(folder, annotator.name)
    missing = [trajectory for trajectory in trajectories if not _fits(store, trajectory)]
    done = len(trajectories) - len(missing)
    bar = progress.add_task("sub-goals", total=len(trajectories), completed=done) if progress else None
    for trajectory in missing:
        segments = annotator.annotate(trajectory)
        rows = [[str(segment.subgoal), segment.start, segment.stop] for segment in segments]
        store.append(trajectory.key, {"segments": rows, "actions": trajectory.actions})
        if progress and bar is not None:
            progress.advance(bar)
    return len(missing)


def _fits(store: JsonlStore, trajectory: Trajectory) -> bool:
    return trajectory.key in store and store[trajectory.key]["actions"] == trajectory.actions


def annotated(
    folder: str | Path, annotator: str, trajectories: Iterable[Trajectory]
) -> list[tuple[Trajectory, list[Segment]]]:
    """Trajectories with their stored segments.

    Raises:
        UsageError: if some have none.
    """
    store = annotation_store(folder, annotator)
    pairs = []
    for trajectory in trajectories:
        if not _fits(store, trajectory):
            raise UsageError(
                f"{trajectory.task} {trajectory.variation} in {folder} is not annotated by {annotator}: "
                f"run `subgoal corpus annotate {folder} --annotator {annotator}` first."
            )
        pairs.append((trajectory, _segments(store[trajectory.key])))
    return pairs


def _segments(record: dict[str, Any]) -> list[Segment]:
    return [Segment(SubGoal.parse(text), start, stop) for text, start, stop in record["segments"]]
