"""What a solution holds for every question: steps, evidence, reasoning."""

from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.solutions.solve import solve

OpenQuestions = tuple[list[Question], BM25Retriever]


def test_every_step_but_the_last_has_evidence(open_questions: OpenQuestions) -> None:
    questions, _ = open_questions
    for question in questions:
        solution = solve(question)
        assert len(solution.evidence) == len(solution.steps)
        assert [bool(texts) for texts in solution.evidence] == [True] * (len(solution.steps) - 1) + [False]


def test_steps_have_no_observations_before_they_are_run(open_questions: OpenQuestions) -> None:
    for question in open_questions[0]:
        solution = solve(question)
        assert {step.observation for step in solution.steps} == {""}
        assert solution.cot.endswith(f"The answer is {question.answer}.")
