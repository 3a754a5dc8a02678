"""Sub-goals in functional form, `name(argument, …)`, and the segments into which they divide a path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.common.errors import SubgoalError

_FORM = re.compile(r"\s*([a-z][a-z0-9_]*)\s*\((.*)\)\s*", re.DOTALL)
_BAD_ARGUMENT = re.compile(r"[(),\n\r\t]")


class SubGoalSyntaxError(SubgoalError, ValueError):
    """A text is not a sub-goal.

    Example:

    ```python
    >>> SubGoal.parse("go to the kitchen")
    Traceback (most recent call last):
        ...
    dataset_builder.trajectories.subgoals.SubGoalSyntaxError: 'go to the kitchen' is not a sub-goal: write ...
    ```
    """


@dataclass(frozen=True)
class SubGoal:
    """The purpose of consecutive actions, such as `fill(metal pot, water)` (arXiv 2405.02749, §3).

    Args:
        name (`str`): lower-case words joined by underscores.
        arguments (`tuple[str, ...]`, *optional*): object and place names; no commas or parentheses.

    Raises:
        SubGoalSyntaxError: if the name or an argument cannot be written in this form.

    Example:

    ```python
    >>> subgoal = SubGoal.parse("fill(metal pot, water)")
    >>> subgoal.name, subgoal.arguments
    ('fill', ('metal pot', 'water'))
    ```
    """

    name: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise SubGoalSyntaxError(f"{self.name!r} is not a sub-goal name: use words_like_this.")
        for argument in self.arguments:
            if not argument.strip() or argument != argument.strip() or _BAD_ARGUMENT.search(argument):
                raise SubGoalSyntaxError(
                    f"{argument!r} is not a sub-goal argument: no commas, parentheses or line breaks."
                )

    @classmethod
    def parse(cls, text: str) -> "SubGoal":
        """Read `name(argument, …)`; blanks around names and arguments do not matter.

        Raises:
            SubGoalSyntaxError: if the text has another form.
        """
        match = _FORM.fullmatch(text)
        if not match:
            raise SubGoalSyntaxError(f"{text[:80]!r} is not a sub-goal: write name(argument, …).")
        name, inner = match.groups()
        arguments = tuple(part.strip() for part in inner.split(",")) if inner.strip() else ()
        return cls(name, arguments)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True)
class Segment:
    """A sub-goal with the actions that fulfil it: those of index `start <= index < stop`.

    Example:

    ```python
    >>> segment = Segment(SubGoal.parse("navigate_to(kitchen)"), start=0, stop=2)
    >>> ["open door to kitchen", "go to kitchen", "open cupboard"][segment.start : segment.stop]
    ['open door to kitchen', 'go to kitchen']
    ```
    """

    subgoal: SubGoal
    start: int
    stop: int


def check_segments(segments: Sequence[Segment], n_actions: int) -> None:
    """Raise `SubgoalError` unless the segments cover the actions 0 to `n_actions` exactly once, in order.

    Two neighbours with the same sub-goal are refused too: an agent could not tell them apart.
    """
    position = 0
    previous: SubGoal | None = None
    for segment in segments:
        if segment.start != position or segment.stop <= segment.start:
            raise SubgoalError(
                f"Segment {segment.subgoal} covers {segment.start}:{segment.stop}, expected a start at "
                f"{position}: segments must cover the path in order."
            )
        if segment.subgoal == previous:
            raise SubgoalError(f"Two neighbouring segments are both {segment.subgoal}: merge them.")
        position, previous = segment.stop, segment.subgoal
    if position != n_actions:
        raise SubgoalError(f"Segments cover {position} of {n_actions} actions.")


def join_neighbours(segments: Sequence[Segment]) -> list[Segment]:
    """Merge neighbours that have the same sub-goal."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and joined[-1].subgoal == segment.subgoal:
            segment = Segment(segment.subgoal, joined.pop().start, segment.stop)
        joined.append(segment)
    return joined


def step_segments(subgoals: Sequence[str]) -> list[Segment]:
    """The inverse of `step_subgoals`: runs of the same sub-goal as segments.

    Raises:
        SubGoalSyntaxError: if a text is not a sub-goal.
    """
    return join_neighbours(
        [Segment(SubGoal.parse(text), index, index + 1) for index, text in enumerate(subgoals)]
    )


def step_subgoals(segments: Sequence[Segment]) -> list[str]:
    """The sub-goal's text at each step."""
    return [str(segment.subgoal) for segment in segments for _ in range(segment.start, segment.stop)]
