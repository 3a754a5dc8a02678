"""The corpus folder: the stores in it, and what they hold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Trajectory, TrajectoryKey


def annotation_store(folder: str | Path, annotator: str) -> JsonlStore:
    """The store of one annotator's segments in a corpus folder."""
    return JsonlStore(Path(folder) / f"annotations-{annotator}.jsonl")


def quarantine_store(folder: str | Path, annotator: str) -> JsonlStore:
    """The store of what an annotator gave up, with the reasons and a model's answers."""
    return JsonlStore(Path(folder) / f"quarantine-{annotator}.jsonl")


def quarantined(folder: str | Path, annotator: str) -> list[TrajectoryKey]:
    """Trajectories that an annotator gave up and has not annotated since."""
    done = annotation_store(folder, annotator)
    lost = [TrajectoryKey(*record["key"]) for record in quarantine_store(folder, annotator)]
    return sorted(key for key in lost if key not in done)


def fits(store: JsonlStore, trajectory: Trajectory) -> bool:
    return trajectory.key in store and store[trajectory.key]["actions"] == trajectory.actions


def annotated(
    folder: str | Path, annotator: str, trajectories: Iterable[Trajectory], version: str = ""
) -> list[tuple[Trajectory, list[Segment]]]:
    """Trajectories with their stored segments, without those that the annotator gave up.

    Args:
        folder (`str` or `Path`): the corpus folder.
        annotator (`str`): whose segments.
        trajectories (`Iterable[Trajectory]`): of which paths.
        version (`str`, *optional*): of the annotator; see `annotators.version_of`.

    Raises:
        UsageError: if some have neither, or only what older rules made of them.
        SubgoalError: if stored segments do not cover their path.
    """
    store = annotation_store(folder, annotator)
    quarantine = quarantine_store(folder, annotator)
    pairs = []
    for trajectory in trajectories:
        if fits(store, trajectory) and store[trajectory.key].get("version", "") == version:
            pairs.append((trajectory, segments(store, trajectory)))
        elif not fits(quarantine, trajectory):
            raise UsageError(
                f"{trajectory.task} {trajectory.variation} in {folder} is not annotated by {annotator}: "
                f"run `subgoal corpus annotate {folder} {_options(annotator)}` first."
            )
    if not pairs:
        raise UsageError(f"{annotator} gave up every trajectory of {folder}: see {quarantine.path}.")
    return pairs


def _options(annotator: str) -> str:
    return "--annotator llm --model …" if annotator.startswith("llm") else f"--annotator {annotator}"


def segments(store: JsonlStore, trajectory: Trajectory) -> list[Segment]:
    try:
        rows = store[trajectory.key]["segments"]
        read = [Segment(SubGoal.parse(text), start, stop) for text, start, stop in rows]
        check_segments(read, len(trajectory.steps))
    except (SubgoalError, KeyError, TypeError, ValueError) as error:
        where = f"{trajectory.task} {trajectory.variation}"
        raise SubgoalError(
            f"{store.path} holds no usable segments of {where} ({error}): remove its line and annotate again."
        ) from error
    return read


@dataclass(frozen=True)
class CollectReport:
    """What a corpus folder holds of one path form.

    Attributes:
        verified: per task, variations with a verified path.
        given_up: per task, variations without.
        reasons: how often each reason for giving up occurred.
        why: per task, its reasons.
    """

    verified: Counter[str]
    given_up: Counter[str]
    reasons: Counter[str]
    why: dict[str, Counter[str]] = field(default_factory=dict)


def trajectory_store(folder: str | Path) -> JsonlStore:
    """The store of collected trajectories in a corpus folder."""
    return JsonlStore(Path(folder) / "trajectories.jsonl")


def report(store: JsonlStore, keys: Iterable[TrajectoryKey] | None = None) -> CollectReport:
    """Count what became of these keys (of all in the store, if None)."""
    verified: Counter[str] = Counter()
    given_up: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    why: dict[str, Counter[str]] = {}
    chosen = store if keys is None else [store[key] for key in keys if key in store]
    for record in chosen:
        task = str(record["key"][0])
        if "trajectory" in record:
            verified[task] += 1
        else:
            reason = record.get("given_up", "no reason was stored")
            given_up[task] += 1
            reasons[reason] += 1
            why.setdefault(task, Counter())[reason] += 1
    return CollectReport(verified, given_up, reasons, why)


def trajectories(folder: str | Path, path: str | None = None) -> list[Trajectory]:
    """Verified trajectories of a corpus folder, by task, variation and path.

    Raises:
        UsageError: if the folder holds none.
    """
    store = trajectory_store(folder)
    found = [
        Trajectory.from_dict(record["trajectory"])
        for record in store
        if "trajectory" in record and path in (None, record["key"][2])
    ]
    if not found:
        kind = f"{path} " if path else ""
        raise UsageError(
            f"{folder} holds no {kind}trajectories: run `subgoal corpus collect --out {folder}` first."
        )
    return sorted(found, key=lambda trajectory: trajectory.key)


def practice_store(folder: str | Path) -> JsonlStore:
    """The store of practice in a corpus folder, keyed by task, variation and seed."""
    return JsonlStore(Path(folder) / "practice.jsonl")
