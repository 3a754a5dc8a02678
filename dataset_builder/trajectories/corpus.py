"""The corpus folder: the stores in it, and what they hold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Trajectory, TrajectoryKey

TRAJECTORIES = "trajectories.jsonl"
"""The file of collected trajectories in a corpus folder."""


def trajectory_store(folder: str | Path) -> JsonlStore:
    """Opens the store of collected trajectories in a corpus folder."""
    return JsonlStore(Path(folder) / TRAJECTORIES)


def annotation_store(folder: str | Path, annotator: str) -> JsonlStore:
    """Opens the store of one annotator's segments in a corpus folder."""
    return JsonlStore(Path(folder) / f"annotations-{annotator}.jsonl")


def quarantine_store(folder: str | Path, annotator: str) -> JsonlStore:
    """Opens the store of the paths that an annotator could not annotate, with reasons and answers."""
    return JsonlStore(Path(folder) / f"quarantine-{annotator}.jsonl")


def practice_store(folder: str | Path) -> JsonlStore:
    """Opens the store of practice in a corpus folder, keyed by task, variation and seed."""
    return JsonlStore(Path(folder) / "practice.jsonl")


@dataclass(frozen=True)
class CollectReport:
    """What a corpus folder holds of one path form.

    Attributes:
        verified: per task, variations with a verified path.
        given_up: per task, variations without.
        reasons: number of failed variations by reason.
        why: per task, its reasons.

    Example:

    ```python
    report = Corpus("corpus").report("tidied")
    print(report.verified["boil"], report.reasons.most_common(3))
    ```
    """

    verified: Counter[str]
    given_up: Counter[str]
    reasons: Counter[str]
    why: dict[str, Counter[str]] = field(default_factory=dict)


class Corpus:
    """A corpus folder, for reading: each of its files is parsed once, when it is first needed.

    Args:
        folder (`str` or `Path`): a folder of `subgoal corpus collect` or `import`.

    Example:

    ```python
    corpus = Corpus("corpus")
    for trajectory, segments in corpus.annotated("rules", corpus.trajectories("tidied")):
        print(trajectory.task, len(segments))
    ```
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        # Caches of the object, not of the class: a new `Corpus` sees later changes of the files.
        self.annotations = cache(lambda annotator: annotation_store(self.folder, annotator))
        self.quarantine = cache(lambda annotator: quarantine_store(self.folder, annotator))
        self._collected = cache(lambda: trajectory_store(self.folder))
        self._practice = cache(lambda: practice_store(self.folder))

    @property
    def collected(self) -> JsonlStore:
        """The result of each variation that was tried."""
        return self._collected()

    @property
    def practice(self) -> JsonlStore:
        """The perturbed replays."""
        return self._practice()

    def trajectories(self, path: str | None = None) -> list[Trajectory]:
        """The verified trajectories, by task, variation and path.

        Args:
            path (`str`, *optional*): only those of this form.

        Raises:
            UsageError: if there are none.
        """
        trajectories = [
            Trajectory.from_dict(record["trajectory"])
            for record in self.collected
            if "trajectory" in record and path in (None, record["key"][2])
        ]
        if not trajectories:
            kind = f"{path} " if path else ""
            raise UsageError(
                f"{self.folder} holds no {kind}trajectories: "
                f"run `subgoal corpus collect --out {self.folder}` first."
            )
        return sorted(trajectories, key=lambda trajectory: trajectory.key)

    def report(self, path: str) -> CollectReport:
        """The results of the variations that were tried for this kind of path."""
        keys = (TrajectoryKey(*record["key"]) for record in self.collected)
        return report(self.collected, [key for key in keys if key.path == path])

    def annotated(
        self, annotator: str, trajectories: Iterable[Trajectory], version: str = ""
    ) -> list[tuple[Trajectory, list[Segment]]]:
        """Trajectories with their stored segments, without those that the annotator could not annotate.

        Args:
            annotator (`str`): name of the annotator.
            trajectories (`Iterable[Trajectory]`): the paths.
            version (`str`, *optional*): version of the annotator; see `annotators.version_of`.

        Returns:
            `list[tuple[Trajectory, list[Segment]]]`: per path, the segments that cover it.

        Raises:
            UsageError: if some have neither, or only segments by older rules.
            SubgoalError: if stored segments do not cover their path.
        """
        store, quarantine = self.annotations(annotator), self.quarantine(annotator)
        pairs = []
        for trajectory in trajectories:
            if fits(store, trajectory) and store[trajectory.key].get("version", "") == version:
                pairs.append((trajectory, _segments(store, trajectory)))
            elif not fits(quarantine, trajectory):
                options = "llm --model …" if annotator.startswith("llm") else annotator
                raise UsageError(
                    f"{trajectory.task} {trajectory.variation} in {self.folder} is not annotated by "
                    f"{annotator}: run `subgoal corpus annotate {self.folder} --annotator {options}` first."
                )
        if not pairs:
            raise UsageError(f"{annotator} gave up every trajectory of {self.folder}: see {quarantine.path}.")
        return pairs

    def quarantined(self, annotator: str) -> list[TrajectoryKey]:
        """Trajectories that are still in an annotator's quarantine."""
        given_up = [TrajectoryKey(*record["key"]) for record in self.quarantine(annotator)]
        return sorted(key for key in given_up if key not in self.annotations(annotator))


