"""`subgoal corpus annotate --annotator llm`: runs the teacher and prints a summary."""

from collections.abc import Sequence
from pathlib import Path

from dataset_builder.annotation.annotate_corpus import annotate, not_annotated
from dataset_builder.annotation.annotators import CheckedAnnotator
from dataset_builder.annotation.teacher.annotator import LLMAnnotator
from dataset_builder.common.console import console, progress_bar, row_table
from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.ledger import print_spending
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.trajectory import Trajectory


def annotate_by_llm(
    folder: Path,
    teacher: CheckedAnnotator,
    trajectories: Sequence[Trajectory],
    concurrency: int,
    retry_quarantined: bool,
) -> None:
    """Annotate what is missing; print quarantine and cost, also when the run is stopped."""
    llm = teacher.inner
    assert isinstance(llm, LLMAnnotator)
    before = len(llm.calls())
    try:
        with progress_bar() as bar:
            new = annotate(
                folder,
                teacher,
                trajectories,
                bar,
                concurrency=concurrency,
                retry_quarantined=retry_quarantined,
            )
    finally:
        calls = llm.calls()
        print_spending(calls[before:], len(calls), llm.name, llm.budget, TASKS)
    lost = set(Corpus(folder).quarantined(teacher.name)) & {trajectory.key for trajectory in trajectories}
    done = f"{len(trajectories) - len(lost)} of {len(trajectories)} trajectories annotated by {teacher.name}"
    console.print(f"{done}, {new} of them now.", highlight=False, soft_wrap=True)
    if lost:
        where = Corpus(folder).quarantine(teacher.name).path
        line = f"{len(lost)} in quarantine, see {where}; --retry-quarantined asks for them again."
        console.print(line, highlight=False, soft_wrap=True)
    if len(lost) == len(trajectories):
        raise SubgoalError(f"{teacher.name} annotated no trajectory: see the reasons in {where}.")


def show_estimate(
    folder: Path, teacher: CheckedAnnotator, trajectories: Sequence[Trajectory], retry_quarantined: bool
) -> None:
    """Print an estimate of the cost of the remaining annotations."""
    llm = teacher.inner
    assert isinstance(llm, LLMAnnotator)
    missing = not_annotated(folder, teacher.name, trajectories, retry_quarantined)
    fresh = {trajectory.key for trajectory in not_annotated(folder, teacher.name, trajectories)}
    given_up = Corpus(folder).quarantine(teacher.name)
    again = [trajectory.key for trajectory in missing if trajectory.key not in fresh]
    rows = llm.estimate(missing, {key: given_up[key]["attempts"] for key in again})
    done = len(Corpus(folder).annotations(teacher.name))
    console.print(f"{done} annotated by {teacher.name}, {len(missing)} to do.", highlight=False)
    if rows:
        console.print(row_table(rows, "Estimate: 4 characters a token, no repairs"))
