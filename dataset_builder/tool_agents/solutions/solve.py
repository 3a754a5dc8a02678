"""`solve`: the program teacher's solution of a question of `open`."""

import random

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.solutions.facts import solve_facts
from dataset_builder.tool_agents.solutions.maths import solve_maths
from dataset_builder.tool_agents.solutions.solution import Solution


def solve(question: Question) -> Solution:
    r"""Thoughts, code and reasoning for a question. The wording depends on the question's id and text.

    Args:
        question (`Question`): of the set `open`, of any family and split.

    Raises:
        UsageError: if the question is of another set, or lacks the metadata that `build_open` gives it.

    Example:

    ```python
    for step in solve(question).steps:
        print(step.thought, step.code, sep="\n")
    ```
    """
    if question.set != "open":
        raise UsageError(
            f"Question {question.id} is of the set {question.set!r}: the program teacher solves `open` only."
        )
    rng = random.Random(f"{question.id}/{question.question}")
    try:
        return solve_maths(question, rng) if question.kind == "maths" else solve_facts(question, rng)
    except KeyError as error:
        raise UsageError(
            f"Question {question.id} lacks {error} in its metadata: build the set again with "
            "`subgoal tools questions build`."
        ) from error
