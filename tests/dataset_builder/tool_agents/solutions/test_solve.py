"""Solutions: deterministic, varied, and only for questions of `open`."""

from dataclasses import replace

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.solutions.solve import solve

OpenQuestions = tuple[list[Question], BM25Retriever]


def test_a_question_always_has_the_same_solution(open_questions: OpenQuestions) -> None:
    questions, _ = open_questions
    assert [solve(question) for question in questions] == [solve(question) for question in questions]


def test_thoughts_and_searches_are_worded_in_many_ways(open_questions: OpenQuestions) -> None:
    questions, _ = open_questions
    one_hop = [solve(question) for question in questions if question.family == "one_hop"]
    openings = {" ".join(solution.steps[-1].thought.split()[:6]) for solution in one_hop}
    assert {"Search 1 of 1: the passage", "Search 1 of 1: the text"} <= openings
    for family, number in (("gcd", 4), ("letter_counting", 3)):
        texts = (question for question in questions if question.family == family)
        assert 2 <= len({solve(question).steps[0].thought for question in texts}) <= number


def test_the_first_thought_plans_all_hops_and_the_decision_to_go_on_has_one_wording(
    open_questions: OpenQuestions,
) -> None:
    questions, _ = open_questions
    for question in questions:
        if question.kind != "facts":
            continue
        n_hops = len(question.metadata["hops"])
        thoughts = [step.thought for step in solve(question).steps]
        assert thoughts[0].startswith(("One search: ", "Two searches: ", "Three searches: ")[n_hops - 1])
        assert thoughts[0].count(", then ") == n_hops - 1
        for index in range(n_hops):
            assert any(f"Search {index + 1} of {n_hops}: " in thought for thought in thoughts)
        planned = {"sum": ", and add them.", "compare": ", and compare them."}
        end = planned.get(question.metadata["form"].split("_")[0])
        assert thoughts[0].endswith(end) if end else ", and " not in thoughts[0]
        assert sum(" Now I need the " in thought for thought in thoughts) == n_hops - 1


def test_questions_of_other_sets_are_refused(open_questions: OpenQuestions) -> None:
    question = open_questions[0][0]
    with pytest.raises(UsageError, match="solves `open` only"):
        solve(replace(question, set="bamboogle"))
    with pytest.raises(UsageError, match="build the set again"):
        solve(replace(question, metadata={}))
