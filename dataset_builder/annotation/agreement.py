"""How far two annotators agree on where a plan's steps begin and what they are called."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.annotation.annotators import version_of
from dataset_builder.annotation.exemplars import ANNOTATOR, all_exemplars
from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import Trajectory

Annotated = tuple[Trajectory, Sequence[Segment]]


@dataclass
class Agreement:
    """Counts over some paths; the shares are between 0 and 1, and 1 where there is nothing to compare.

    Attributes:
        paths: how many were compared.
        actions: actions in them.
        segments: segments of the reference and of the other annotator.
        boundaries: starts of segments inside a path that the reference has, the other has, both have.
        same_name: actions whose sub-goals have the same name.
        same_subgoal: actions whose sub-goals are the same, arguments included.
        renamed: (name in the reference, name by the other) → actions.
    """

    paths: int = 0
    actions: int = 0
    segments: tuple[int, int] = (0, 0)
    boundaries: tuple[int, int, int] = (0, 0, 0)
    same_name: int = 0
    same_subgoal: int = 0
    renamed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, reference: Sequence[Segment], other: Sequence[Segment]) -> None:
        """Count one path, given both its annotations."""
        true, found = _starts(reference), _starts(other)
        counts = (len(true), len(found), len(true & found))
        self.boundaries = _plus(self.boundaries, counts)
        self.segments = _plus(self.segments, (len(reference), len(other)))
        self.paths += 1
        for wanted, given in zip(_by_action(reference), _by_action(other), strict=True):
            self.actions += 1
            self.same_name += wanted.name == given.name
            self.same_subgoal += wanted == given
            if wanted.name != given.name:
                self.renamed[wanted.name, given.name] += 1

    @property
    def boundary_f1(self) -> float:
        """F1 of the starts of segments, the first of each path left out (it is always there)."""
        true, found, both = self.boundaries
        return 2 * both / (true + found) if true + found else 1.0

    @property
    def name_share(self) -> float:
        """Share of actions under a sub-goal of the same name."""
        return self.same_name / self.actions if self.actions else 1.0

    @property
    def subgoal_share(self) -> float:
        """Share of actions under the same sub-goal, arguments included."""
        return self.same_subgoal / self.actions if self.actions else 1.0


def compare(reference: Iterable[Annotated], other: Iterable[Annotated]) -> dict[str, Agreement]:
    """Agreement per task, in the order of the reference, on the paths that both annotated.

    Raises:
        UsageError: if they have no path in common.
    """
    given = {(path.key, *path.actions): segments for path, segments in other}
    by_task: dict[str, Agreement] = {}
    for path, segments in reference:
        theirs = given.get((path.key, *path.actions))
        if theirs is not None:
            by_task.setdefault(path.task, Agreement()).add(segments, theirs)
    if not by_task:
        raise UsageError(
            "The two annotators have no path in common: collect and annotate the exemplars' variations "
            "(`dataset_builder/annotation/exemplar_data`), or name another corpus folder."
        )
    return by_task


def total(by_task: dict[str, Agreement]) -> Agreement:
    """All tasks taken together (every action counts the same)."""
    whole = Agreement()
    for part in by_task.values():
        whole.paths += part.paths
        whole.actions += part.actions
        whole.segments = _plus(whole.segments, part.segments)
        whole.boundaries = _plus(whole.boundaries, part.boundaries)
        whole.same_name += part.same_name
        whole.same_subgoal += part.same_subgoal
        whole.renamed += part.renamed
    return whole


def annotations_of(name: str, folder: str | Path | None) -> list[Annotated]:
    """What an annotator made: of the exemplars (`exemplars`, `rules`), or of a corpus folder.

    Args:
        name (`str`): `exemplars`, or an annotator's name.
        folder (`str` or `Path`, *optional*): the corpus folder; without it, `rules` is run over the
            exemplars' paths.

    Raises:
        UsageError: if the annotator's work lies in a folder and none was named.
    """
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.trajectories.corpus import annotated, annotation_store, trajectories

    if name == ANNOTATOR:
        return list(all_exemplars())
    if name == "rules" and folder is None:
        rules = annotator(name)
        return [(path, rules.annotate(path)) for path, _ in all_exemplars()]
    if folder is None:
        raise UsageError(f"Name the corpus folder in which {name} annotated.")
    done = annotation_store(folder, name).keys()
    if not done:
        raise UsageError(f"{name} has annotated nothing in {folder}: run `subgoal corpus annotate` first.")
    return list(
        annotated(folder, name, [path for path in trajectories(folder) if path.key in done], version_of(name))
    )


def agreement_rows(by_task: dict[str, Agreement], held_out: Agreement | None = None) -> list[dict[str, str]]:
    """Table rows: one per task, then all together, then what nothing was tuned on."""
    named = [*by_task.items(), ("all", total(by_task))]
    if held_out is not None:
        named.append(("held out: nothing was tuned on these", held_out))
    return [
        {
            "task": task,
            "paths": str(found.paths),
            "actions": str(found.actions),
            "sub-goals": f"{found.segments[0]} / {found.segments[1]}",
            "boundary F1": f"{found.boundary_f1:.2f}",
            "same name": f"{found.name_share:.0%}",
            "same sub-goal": f"{found.subgoal_share:.0%}",
        }
        for task, found in named
    ]


def _starts(segments: Sequence[Segment]) -> set[int]:
    return {segment.start for segment in segments if segment.start}


def _by_action(segments: Sequence[Segment]) -> list[SubGoal]:
    return [segment.subgoal for segment in segments for _ in range(segment.start, segment.stop)]


def _plus(first: tuple[int, ...], second: tuple[int, ...]) -> tuple:
    return tuple(a + b for a, b in zip(first, second, strict=True))
