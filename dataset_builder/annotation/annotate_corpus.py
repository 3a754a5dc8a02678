"""Running an annotator over a corpus folder: resumable, several trajectories at a time."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from dataset_builder.annotation.annotators import (
    Annotation,
    Annotator,
    CheckedAnnotator,
    NotAnnotated,
    TrajectoryRejected,
)
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.engines.base import Engine
from dataset_builder.engines.local import run_in_threads
from dataset_builder.llm.errors import RequestFailed, check_answered
from dataset_builder.trajectories.corpus import Corpus, fits, segment_rows
from dataset_builder.trajectories.trajectory import Trajectory


def not_annotated(
    corpus: Corpus | str | Path,
    annotator: str,
    trajectories: Iterable[Trajectory],
    retry_quarantined: bool = False,
    version: str = "",
) -> list[Trajectory]:
    """The trajectories that an annotator has not processed.

    Segments by another version of the annotator are ignored. Quarantined trajectories count as processed,
    unless `retry_quarantined`.
    """
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    done, quarantine = corpus.annotations(annotator), corpus.quarantine(annotator)

    def is_done(path: Trajectory) -> bool:
        if fits(done, path) and done[path.key].get("version", "") == version:
            return True
        return not retry_quarantined and fits(quarantine, path)

    return [path for path in trajectories if not is_done(path)]


def annotate(
    folder: str | Path,
    annotator: Annotator,
    trajectories: Sequence[Trajectory],
    progress: Progress | None = None,
    *,
    concurrency: int = 1,
    retry_quarantined: bool = False,
    engine: Engine | None = None,
) -> int:
    """Annotate the remaining trajectories; returns how many were annotated.

    A trajectory whose actions changed, or that was annotated by another version of the annotator, is
    annotated again. Failed trajectories go to `quarantine_store` and are retried only with
    `retry_quarantined`.

    Args:
        folder (`str` or `Path`): the corpus folder.
        annotator (`Annotator`): makes the segments, which are checked before they are stored.
        trajectories (`Sequence[Trajectory]`): the trajectories.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.
        concurrency (`int`, *optional*, defaults to 1): number of trajectories at the same time.
        retry_quarantined (`bool`, *optional*, defaults to `False`): try quarantined trajectories again.
        engine (`Engine`, *optional*): runs the annotator, instead of threads of this process; only for
            stateless annotators, such as `rules`.

    Raises:
        SubgoalError: if the annotator cannot continue, or failed on some paths; finished ones are kept.

    Example:

    ```python
    annotate("corpus", annotator("rules"), Corpus("corpus").trajectories())
    ```
    """
    if concurrency < 1:
        raise UsageError(f"--concurrency {concurrency}: give 1 or more.")
    run = _Run(folder, annotator)
    missing = not_annotated(
        run.corpus, annotator.name, trajectories, retry_quarantined, run.annotator.version
    )
    advance = progress_line(progress, "sub-goals", len(trajectories), len(trajectories) - len(missing))
    if engine is None:
        return run.in_threads(missing, concurrency, advance, progress)
    new = 0
    for trajectory, outcome in engine.map(_AnnotateJob(run.annotator), missing, batch=None):
        new += run.keep(trajectory, outcome)
        advance()
    return new


def _outcome(
    annotator: CheckedAnnotator, trajectory: Trajectory, attempts: int = 0
) -> Annotation | NotAnnotated:
    """Segments, or the reason why there are none."""
    try:
        return annotator.annotation(trajectory, attempts)
    except TrajectoryRejected:
        raise
    except NotAnnotated as error:
        return error


@dataclass(frozen=True)
class _AnnotateJob:
    """The job that annotates trajectories, on any engine.

    Attributes:
        annotator: makes the segments.
    """

    annotator: CheckedAnnotator
    uses_gpu = False

    def start(self, threads: int) -> "_AnnotateWorker":
        """A worker, which needs no resources."""
        return _AnnotateWorker(self.annotator)


class _AnnotateWorker:
    def __init__(self, annotator: CheckedAnnotator) -> None:
        self._annotator = annotator

    def work(
        self, trajectories: Sequence[Trajectory]
    ) -> Generator[tuple[int, Annotation | NotAnnotated], None, None]:
        for index, trajectory in enumerate(trajectories):
            yield index, _outcome(self._annotator, trajectory)

    def close(self) -> None:
        """It holds no resources."""


class _Run:
    """One run of an annotator over a folder."""

    def __init__(self, folder: str | Path, annotator: Annotator) -> None:
        self.annotator = annotator if isinstance(annotator, CheckedAnnotator) else CheckedAnnotator(annotator)
        self.corpus = Corpus(folder)
        self.store = self.corpus.annotations(annotator.name)
        self.quarantine = self.corpus.quarantine(annotator.name)

    def in_threads(
        self,
        missing: Sequence[Trajectory],
        concurrency: int,
        advance: Callable[[], None],
        progress: Progress | None,
    ) -> int:
        """Annotate in threads of this process; returns how many trajectories were annotated.

        A server that rejects the request for one trajectory may reject all requests. So a rejected
        trajectory is quarantined only at the end, and only if the server answered other requests.
        """
        results, failures = run_in_threads(
            self.one,
            missing,
            concurrency,
            expected=(TrajectoryRejected, RequestFailed),
            advance=advance,
            progress=progress,
        )
        for trajectory, error in failures:
            if isinstance(error, TrajectoryRejected):
                self.give_up(trajectory, error)
        check_answered(failures, len(missing), "trajectories")
        return sum(results)

    def one(self, trajectory: Trajectory) -> bool:
        """Annotate a trajectory and store the outcome; returns whether it has sub-goals now."""
        return self.keep(trajectory, _outcome(self.annotator, trajectory, self._attempts(trajectory)))

    def keep(self, trajectory: Trajectory, outcome: Annotation | NotAnnotated) -> bool:
        """Store the outcome for a trajectory; returns whether it has sub-goals now."""
        if isinstance(outcome, NotAnnotated):
            self.give_up(trajectory, outcome)
            return False
        rows = segment_rows(outcome.segments)
        record = {"segments": rows, "actions": trajectory.actions, **outcome.provenance}
        if self.annotator.version:
            record["version"] = self.annotator.version
        self.store.append(trajectory.key, record)
        return True

    def give_up(self, trajectory: Trajectory, error: NotAnnotated) -> None:
        """Put a trajectory into quarantine, with the reason and the answers."""
        record = {"reason": str(error), "answers": error.answers, "actions": trajectory.actions}
        attempts = {"attempts": self._attempts(trajectory) + 1}
        self.quarantine.append(trajectory.key, record | attempts | error.provenance)

    def _attempts(self, trajectory: Trajectory) -> int:
        if not fits(self.quarantine, trajectory):
            return 0
        return self.quarantine[trajectory.key]["attempts"]