def check_same_simplifications(store: JsonlStore, simplifications: str) -> None:
    """Refuse to mix paths of different games in a folder.

    Args:
        store (`JsonlStore`): the folder's trajectories.
        simplifications (`str`): of the paths that are to be added.

    Raises:
        UsageError: if the store holds paths with other simplifications.
    """
    stored = {record["trajectory"]["simplifications"] for record in store if "trajectory" in record}
    for other in stored - {simplifications}:
        raise UsageError(
            f"{store.path.parent} holds paths with simplifications {other!r}, not {simplifications!r}: "
            "name another folder."
        )


def fits(store: JsonlStore, trajectory: Trajectory) -> bool:
    """Whether a store has a record of this trajectory, made when it had the same actions."""
    return trajectory.key in store and store[trajectory.key]["actions"] == trajectory.actions


def read_segments(rows: Iterable[tuple[str, int, int]], n_actions: int) -> list[Segment]:
    """Segments from their stored form, `[sub-goal, start, stop]` each.

    Raises:
        SubgoalError, TypeError, ValueError: if they are of another form or do not cover the actions.
    """
    segments = [Segment(SubGoal.parse(text), start, stop) for text, start, stop in rows]
    check_segments(segments, n_actions)
    return segments


def segment_rows(segments: Iterable[Segment]) -> list[list[str | int]]:
    """The stored form of segments, `[sub-goal, start, stop]` each; `read_segments` reads it back."""
    return [[str(segment.subgoal), segment.start, segment.stop] for segment in segments]


def report(store: JsonlStore, keys: Iterable[TrajectoryKey] | None = None) -> CollectReport:
    """Count the results of these keys (of all in the store, if None)."""
    counts = CollectReport(Counter(), Counter(), Counter())
    for record in store if keys is None else [store[key] for key in keys if key in store]:
        task = str(record["key"][0])
        if "trajectory" in record:
            counts.verified[task] += 1
        else:
            reason = record.get("given_up", "no reason was stored")
            counts.given_up[task] += 1
            counts.reasons[reason] += 1
            counts.why.setdefault(task, Counter())[reason] += 1
    return counts


def _segments(store: JsonlStore, trajectory: Trajectory) -> list[Segment]:
    try:
        return read_segments(store[trajectory.key]["segments"], len(trajectory.steps))
    except (SubgoalError, KeyError, TypeError, ValueError) as error:
        where = f"{trajectory.task} {trajectory.variation}"
        raise SubgoalError(
            f"{store.path} holds no usable segments of {where} ({error}): remove its line and annotate again."
        ) from error
