"""The program teacher's solutions, run in the sandbox with BM25."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dataset_builder.tool_agents.conversation import MAX_STEPS, ToolStep, read_answer, read_step, step_text
from dataset_builder.tool_agents.questions.build import IN_DOMAIN, OUT_OF_DOMAIN
from dataset_builder.tool_agents.questions.open_maths import original_score
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.solutions.program import run_solution
from dataset_builder.tool_agents.solutions.solution import Solution
from dataset_builder.tool_agents.solutions.solve import solve
from dataset_builder.tool_agents.trajectory import ToolTrajectory

OpenQuestions = tuple[list[Question], BM25Retriever]
Pairs = list[tuple[Question, ToolTrajectory]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture(scope="module")
def pairs(open_questions: OpenQuestions, sandbox: Sandbox) -> Pairs:
    questions, retriever = open_questions
    return [(question, run_solution(question, solve(question), retriever, sandbox)) for question in questions]


def test_every_family_is_solved_with_real_tools(pairs: Pairs) -> None:
    solved = Counter(question.family for question, trajectory in pairs if trajectory.right)
    assert solved.keys() == (IN_DOMAIN | OUT_OF_DOMAIN).keys()
    for question, trajectory in pairs:
        assert trajectory.right or (question.kind, trajectory.reason) == ("facts", "passage not found")
    assert solved.total() >= 0.95 * len(pairs)


def test_maths_answers_of_the_code_are_right_for_the_original_scorer(pairs: Pairs) -> None:
    for question, trajectory in pairs:
        if question.kind == "maths":
            assert original_score(question, str(trajectory.answer)) == 1.0, question


def test_a_thought_quotes_what_was_read(pairs: Pairs) -> None:
    for question, trajectory in pairs:
        steps = [step for step in trajectory.steps if step.learn]
        if question.kind != "facts" or not trajectory.right:
            continue
        for hop, before, after in zip(question.metadata["hops"], steps, steps[1:], strict=False):
            assert hop["quote"] in before.observation
            assert f'"{hop["quote"]}"' in after.thought or "not defined" in after.thought


def test_failing_steps_are_not_learnt_and_are_repaired(pairs: Pairs) -> None:
    repaired = 0
    for _, trajectory in pairs:
        for step, after in zip(trajectory.steps, trajectory.steps[1:], strict=False):
            assert step.learn != ("Error" in step.observation or "nothing was printed" in step.observation)
            repaired += not step.learn and after.learn
        assert trajectory.steps[-1].learn
    assert 3 <= repaired <= 0.15 * len(pairs)


def test_steps_have_the_form_that_is_parsed_and_fit_into_the_limit(pairs: Pairs) -> None:
    for _, trajectory in pairs:
        assert 1 <= len(trajectory.steps) <= MAX_STEPS
        for step in trajectory.steps:
            read = read_step(step_text(step.thought, step.code))
            assert read is not None
            assert (read.thought, read.code) == (step.thought, step.code)


def test_the_chain_of_thought_ends_with_the_answer(pairs: Pairs) -> None:
    for question, trajectory in pairs:
        assert read_answer(str(trajectory.cot)) == question.answer


def test_a_solution_that_does_not_work_is_rejected_with_the_reason(
    open_questions: OpenQuestions, sandbox: Sandbox
) -> None:
    questions, retriever = open_questions
    question = next(one for one in questions if one.family == "gcd")

    def reason(*codes: str, evidence: tuple[str, ...] = ()) -> str:
        steps = tuple(ToolStep("A thought.", code) for code in codes)
        solution = Solution(steps, tuple(evidence for _ in steps), "")
        trajectory = run_solution(question, solution, retriever, sandbox)
        assert trajectory.right == (not trajectory.reason)
        return trajectory.reason

    assert reason(f"final_answer({question.answer})") == ""
    assert reason("final_answer(-1)") == "wrong answer"
    assert reason("print(1)") == "no final answer"
    assert reason("print(1)", "print(2)", evidence=("1", "2")) == "unexpected output"
    assert reason("1 / 0") == "code failed"


def test_the_passage_must_be_that_of_the_entity(open_questions: OpenQuestions, sandbox: Sandbox) -> None:
    questions, retriever = open_questions
    question = next(one for one in questions if one.family == "one_hop" and len(solve(one).steps) == 2)
    solution = solve(question)
    elsewhere = replace(solution.steps[0], code='print(search("nothing of the kind"))')
    trajectory = run_solution(
        question, replace(solution, steps=(elsewhere, solution.steps[1])), retriever, sandbox
    )
    assert (trajectory.reason, trajectory.right) == ("passage not found", False)
