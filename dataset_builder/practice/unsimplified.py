"""A corpus without simplifications: the paths and the practice of another corpus, replayed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from rich.progress import Progress

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore, Key
from dataset_builder.expert.collect import Limits, limit_variations
from dataset_builder.expert.plan import ReplayFailed
from dataset_builder.expert.walking import PlannedStep, WalkingReplay
from dataset_builder.practice.generate import (
    PracticeStats,
    digest,
    practice_record,
    practice_stats,
    read_practice,
)
from dataset_builder.practice.perturbed_replay import Practice
from dataset_builder.practice.threads import attempt, play_all
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import (
    CollectReport,
    Corpus,
    annotation_store,
    practice_store,
    report,
    segment_rows,
    trajectory_store,
)
from dataset_builder.trajectories.subgoals import Segment, step_segments, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory

NO_SIMPLIFICATIONS = ""


class ReplayReport(NamedTuple):
    """What a corpus without simplifications holds.

    Attributes:
        paths: the results of the variations.
        practice: task → counts of the practice.

    Example:

    ```python
    report = replay_corpus("corpus", "corpus-unsimplified")
    print(report.paths.verified["boil"], report.practice["boil"].plays)
    ```
    """

    paths: CollectReport
    practice: dict[str, PracticeStats]


def replay_corpus(
    folder: str | Path,
    out: str | Path,
    *,
    limits: Limits = None,
    plays: int | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> ReplayReport:
    """Replay the paths of a corpus without simplifications, with their sub-goals, and its practice.

    Only replays that reach the full score are kept. A second call resumes; it also replays the paths that
    have changed in the corpus since.

    Args:
        folder (`str` or `Path`): corpus folder, collected and annotated by rules.
        out (`str` or `Path`): folder of the new corpus.
        limits (`int` or `dict[str, int]`, *optional*): number of the corpus's variations per task, for all
            splits or per split; all by default.
        plays (`int`, *optional*): number of practice replays per task; all by default.
        workers (`int`, *optional*, defaults to 2): number of threads, each with its own world.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.

    Raises:
        UsageError: if the corpus is not collected or annotated, its paths are without simplifications
            themselves, `out` holds another kind of corpus, or a number is too small.
        SubgoalError: if stored segments or practice cannot be read.

    Example:

    ```python
    report = replay_corpus("corpus", "corpus-unsimplified", limits={"train": 60, "validation": 10})
    print(report.paths.verified)
    ```
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more.")
    if plays is not None and plays < 0:
        raise UsageError(f"--max-plays {plays}: give 0 or more.")
    corpus, stores = Corpus(folder), _Stores(out)
    units: list[_PathUnit | _PracticeUnit] = [*_paths(corpus, limits), *_practice(corpus, plays)]
    missing = [unit for unit in units if not stores.is_done(unit)]
    advance = progress_line(progress, "replays", len(units), len(units) - len(missing))
    play_all(stores.replay, missing, workers, advance)
    return ReplayReport(report(stores.paths), practice_stats(stores.practice))


class _PathUnit(NamedTuple):
    path: Trajectory
    segments: Sequence[Segment]
    rules: str

    @property
    def key(self) -> tuple[str, int, str]:
        return self.path.key

    @property
    def source(self) -> str:
        return digest(self.rules, self.path.actions, segment_rows(self.segments))

    def replay(self, episode: Episode) -> Practice:
        return _replay(episode, self.path, self.segments)


class _PracticeUnit(NamedTuple):
    practice: Practice
    key: Key

    @property
    def source(self) -> str:
        base = self.practice
        return digest(base.prelude, base.trajectory.actions, segment_rows(base.segments), base.taught)

    def replay(self, episode: Episode) -> Practice:
        base = self.practice
        return _replay(episode, base.trajectory, base.segments, base.taught, base.prelude)


