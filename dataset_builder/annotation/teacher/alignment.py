"""Aligning an answer with its trajectory: every action gets a sub-goal, in the order of the trajectory."""

import difflib
import re
from collections.abc import Sequence
from itertools import groupby

from dataset_builder.annotation.teacher.answers import Answered, AnswerError
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments, join_neighbours

MIN_COVERED = 0.5
"""Minimum share of the trajectory's actions that a first answer must name."""

_MIN_SIMILARITY = 0.8  # above which an action of an answer counts as a misspelt action of the trajectory

Group = tuple[int, SubGoal]
"""One sub-goal of one answer: its number among all answers, and the sub-goal."""


class Draft:
    """A partial annotation of a trajectory: which actions are covered so far, and by which sub-goal.

    Answers are added until nothing is missing; each one is aligned with the missing actions. Actions
    that the trajectory does not contain are dropped. A single missing action joins the segment after
    it, and repetitions of an action join that action's segment. For longer gaps the teacher is asked
    again (arXiv 2405.02749).

    Args:
        actions (`Sequence[str]`): the actions of the trajectory; at least one.

    Attributes:
        joined: number of actions that joined a neighbour.
        dropped: number of actions in answers that the trajectory does not contain there.

    Example:

    ```python
    >>> from dataset_builder.annotation.teacher.answers import parse_answer
    >>> draft = Draft(["open door", "go to kitchen"])
    >>> draft.add(parse_answer('1- navigate_to(kitchen): {"open door", "go to kitchen"}'))
    >>> [(str(segment.subgoal), segment.start, segment.stop) for segment in draft.segments()]
    [('navigate_to(kitchen)', 0, 2)]
    ```
    """

    def __init__(self, actions: Sequence[str]) -> None:
        self.actions = list(actions)
        self.joined = 0
        self.dropped = 0
        self._groups: list[Group | None] = [None] * len(self.actions)
        self._said: list[set[str]] = []  # by the number of the group

    def add(self, answer: Sequence[Answered]) -> None:
        """Cover missing actions by the sub-goals of an answer.

        Raises:
            AnswerError: if a first answer names too few of the actions; nothing of it is used.
        """
        missing = self.missing
        placed = self._placed(missing, [part.actions for part in answer])
        if len(missing) == len(self.actions) and len(placed) < MIN_COVERED * len(missing):
            raise AnswerError(f"it names {len(placed)} of the path's {len(missing)} actions.")
        known = {_plain(action) for action in self.actions}
        for index, part in placed.items():
            self._groups[index] = (len(self._said) + part, answer[part].subgoal)
        self._said += [{_nearest(_plain(action), known) for action in part.actions} for part in answer]
        self.dropped += sum(len(part.actions) for part in answer) - len(placed)
        if placed:
            self._join_small_gaps()

    @property
    def missing(self) -> list[int]:
        """Indices of the actions without a sub-goal."""
        return [index for index, group in enumerate(self._groups) if group is None]

    def segments(self) -> list[Segment]:
        """The finished annotation.

        Raises:
            SubgoalError: if actions are missing.
        """
        segments = []
        start = 0
        for group, run in groupby(self._groups):
            stop = start + len(list(run))
            if group is not None:
                segments.append(Segment(group[1], start, stop))
            start = stop
        segments = join_neighbours(segments)
        check_segments(segments, len(self.actions))
        return segments

    def _placed(self, missing: Sequence[int], parts: Sequence[Sequence[str]]) -> dict[int, int]:
        """Index of a missing action → index of the part of the answer that it belongs to."""
        asked = align([self.actions[index] for index in missing], parts)
        placed = {missing[position]: part for position, part in asked.items()}
        if len(placed) == len(missing) or len(missing) == len(self.actions):
            return placed
        # A teacher that was asked for the missing actions may answer with the whole trajectory.
        whole = align(self.actions, parts)
        missing_of_whole = {index: whole[index] for index in missing if index in whole}
        return missing_of_whole if len(missing_of_whole) > len(placed) else placed

    def _join_small_gaps(self) -> None:
        same = self._same_as_covered
        for index in range(1, len(self.actions)):
            if same(index, index - 1):
                self._join(index, index - 1)
        for index in reversed(range(len(self.actions) - 1)):
            if same(index, index + 1):
                self._join(index, index + 1)
        missing = set(self.missing)
        for index in sorted(missing):
            if index - 1 not in missing and index + 1 not in missing and len(self.actions) > 1:
                self._join(index, self._neighbour(index))

    def _neighbour(self, index: int) -> int:
        """The neighbour that an action joins: the one before it if the teacher said so, else the next."""
        if index + 1 == len(self.actions):
            return index - 1
        before = self._groups[index - 1] if index else None
        said = before is not None and _plain(self.actions[index]) in self._said[before[0]]
        return index - 1 if said else index + 1

    def _same_as_covered(self, index: int, neighbour: int) -> bool:
        covered = self._groups[index] is None and self._groups[neighbour] is not None
        return covered and self.actions[index] == self.actions[neighbour]

    def _join(self, index: int, neighbour: int) -> None:
        self._groups[index] = self._groups[neighbour]
        self.joined += 1


def align(actions: Sequence[str], parts: Sequence[Sequence[str]]) -> dict[int, int]:
    """Index of an action → index of the part of an answer that it belongs to, for actions that are named.

    The longest common subsequence is matched first, then parts that the answer has in another order.

    Args:
        actions (`Sequence[str]`): actions of the trajectory.
        parts (`Sequence[Sequence[str]]`): per sub-goal of the answer, its actions.
    """
    real = [_plain(action) for action in actions]
    known = set(real)
    said = [[_nearest(_plain(action), known) for action in part] for part in parts]
    flat = [(number, action) for number, part in enumerate(said) for action in part]
    placed = {a: flat[b][0] for a, b in _common(real, [action for _, action in flat])}
    used = set(placed.values())
    for number, part in enumerate(said):
        if number not in used and part:
            start = _free_run(real, part, placed)
            if start is not None:
                placed |= {start + offset: number for offset in range(len(part))}
    return placed


def _common(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Index pairs of a longest common subsequence (`difflib` finds long blocks, not the most matches)."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for a in reversed(range(len(first))):
        for b in reversed(range(len(second))):
            same = first[a] == second[b]
            skipped = max(lengths[a + 1][b], lengths[a][b + 1])
            lengths[a][b] = lengths[a + 1][b + 1] + 1 if same else skipped
    pairs = []
    a = b = 0
    while a < len(first) and b < len(second):
        if first[a] == second[b]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return pairs


def _free_run(real: Sequence[str], part: Sequence[str], placed: dict[int, int]) -> int | None:
    """Start of an uncovered run of exactly the actions of a part."""
    for start in range(len(real) - len(part) + 1):
        window = range(start, start + len(part))
        if list(real[start : start + len(part)]) == list(part) and not any(i in placed for i in window):
            return start
    return None


def _plain(action: str) -> str:
    """An action without what models change: case, blanks, quotes, a number before it, a full stop."""
    return " ".join(re.sub(r"^\s*\d+[.)]\s+", "", action.lower()).split()).strip("'\"`. ")


def _nearest(action: str, known: set[str]) -> str:
    if action in known:
        return action
    return next(iter(difflib.get_close_matches(action, known, n=1, cutoff=_MIN_SIMILARITY)), action)
