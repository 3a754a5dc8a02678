"""A corpus without simplifications: the paths and the practice of another corpus, replayed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.progress import Progress

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.common.jsonl_store import JsonlStore, Key
from dataset_builder.engines.local import WorkerThreads
from dataset_builder.expert.collect import choose_variations
from dataset_builder.expert.walking import NotReplayed, PlannedStep, WalkingReplay
from dataset_builder.practice.generate import PracticeStats, practice_record, practice_stats, read_practice
from dataset_builder.practice.perturbed_replay import Practice
from dataset_builder.simulator.retry import MAX_JVM_RESTARTS, retrying
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import SPLITS, TASKS
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
    limits: dict[str, int] | int | None = None,
    plays: int | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> ReplayReport:
    """Replay the paths of a corpus without simplifications, with their sub-goals, and its practice.

    Only replays that reach the full score are kept. A second call resumes.

    Args:
        folder (`str` or `Path`): corpus folder, collected and annotated by rules.
        out (`str` or `Path`): folder of the new corpus.
        limits (`int` or `dict[str, int]`, *optional*): variations per task, for all splits or per split.
        plays (`int`, *optional*): number of practice replays per task; all by default.
        workers (`int`, *optional*, defaults to 2): number of threads, each with its own world.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.

    Raises:
        UsageError: if the corpus is not collected or annotated, or `out` holds another kind of corpus.

    Example:

    ```python
    report = replay_corpus("corpus", "corpus-unsimplified", limits={"train": 60, "validation": 10})
    print(report.paths.verified)
    ```
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more.")
    corpus, stores = Corpus(folder), _Stores(out)
    units: list[_PathUnit | _PracticeUnit] = [*_paths(corpus, limits), *_practice(corpus, plays)]
    missing = [unit for unit in units if unit.key not in stores.of(unit)]
    advance = progress_line(progress, "replays", len(units), len(units) - len(missing))
    if missing:
        with Simulator(worlds=workers) as simulator:

            def work(unit: _PathUnit | _PracticeUnit) -> None:
                episode = simulator.episode(step_limit=None)
                try:
                    stores.keep(unit, episode)
                finally:
                    episode.close()

            with WorkerThreads(work, missing, workers) as threads:
                for _, future in threads:
                    future.result()
                    advance()
    return ReplayReport(report(stores.paths), practice_stats(stores.practice))


class _PathUnit(NamedTuple):
    path: Trajectory
    segments: Sequence[Segment]

    @property
    def key(self) -> tuple[str, int, str]:
        return self.path.key

    def replay(self, episode: Episode) -> Practice:
        return _replay(episode, self.path, self.segments)


class _PracticeUnit(NamedTuple):
    practice: Practice
    key: Key

    def replay(self, episode: Episode) -> Practice:
        base = self.practice
        return _replay(episode, base.trajectory, base.segments, base.taught, base.prelude)


class _Stores:
    """The stores of the new corpus."""

    def __init__(self, out: str | Path) -> None:
        self.paths = trajectory_store(out)
        self.segments = annotation_store(out, "rules")
        self.practice = practice_store(out)
        self._version = version_of("rules")
        for record in self.paths:
            if "trajectory" in record and record["trajectory"]["simplifications"] != NO_SIMPLIFICATIONS:
                raise UsageError(f"{out} holds paths with simplifications: name another folder.")

    def of(self, unit: "_PathUnit | _PracticeUnit") -> JsonlStore:
        return self.paths if isinstance(unit, _PathUnit) else self.practice

    def keep(self, unit: "_PathUnit | _PracticeUnit", episode: Episode) -> None:
        """Replay a unit and store the result."""
        try:
            played = retrying(lambda: unit.replay(episode))
        except SimulatorDied:
            self.of(unit).append(unit.key, {"given_up": f"the Java process died {MAX_JVM_RESTARTS} times"})
        except NotReplayed as error:
            self.of(unit).append(unit.key, {"given_up": str(error)})
        else:
            self._keep(unit, played)

    def _keep(self, unit: "_PathUnit | _PracticeUnit", played: Practice) -> None:
        if isinstance(unit, _PracticeUnit):
            self.practice.append(unit.key, practice_record(played))
            return
        path = played.trajectory
        # The segments first: a path whose segments were lost could not be annotated by the rules alike.
        rows: dict[str, Any] = {"segments": segment_rows(played.segments), "actions": path.actions}
        self.segments.append(path.key, rows | {"version": self._version})
        self.paths.append(path.key, {"trajectory": path.to_dict()})


def _paths(corpus: Corpus, limits: dict[str, int] | int | None) -> list[_PathUnit]:
    chosen = {
        (task.name, variation)
        for task in TASKS.values()
        for split in SPLITS
        for variation in choose_variations(
            task, split, limits.get(split) if isinstance(limits, dict) else limits
        )
    }
    paths = [path for path in corpus.trajectories("tidied") if (path.task, path.variation) in chosen]
    return [_PathUnit(*pair) for pair in corpus.annotated("rules", paths, version_of("rules"))]


def _practice(corpus: Corpus, plays: int | None) -> list[_PracticeUnit]:
    """The practice, without relabelled tasks, whose score would not be valid."""
    units = []
    counts: dict[str, int] = {}
    for key in sorted(corpus.practice.keys(), key=lambda key: (key[0], key[2], key[1])):
        record = corpus.practice[key]
        task = str(key[0])
        if "practice" not in record or (plays is not None and counts.get(task, 0) >= plays):
            continue
        practice = read_practice(record["practice"], corpus.practice.path)
        if not practice.hindsight:
            counts[task] = counts.get(task, 0) + 1
            units.append(_PracticeUnit(practice, key))
    return units


def _replay(
    episode: Episode,
    base: Trajectory,
    segments: Sequence[Segment],
    taught: Sequence[bool] | None = None,
    prelude: Sequence[str] = (),
) -> Practice:
    """The replay of a path; raises `NotReplayed` if it does not reach the full score."""
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
        raise NotReplayed(f"{episode.score} of 100")
    trajectory = Trajectory(
        base.task,
        base.variation,
        episode.task_description(),
        NO_SIMPLIFICATIONS,
        base.path,
        tuple(replay.steps),
        base.scienceworld_version,
    )
    return Practice(trajectory, step_segments(replay.subgoals), replay.taught, prepared, False)