class _Stores:
    """The stores of the new corpus. Each record has a digest of what was replayed, `source`."""

    def __init__(self, out: str | Path) -> None:
        self.paths = trajectory_store(out)
        self.segments = annotation_store(out, "rules")
        self.practice = practice_store(out)
        self._version = version_of("rules")
        for record in self.paths:
            if "trajectory" in record and record["trajectory"]["simplifications"] != NO_SIMPLIFICATIONS:
                raise UsageError(f"{out} holds paths with simplifications: name another folder.")
            if "source" not in record:
                raise UsageError(f"{out} holds paths that are not replays: name another folder.")

    def is_done(self, unit: "_PathUnit | _PracticeUnit") -> bool:
        """Whether there is a result, made when the unit was the same."""
        store = self._store_of(unit)
        # Practice without a source was added by `subgoal eval to-practice`: it is kept.
        return unit.key in store and store[unit.key].get("source", unit.source) == unit.source

    def _store_of(self, unit: "_PathUnit | _PracticeUnit") -> JsonlStore:
        return self.paths if isinstance(unit, _PathUnit) else self.practice

    def replay(self, episode: Episode, unit: "_PathUnit | _PracticeUnit") -> None:
        """Replay a unit and store the result."""
        played = attempt(lambda: unit.replay(episode))
        record = {"given_up": played} if isinstance(played, str) else self._record(unit, played)
        self._store_of(unit).append(unit.key, record | {"source": unit.source})

    def _record(self, unit: "_PathUnit | _PracticeUnit", played: Practice) -> dict[str, Any]:
        """The record of a successful replay; the segments of a path are stored already."""
        if isinstance(unit, _PracticeUnit):
            return practice_record(played)
        path = played.trajectory
        # Before the path: the rules would annotate a path without segments in another way.
        rows: dict[str, Any] = {"segments": segment_rows(played.segments), "actions": path.actions}
        self.segments.append(path.key, rows | {"version": self._version})
        return {"trajectory": path.to_dict()}


def _paths(corpus: Corpus, limits: Limits) -> list[_PathUnit]:
    paths = {(path.task, path.variation): path for path in corpus.trajectories("tidied")}
    if any(path.simplifications == NO_SIMPLIFICATIONS for path in paths.values()):
        raise UsageError(f"{corpus.folder} holds paths without simplifications: there is nothing to replay.")
    by_split: dict[tuple[str, str], list[int]] = defaultdict(list)
    for task, variation in paths:
        by_split[task, get_task(task).split_of(variation)].append(variation)
    limited = [
        paths[task, variation]
        for (task, split), variations in by_split.items()
        for variation in limit_variations(variations, split, limits)
    ]
    rules = version_of("rules")
    return [_PathUnit(*pair, rules) for pair in corpus.annotated("rules", limited, rules)]


def _practice(corpus: Corpus, plays: int | None) -> list[_PracticeUnit]:
    """The practice, without relabelled tasks, whose score would not be valid."""
    units = []
    counts: Counter[str] = Counter()
    for key in sorted(corpus.practice.keys(), key=lambda key: (key[0], key[2], key[1])):
        record = corpus.practice[key]
        task = str(key[0])
        if "practice" not in record or (plays is not None and counts[task] >= plays):
            continue
        practice = read_practice(record["practice"], corpus.practice.path)
        if not practice.hindsight:
            counts[task] += 1
            units.append(_PracticeUnit(practice, key))
    return units


def _replay(
    episode: Episode,
    base: Trajectory,
    segments: Sequence[Segment],
    taught: Sequence[bool] | None = None,
    prelude: Sequence[str] = (),
) -> Practice:
    """The replay of a path; raises `ReplayFailed` if it does not reach the full score."""
    episode.load(base.task, base.variation, NO_SIMPLIFICATIONS)
    replay = WalkingReplay(episode)
    prepared = replay.prepare(prelude)
    flags = taught if taught is not None else [True] * len(base.steps)
    subgoals = step_subgoals(segments)
    replay.play(
        [
            PlannedStep(step.action, subgoal, flag)
            for step, subgoal, flag in zip(base.steps, subgoals, flags, strict=True)
        ]
    )
    if episode.score != 100:
        raise ReplayFailed(f"{episode.score} of 100")
    trajectory = Trajectory(
        base.task,
        base.variation,
        episode.task_description(),
        NO_SIMPLIFICATIONS,
        base.path,
        tuple(replay.steps),
        version("scienceworld"),
    )
    return Practice(trajectory, step_segments(replay.subgoals), replay.taught, prepared, False)
