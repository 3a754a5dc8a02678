"""Runs the program teacher's solutions with real tools; what does not work as written is rejected."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dataset_builder.tool_agents.conversation import ToolStep, observation_text
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Retriever, search_tool
from dataset_builder.tool_agents.scoring import score
from dataset_builder.tool_agents.solutions.solution import Solution
from dataset_builder.tool_agents.trajectory import ToolTrajectory

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox import Sandbox

PROGRAM = "program"
"""Name of this teacher in trajectories."""


def run_solution(
    question: Question, solution: Solution, retriever: Retriever, sandbox: "Sandbox"
) -> ToolTrajectory:
    """The trajectory of one solution: its steps with what the code printed.

    A trajectory is kept if every search returned the sentence that the next thought quotes, only steps failed
    that are meant to fail, and the final answer is right.

    Args:
        question (`Question`): of the set `open`.
        solution (`Solution`): its solution.
        retriever (`Retriever`): what `search` asks.
        sandbox (`Sandbox`): where the code runs.

    Raises:
        SubgoalError: if retrieval or the sandbox fails.
    """

    steps: list[ToolStep] = []
    answer, reason = None, "no final answer"
    with sandbox.open({"search": search_tool(retriever)}) as session:
        for step, evidence in zip(solution.steps, solution.evidence, strict=True):
            execution = session.run(step.code)
            if execution.answer is not None:
                steps.append(step)
                answer = str(execution.answer)
                reason = "" if score(question, answer).right else "wrong answer"
                break
            observation = observation_text(execution.output, execution.error)
            steps.append(replace(step, observation=observation))
            if execution.error and step.learn:
                reason = "code failed"
                break
            if not _is_shown(evidence, observation):
                reason = "passage not found" if question.kind == "facts" else "unexpected output"
                break
    return ToolTrajectory(
        question=question.id,
        teacher=PROGRAM,
        steps=tuple(steps),
        answer=answer,
        right=not reason,
        reason=reason,
        cot=solution.cot,
    )


def _is_shown(evidence: Sequence[str], observation: str) -> bool:
    """Whether one line of an observation holds all of some texts."""
    return any(all(text in line for text in evidence) for line in observation.splitlines())
