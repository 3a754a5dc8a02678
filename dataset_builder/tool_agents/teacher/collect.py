"""Collecting a teacher's trajectories: resumable, several questions at a time."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rich.progress import Progress

from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.engines.local import run_in_threads
from dataset_builder.llm.errors import RequestFailed, RequestRejected, check_answered
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.trajectory import TRAJECTORIES, ToolTrajectory

REFUSED = "refused by the server"


class Teacher(Protocol):
    """Works on questions.

    Attributes:
        name: of its records in a folder.
        teacher: what its trajectories say.

    Example:

    ```python
    class Lookup:
        name = teacher = "lookup"

        def start(self): ...

        def attempt(self, question):
            answer = ANSWERS.get(question.id)
            return ToolTrajectory(question.id, self.teacher, (), answer, right=answer == question.answer)
    ```
    """

    name: str
    teacher: str

    def start(self) -> None:
        """Called once before the first question; raises `SubgoalError` if the teacher cannot work."""

    def attempt(self, question: Question) -> ToolTrajectory:
        """The trajectory for a question, right or not."""
        ...


def collect(
    folder: str | Path,
    teacher: Teacher,
    questions: Sequence[Question],
    progress: Progress | None = None,
    *,
    concurrency: int = 1,
) -> int:
    """Let a teacher work on the questions that it has not worked on; returns how many there were.

    All trajectories are kept in `trajectories.jsonl`, wrong ones with the reason. A question whose text has
    changed is worked on again.

    Args:
        folder (`str` or `Path`): where the trajectories are, and the completions of a language model.
        teacher (`Teacher`): works on the questions.
        questions (`Sequence[Question]`): the questions.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.
        concurrency (`int`, *optional*, defaults to 1): number of questions at the same time.

    Raises:
        SubgoalError: if the teacher cannot continue, or failed on some questions; the others are kept.
    """
    if concurrency < 1:
        raise UsageError(f"--concurrency {concurrency}: give 1 or more.")
    store = trajectory_store(folder)
    missing = [question for question in questions if not _is_done(store, teacher, question)]
    advance = progress_line(progress, "trajectories", len(questions), len(questions) - len(missing))
    if missing:
        teacher.start()

    def work(question: Question) -> None:
        keep(store, teacher.name, question, teacher.attempt(question))

    _, failures = run_in_threads(
        work,
        missing,
        concurrency,
        expected=(RequestRejected, RequestFailed),
        advance=advance,
        progress=progress,
    )
    # At the end: a server that refuses one request may refuse them all, and then the run ends before.
    for question, error in failures:
        if isinstance(error, RequestRejected):
            refused = ToolTrajectory(question.id, teacher.teacher, (), None, False, REFUSED)
            keep(store, teacher.name, question, refused)
    check_answered(failures, len(missing), "questions")
    return len(missing)


def trajectory_store(folder: str | Path) -> JsonlStore:
    """The trajectories of a folder, keyed by the teacher's name and the question's id."""
    return JsonlStore(Path(folder) / TRAJECTORIES)


def keep(store: JsonlStore, teacher: str, question: Question, trajectory: ToolTrajectory) -> None:
    """Store a trajectory with the text of its question."""
    store.append((teacher, question.id), {**trajectory.to_record(), "asked": question.question})


def summary_rows(folder: str | Path, teacher: str, questions: Sequence[Question]) -> list[dict[str, str]]:
    """Kept and rejected trajectories of a teacher per family of questions, with the reasons.

    Args:
        folder (`str` or `Path`): the folder.
        teacher (`str`): the teacher's name.
        questions (`Sequence[Question]`): the questions that count.

    Returns:
        `list[dict[str, str]]`: a row per family and one for all, with the keys `family`, `kept`, `rejected`,
        `share` (of kept ones), `cot` (right chains of thought) and `why` (reasons with their counts).
    """
    store = trajectory_store(folder)
    counts: dict[str, Counter[str]] = {}
    for question in questions:
        if (teacher, question.id) not in store:
            continue
        record = store[teacher, question.id]
        for family in (question.family, "all"):
            count = counts.setdefault(family, Counter())
            count["kept" if record["right"] else record["reason"]] += 1
            count["cot"] += record.get("cot") is not None
    families = [family for family in counts if family != "all"]
    return [_row(family, counts[family]) for family in (*families, "all") if family in counts]


def _row(family: str, count: Counter[str]) -> dict[str, str]:
    reasons = {reason: number for reason, number in count.most_common() if reason not in ("kept", "cot")}
    rejected = sum(reasons.values())
    why = "; ".join(f"{reason} ({number})" for reason, number in reasons.items() if number)
    total = count["kept"] + rejected
    return {
        "family": family,
        "kept": str(count["kept"]),
        "rejected": str(rejected),
        "share": f"{count['kept'] / total:.0%}",
        "cot": str(count["cot"]),
        "why": why,
    }


def _is_done(store: JsonlStore, teacher: Teacher, question: Question) -> bool:
    key = (teacher.name, question.id)
    return key in store and store[key].get("asked") == question.question
