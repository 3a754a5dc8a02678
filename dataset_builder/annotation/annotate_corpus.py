"""Running an annotator over a corpus folder: keyed, resumable, several at a time."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from dataset_builder.annotation.annotators import Annotation, Annotator, CheckedAnnotator, NotAnnotated
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.engines.base import Engine
from dataset_builder.engines.local import WorkerThreads
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.trajectories.corpus import annotation_store, fits, quarantine_store
from dataset_builder.trajectories.trajectory import Trajectory


def not_annotated(
    folder: str | Path,
    annotator: str,
    trajectories: Iterable[Trajectory],
    retry_quarantined: bool = False,
    version: str = "",
) -> list[Trajectory]:
    """Which trajectories an annotator has still to do; those it gave up count only if asked for.

    What it did in another version of its own counts as not done.
    """
    done = annotation_store(folder, annotator)
    given_up = quarantine_store(folder, annotator)

    def is_done(path: Trajectory) -> bool:
        if fits(done, path) and done[path.key].get("version", "") == version:
            return True
        return not retry_quarantined and fits(given_up, path)

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
    """Annotate what is not annotated yet; returns how many trajectories were.

    A trajectory that changed since (other actions), or was annotated by another version of the
    annotator, is annotated again. What the annotator gives up goes to `quarantine_store` and is
    tried again only if asked for.

    Args:
        folder (`str` or `Path`): the corpus folder.
        annotator (`Annotator`): whose segments; they are checked before they are stored.
        trajectories (`Sequence[Trajectory]`): what to annotate.
        progress (`rich.progress.Progress`, *optional*): where to show a bar.
        concurrency (`int`, *optional*, defaults to 1): trajectories at the same time.
        retry_quarantined (`bool`, *optional*): try what was given up once more.
        engine (`Engine`, *optional*): who does it, in place of threads of this process; for annotators
            that keep nothing between trajectories, such as `rules`.

    Raises:
        SubgoalError: if the annotator cannot go on, or had no answer for some; what is done is kept.
    """
    if concurrency < 1:
        raise UsageError(f"--concurrency {concurrency}: give 1 or more.")
    run = _Run(folder, annotator)
    missing = not_annotated(folder, annotator.name, trajectories, retry_quarantined, run.annotator.version)
    done = len(trajectories) - len(missing)
    bar = progress.add_task("sub-goals", total=len(trajectories), completed=done) if progress else None
    new = 0
    if engine is not None:
        for trajectory, outcome in engine.map(AnnotateJob(run.annotator), missing, batch=None):
            new += run.keep(trajectory, outcome)
            if progress and bar is not None:
                progress.advance(bar)
        return new
    refused: list[tuple[Trajectory, RequestRejected]] = []
    unanswered: list[RequestFailed] = []
    with WorkerThreads(run.one, missing, concurrency) as crew:
        try:
            for trajectory, future in crew:
                try:
                    new += future.result()
                except RequestRejected as error:
                    refused.append((trajectory, error))
                except RequestFailed as error:
                    unanswered.append(error)
                if progress and bar is not None:
                    progress.advance(bar)
        except KeyboardInterrupt:
            if progress and concurrency > 1:
                progress.console.print("Waiting for the answers under way; Ctrl-C again leaves at once.")
            raise
    for trajectory, refusal in refused:  # the server answered the others, so it is not at fault
        run.give_up(trajectory, refusal)
    if unanswered:
        raise SubgoalError(
            f"{len(unanswered)} of {len(missing)} trajectories got no answer, the last because "
            f"{unanswered[-1]}: the same command asks for them again."
        )
    return new


def _outcome(
    annotator: CheckedAnnotator, trajectory: Trajectory, attempts: int = 0
) -> Annotation | NotAnnotated:
    """Segments, or why there are none. A refusing server is an error: it may refuse everything."""
    try:
        return annotator.annotation(trajectory, attempts)
    except NotAnnotated as error:
        return error


@dataclass(frozen=True)
class AnnotateJob:
    """Annotates trajectories, wherever it is.

    Attributes:
        annotator: whose segments.
    """

    annotator: CheckedAnnotator
    uses_gpu = False

    def start(self, threads: int) -> "_Annotating":
        """Nothing needs to be started."""
        return _Annotating(self.annotator)


class _Annotating:
    def __init__(self, annotator: CheckedAnnotator) -> None:
        self._annotator = annotator

    def work(
        self, trajectories: Sequence[Trajectory]
    ) -> Generator[tuple[int, Annotation | NotAnnotated], None, None]:
        for place, trajectory in enumerate(trajectories):
            yield place, _outcome(self._annotator, trajectory)

    def close(self) -> None:
        """Nothing is held."""


class _Run:
    """One run of an annotator over a folder."""

    def __init__(self, folder: str | Path, annotator: Annotator) -> None:
        self.annotator = annotator if isinstance(annotator, CheckedAnnotator) else CheckedAnnotator(annotator)
        self.store = annotation_store(folder, annotator.name)
        self.quarantine = quarantine_store(folder, annotator.name)

    def one(self, trajectory: Trajectory) -> bool:
        """Annotate a trajectory and store what came of it; whether it has sub-goals now."""
        return self.keep(trajectory, _outcome(self.annotator, trajectory, self._attempts(trajectory)))

    def keep(self, trajectory: Trajectory, made: Annotation | NotAnnotated) -> bool:
        """Store what came of a trajectory; whether it has sub-goals now."""
        if isinstance(made, NotAnnotated):
            self.give_up(trajectory, made)
            return False
        rows = [[str(segment.subgoal), segment.start, segment.stop] for segment in made.segments]
        record = {"segments": rows, "actions": trajectory.actions, **made.provenance}
        if self.annotator.version:
            record["version"] = self.annotator.version
        self.store.append(trajectory.key, record)
        return True

    def give_up(self, trajectory: Trajectory, error: NotAnnotated | RequestRejected) -> None:
        """Put a trajectory into quarantine, with the reason and the answers."""
        record = {"reason": str(error), "answers": error.answers, "actions": trajectory.actions}
        attempts = {"attempts": self._attempts(trajectory) + 1}
        self.quarantine.append(trajectory.key, record | attempts | error.provenance)

    def _attempts(self, trajectory: Trajectory) -> int:
        if not fits(self.quarantine, trajectory):
            return 0
        return self.quarantine[trajectory.key]["attempts"]
