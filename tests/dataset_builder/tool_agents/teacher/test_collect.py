"""Collecting with any teacher: what is kept, asked again, and summed up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.teacher.collect import REFUSED, collect, summary_rows, trajectory_store
from dataset_builder.tool_agents.trajectory import ToolTrajectory
from tests.dataset_builder.tool_agents.teacher.model import AREA, SUMS


@dataclass
class _Teacher:
    """Answers without a model; some questions fail."""

    errors: Mapping[str, Exception] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()
    name: str = "recorder"
    teacher: str = "big-model"
    starts: int = 0
    asked: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.starts += 1

    def attempt(self, question: Question) -> ToolTrajectory:
        self.asked.append(question.id)
        if question.id in self.errors:
            raise self.errors[question.id]
        right = question.id not in self.wrong
        reason = "" if right else "wrong answer"
        return ToolTrajectory(question.id, self.teacher, (), question.answer, right, reason, cot="It is so.")


def test_each_question_is_asked_once(tmp_path: Path) -> None:
    teacher = _Teacher()
    assert collect(tmp_path, teacher, SUMS[:2], concurrency=2) == 2
    assert collect(tmp_path, teacher, SUMS) == 2
    assert sorted(teacher.asked) == sorted(question.id for question in SUMS)
    assert collect(tmp_path, teacher, SUMS) == 0
    assert teacher.starts == 2  # a teacher with nothing to do is not started


def test_a_question_with_another_text_is_asked_again(tmp_path: Path) -> None:
    teacher = _Teacher()
    collect(tmp_path, teacher, SUMS[:1])
    assert collect(tmp_path, teacher, [replace(SUMS[0], question="What is 2 plus 2?", answer="4")]) == 1
    assert trajectory_store(tmp_path)[teacher.name, SUMS[0].id]["answer"] == "4"


def test_two_teachers_keep_trajectories_in_one_folder(tmp_path: Path) -> None:
    collect(tmp_path, _Teacher(), SUMS[:1])
    assert collect(tmp_path, _Teacher(name="other"), SUMS[:1]) == 1
    assert trajectory_store(tmp_path).keys() == {("recorder", SUMS[0].id), ("other", SUMS[0].id)}


def test_a_refused_question_is_rejected_for_good(tmp_path: Path) -> None:
    teacher = _Teacher({SUMS[0].id: RequestRejected("flagged by moderation")})
    assert collect(tmp_path, teacher, SUMS) == len(SUMS)
    kept = ToolTrajectory.from_record(trajectory_store(tmp_path)[teacher.name, SUMS[0].id])
    assert (kept.right, kept.reason, kept.teacher) == (False, REFUSED, "big-model")
    assert collect(tmp_path, teacher, SUMS) == 0


def test_a_question_that_got_no_answer_is_asked_again(tmp_path: Path) -> None:
    teacher = _Teacher({SUMS[1].id: RequestFailed("the server is busy")})
    with pytest.raises(SubgoalError, match=r"^1 of 4 questions got no answer, .*the server is busy"):
        collect(tmp_path, teacher, SUMS)
    teacher.errors = {}
    assert collect(tmp_path, teacher, SUMS) == 1
    assert teacher.asked[-1] == SUMS[1].id


def test_another_error_ends_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    teacher = _Teacher({SUMS[2].id: SubgoalError("The budget is spent.")})
    with pytest.raises(SubgoalError, match="budget is spent"):
        collect(tmp_path, teacher, SUMS)
    store = trajectory_store(tmp_path)
    assert [(teacher.name, question.id) in store for question in SUMS[:3]] == [True, True, False]


def test_at_least_one_question_is_worked_on_at_a_time(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--concurrency 0: give 1 or more\.$"):
        collect(tmp_path, _Teacher(), SUMS, concurrency=0)


def test_the_summary_counts_families_and_reasons(tmp_path: Path) -> None:
    teacher = _Teacher({SUMS[0].id: RequestRejected("no")}, frozenset({SUMS[1].id, SUMS[2].id}))
    collect(tmp_path, teacher, [*SUMS, AREA])
    sums, areas, total = summary_rows(tmp_path, teacher.name, [*SUMS, AREA])
    assert sums == {
        "family": "sums",
        "kept": "1",
        "rejected": "3",
        "share": "25%",
        "cot": "3",
        "why": f"wrong answer (2); {REFUSED} (1)",
    }
    assert (areas["family"], areas["share"], areas["why"]) == ("areas", "100%", "")
    assert (total["family"], total["kept"], total["rejected"], total["share"]) == ("all", "2", "3", "40%")


def test_questions_that_were_not_asked_are_not_summed_up(tmp_path: Path) -> None:
    collect(tmp_path, _Teacher(), SUMS[:1])
    assert [row["kept"] for row in summary_rows(tmp_path, "recorder", [*SUMS, AREA])] == ["1", "1"]
    assert summary_rows(tmp_path, "nobody", SUMS) == []
