"""Agreement of two annotators on the boundaries and the names of sub-goals."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.annotation.annotators import annotator, version_of
from dataset_builder.annotation.exemplars import ANNOTATOR, all_exemplars
from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import Trajectory

Annotated = tuple[Trajectory, Sequence[Segment]]


@dataclass
class Agreement:
    """Counts over some paths; shares are between 0 and 1, and 1 if there is nothing to compare.

    Attributes:
        counts: by name. `paths` and `actions` that were compared; segments of the `reference` and of the
            `other` annotator; starts of segments inside a path, of each and shared (`reference_starts`,
            `other_starts`, `shared_starts`); actions whose sub-goals have the `same_name`, and actions with
            the `same_subgoal`, including its arguments.
        renamed: (name in the reference, name by the other) → actions.

    Example:

    ```python
    by_task = compare(annotations_of("exemplars"), annotations_of("rules"))
    print(f"{total(by_task).boundary_f1:.2f}")
    ```
    """

    counts: Counter[str] = field(default_factory=Counter)
    renamed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, reference: Sequence[Segment], other: Sequence[Segment]) -> None:
        """Add the counts of one path with two annotations."""
        reference_starts, other_starts = _starts(reference), _starts(other)
        self.counts.update(
            paths=1,
            reference=len(reference),
            other=len(other),
            reference_starts=len(reference_starts),
            other_starts=len(other_starts),
            shared_starts=len(reference_starts & other_starts),
        )
        for expected, given in zip(_by_action(reference), _by_action(other), strict=True):
            self.counts.update(
                actions=1, same_name=expected.name == given.name, same_subgoal=expected == given
            )
            if expected.name != given.name:
                self.renamed[expected.name, given.name] += 1

    @property
    def boundary_f1(self) -> float:
        """F1 of the starts of segments, without the first of each path (both annotators have it)."""
        starts = self.counts["reference_starts"] + self.counts["other_starts"]
        return 2 * self.counts["shared_starts"] / starts if starts else 1.0

    @property
    def name_share(self) -> float:
        """Share of actions whose sub-goals have the same name."""
        return self.counts["same_name"] / self.counts["actions"] if self.counts["actions"] else 1.0

    @property
    def subgoal_share(self) -> float:
        """Share of actions with the same sub-goal, including its arguments."""
        return self.counts["same_subgoal"] / self.counts["actions"] if self.counts["actions"] else 1.0


def compare(reference: Iterable[Annotated], other: Iterable[Annotated]) -> dict[str, Agreement]:
    """Agreement per task, in the order of the reference, on the paths that both annotated.

    Raises:
        UsageError: if they have no path in common.
    """
    # A path is the same only with the same actions: a corpus may hold another solution of a variation.
    by_path = {(path.key, *path.actions): segments for path, segments in other}
    by_task: dict[str, Agreement] = {}
    for path, segments in reference:
        other_segments = by_path.get((path.key, *path.actions))
        if other_segments is not None:
            by_task.setdefault(path.task, Agreement()).add(segments, other_segments)
    if not by_task:
        raise UsageError(
            "The two annotators have no path in common: collect and annotate the exemplars' variations "
            "(`dataset_builder/annotation/exemplar_data`), or name another corpus folder."
        )
    return by_task


def total(by_task: dict[str, Agreement]) -> Agreement:
    """All tasks together (every action counts the same)."""
    whole = Agreement()
    for agreement in by_task.values():
        whole.counts.update(agreement.counts)
        whole.renamed.update(agreement.renamed)
    return whole


def annotations_of(name: str, corpus: Corpus | str | Path | None = None) -> list[Annotated]:
    """An annotator's annotations: of the exemplars (`exemplars`, `rules`), or in a corpus folder.

    Args:
        name (`str`): `exemplars`, or an annotator's name.
        corpus (`Corpus`, `str` or `Path`, *optional*): the corpus or its folder; without it, `rules`
            annotates the exemplars' paths.

    Raises:
        UsageError: if the annotator needs a corpus and none is given.
    """
    if name == ANNOTATOR:
        return list(all_exemplars())
    if corpus is None:
        if name != "rules":
            raise UsageError(f"Name the corpus folder in which {name} annotated.")
        rules = annotator(name)
        return [(path, rules.annotate(path)) for path, _ in all_exemplars()]
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    done = corpus.annotations(name)
    if not len(done):
        raise UsageError(
            f"{name} has annotated nothing in {corpus.folder}: run `subgoal corpus annotate` first."
        )
    paths = [path for path in corpus.trajectories() if path.key in done]
    return list(corpus.annotated(name, paths, version_of(name)))


def agreement_rows(by_task: dict[str, Agreement], held_out: Agreement | None = None) -> list[dict[str, str]]:
    """Table rows: one per task, then the total, then the held-out exemplars.

    Args:
        by_task (`dict[str, Agreement]`): task → its counts.
        held_out (`Agreement`, *optional*): counts of the held-out exemplars.

    Returns:
        `list[dict[str, str]]`: each row has the keys `task`, `paths`, `actions`, `sub-goals` ("reference /
        other"), `boundary F1`, `same name` and `same sub-goal`.
    """
    rows = [*by_task.items(), ("all", total(by_task))]
    if held_out is not None:
        rows.append(("held out: nothing was tuned on these", held_out))
    return [
        {
            "task": task,
            "paths": str(agreement.counts["paths"]),
            "actions": str(agreement.counts["actions"]),
            "sub-goals": f"{agreement.counts['reference']} / {agreement.counts['other']}",
            "boundary F1": f"{agreement.boundary_f1:.2f}",
            "same name": f"{agreement.name_share:.0%}",
            "same sub-goal": f"{agreement.subgoal_share:.0%}",
        }
        for task, agreement in rows
    ]


def _starts(segments: Sequence[Segment]) -> set[int]:
    return {segment.start for segment in segments if segment.start}


def _by_action(segments: Sequence[Segment]) -> list[SubGoal]:
    return [segment.subgoal for segment in segments for _ in range(segment.start, segment.stop)]
