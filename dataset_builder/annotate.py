"""`Annotator`: cuts a trajectory into segments, each with the sub-goal that its actions serve."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from dataset_builder.errors import SubgoalError, UsageError
from dataset_builder.subgoals import Segment, check_segments
from dataset_builder.trajectory import Trajectory


class Annotator(Protocol):
    """Names the sub-goals of a trajectory.

    `annotate` returns segments that cover the trajectory's actions exactly once, in order.
    """

    name: str

    def annotate(self, trajectory: Trajectory) -> list[Segment]: ...


# Modules are named, not imported: an annotator's libraries are loaded when it is asked for.
_ANNOTATORS: dict[str, str] = {"rules": "dataset_builder.rules:RulesAnnotator"}


class CheckedAnnotator:
    """Passes on what an annotator returns only after `check_segments` has seen it.

    Args:
        inner (`Annotator`): does the work and gives the name.
    """

    def __init__(self, inner: Annotator) -> None:
        self.inner = inner
        self.name = inner.name

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover the trajectory.

        Raises:
            SubgoalError: if the annotator returned anything else, or the trajectory has no action.
        """
        where = f"{trajectory.task} {trajectory.variation} ({trajectory.path})"
        if not trajectory.steps:
            raise SubgoalError(f"{where}: a trajectory without actions has no sub-goals.")
        segments = self.inner.annotate(trajectory)
        try:
            check_segments(segments, len(trajectory.steps))
        except SubgoalError as error:
            raise SubgoalError(f"Annotator {self.name}, {where}: {error}") from error
        return segments


def annotator(name: str) -> Annotator:
    """The annotator of this name, with its segments checked.

    Args:
        name (`str`): one of `annotator_names()`.

    Raises:
        UsageError: if there is none of that name; the message lists the known ones.
    """
    if name not in _ANNOTATORS:
        raise UsageError(f"Unknown annotator {name!r}: use {', '.join(annotator_names())}.")
    module, _, attribute = _ANNOTATORS[name].partition(":")
    build: Callable[[], Annotator] = getattr(import_module(module), attribute)
    return CheckedAnnotator(build())


def annotator_names() -> list[str]:
    """Names that `annotator` knows."""
    return sorted(_ANNOTATORS)
