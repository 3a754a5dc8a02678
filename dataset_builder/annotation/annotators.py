"""`Annotator`: divides a trajectory into segments, each with the sub-goal that its actions serve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.trajectories.subgoals import Segment, check_segments
from dataset_builder.trajectories.trajectory import Trajectory


class Annotator(Protocol):
    """Names the sub-goals of a trajectory.

    `annotate` returns segments that cover the trajectory's actions exactly once, in order. An annotator may
    have a `version`: annotations by another version are made again.

    Example:

    ```python
    >>> class WholePath:
    ...     name = "whole-path"
    ...     def annotate(self, trajectory):
    ...         return [Segment(SubGoal("solve", (trajectory.task,)), 0, len(trajectory.steps))]
    ```
    """

    name: str

    def annotate(self, trajectory: Trajectory) -> list[Segment]: ...


@dataclass(frozen=True)
class Annotation:
    """Segments with how they were made.

    Attributes:
        segments: the segments, which cover the trajectory.
        provenance: JSON values that are stored with them, such as the model's name and the digests of its
            completions; empty if the annotator's name is enough.

    Example:

    ```python
    made = annotator("rules").annotation(trajectory)
    print([str(segment.subgoal) for segment in made.segments], made.provenance)
    ```
    """

    segments: list[Segment]
    provenance: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class RecordingAnnotator(Protocol):
    """An annotator that also returns the provenance of an annotation.

    `attempt` is the number of earlier failed attempts at the trajectory.

    Example:

    ```python
    class Sampled:
        name = "sampled"

        def annotation(self, trajectory, attempt=0):
            segments = draw_segments(trajectory, seed=attempt)
            return Annotation(segments, provenance={"seed": attempt})
    ```
    """

    def annotation(self, trajectory: Trajectory, attempt: int = 0) -> Annotation: ...


class NotAnnotated(SubgoalError):
    """The annotator found no sub-goals for a trajectory, which is then quarantined.

    Args:
        reason (`str`): why.
        answers (`Sequence[str]`, *optional*): what a model answered.
        provenance (`dict`, *optional*): as in `Annotation`.

    Example:

    ```python
    >>> error = NotAnnotated("no answer names a sub-goal", answers=["I cannot help with that."])
    >>> print(error, error.answers)
    no answer names a sub-goal ['I cannot help with that.']
    ```
    """

    def __init__(
        self, reason: str, answers: Sequence[str] = (), provenance: dict[str, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.answers = list(answers)
        self.provenance = provenance or {}


class TrajectoryRejected(NotAnnotated):
    """The annotator's server rejected a request about a trajectory, and may reject those about all others.

    Example:

    ```python
    try:
        segments = annotator("llm", folder="corpus", model="qwen3").annotate(trajectory)
    except TrajectoryRejected as error:
        print(f"The server refused the request: {error}")
    ```
    """


# Module names instead of imports: an annotator's libraries are loaded when it is made.
_ANNOTATORS: dict[str, str] = {
    "rules": "dataset_builder.annotation.rules.annotator:RulesAnnotator",
    "llm": "dataset_builder.annotation.teacher.annotator:llm_annotator",
}


class CheckedAnnotator:
    """An annotator whose segments are verified by `check_segments`.

    Args:
        inner (`Annotator`): makes the segments and gives the name.

    Example:

    ```python
    segments = CheckedAnnotator(RulesAnnotator()).annotate(trajectory)
    ```
    """

    def __init__(self, inner: Annotator) -> None:
        self.inner = inner
        self.name = inner.name
        self.version: str = getattr(inner, "version", "")

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover the trajectory; raises the errors of `annotation`."""
        return self.annotation(trajectory).segments

    def annotation(self, trajectory: Trajectory, attempt: int = 0) -> Annotation:
        """Segments that cover the trajectory, with how they were made.

        Raises:
            SubgoalError: if the annotator returned anything else, or the trajectory has no action.
            NotAnnotated: if the annotator found no sub-goals.
        """
        where = f"{trajectory.task} {trajectory.variation} ({trajectory.path})"
        if not trajectory.steps:
            raise SubgoalError(f"{where}: a trajectory without actions has no sub-goals.")
        if isinstance(self.inner, RecordingAnnotator):
            made = self.inner.annotation(trajectory, attempt)
        else:
            made = Annotation(self.inner.annotate(trajectory))
        try:
            check_segments(made.segments, len(trajectory.steps))
        except SubgoalError as error:
            raise SubgoalError(f"Annotator {self.name}, {where}: {error}") from error
        return made


def annotator(name: str, **options: Any) -> CheckedAnnotator:
    """The annotator of this name, with its segments checked.

    Args:
        name (`str`): one of `annotator_names()`.
        options: arguments of the annotator; see
            `dataset_builder.annotation.teacher.annotator.llm_annotator`.

    Raises:
        UsageError: if there is no such annotator; the message lists the names.
    """
    if name not in _ANNOTATORS:
        raise UsageError(f"Unknown annotator {name!r}: use {', '.join(annotator_names())}.")
    module, _, attribute = _ANNOTATORS[name].partition(":")
    build: Callable[..., Annotator] = getattr(import_module(module), attribute)
    return CheckedAnnotator(build(**options))


def version_of(name: str) -> str:
    """The required version of stored segments: only the rules have one, the digest of their code."""
    return annotator(name).version if name == "rules" else ""


def annotator_names() -> list[str]:
    """Names of all annotators."""
    return sorted(_ANNOTATORS)
