"""Fitting an answer to its path: every real action gets a sub-goal, in the path's own order."""

import difflib
import re
from collections.abc import Sequence
from itertools import groupby

from dataset_builder.annotation.teacher.answers import Answered, AnswerError
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments, join_neighbours

MIN_SHARE = 0.5
"""Share of the path's actions that a first answer must name to count as one about this path."""

_NEAR = 0.8  # similarity above which an action that is not in the path is taken for one that is

Group = tuple[int, SubGoal]
"""One sub-goal of one answer: a number of its own, and what it says."""


class Draft:
    """A path's annotation in the making: what is covered so far, and by what.

    Answers are added until nothing is missing; each is aligned to what is missing still. Actions that
    the path does not have are dropped. A single action left out joins the step that follows it, and
    repetitions of an action join that; a longer gap is for the teacher to fill (arXiv 2405.02749).

    Args:
        actions (`Sequence[str]`): the path's actions; at least one.

    Attributes:
        joined: actions that joined a neighbour.
        dropped: actions in answers that the path does not have there.
    """

    def __init__(self, actions: Sequence[str]) -> None:
        self.actions = list(actions)
        self.joined = 0
        self.dropped = 0
        self._groups: list[Group | None] = [None] * len(self.actions)
        self._said: list[set[str]] = []  # by the number of the group

    def add(self, answer: Sequence[Answered]) -> None:
        """Cover what is missing with what an answer says of it.

        Raises:
            AnswerError: if a first answer names too few of the path's actions; nothing is kept of it.
        """
        missing = self.missing
        placed = self._placed(missing, [part.actions for part in answer])
        if len(missing) == len(self.actions) and len(placed) < MIN_SHARE * len(missing):
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
        """Indices of the actions that no sub-goal covers yet."""
        return [index for index, group in enumerate(self._groups) if group is None]

    def segments(self) -> list[Segment]:
        """The finished annotation.

        Raises:
            SubgoalError: if something is missing still.
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
        """Which part of an answer each missing action belongs to.

        A teacher that was asked for what is missing may answer with the whole path.
        """
        asked = align([self.actions[index] for index in missing], parts)
        placed = {missing[position]: part for position, part in asked.items()}
        if len(placed) == len(missing) or len(missing) == len(self.actions):
            return placed
        whole = align(self.actions, parts)
        found = {index: whole[index] for index in missing if index in whole}
        return found if len(found) > len(placed) else placed

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
        """Where a single action belongs: to the step before it if the teacher said so, else the next."""
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
    """Which part of an answer each action belongs to; actions that no part names are left out.

    Order is the path's: the longest common subsequence is matched; then a part that stands elsewhere in
    the answer is put where its actions are.

    Args:
        actions (`Sequence[str]`): the real ones.
        parts (`Sequence[Sequence[str]]`): the answer's, per sub-goal.
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
    """Where a part's actions stand in the path, all of them and none taken."""
    for start in range(len(real) - len(part) + 1):
        window = range(start, start + len(part))
        if list(real[start : start + len(part)]) == list(part) and not any(i in placed for i in window):
            return start
    return None


def _plain(action: str) -> str:
    """An action without what a copyist changes: case, blanks, quotes, its number, a full stop."""
    return " ".join(re.sub(r"^\s*\d+[.)]\s+", "", action.lower()).split()).strip("'\"`. ")


def _nearest(action: str, known: set[str]) -> str:
    if action in known:
        return action
    return next(iter(difflib.get_close_matches(action, known, n=1, cutoff=_NEAR)), action)
