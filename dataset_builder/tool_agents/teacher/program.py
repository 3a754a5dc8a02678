"""`ProgramTeacher`: a program that solves the questions of the set `open`, for those without a model."""

from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.solutions.program import PROGRAM, run_solution
from dataset_builder.tool_agents.solutions.solve import solve
from dataset_builder.tool_agents.trajectory import ToolTrajectory


class ProgramTeacher:
    """Runs the written solutions with the real retriever, in the sandbox. Safe to use from threads.

    Args:
        retriever (`Retriever`): what the tool `search` asks.
        sandbox (`Sandbox`): runs the code.

    Example:

    ```python
    with Sandbox() as sandbox:
        collect("run", ProgramTeacher(BM25Retriever(passages), sandbox), questions)
    ```
    """

    name = teacher = PROGRAM

    def __init__(self, retriever: Retriever, sandbox: Sandbox) -> None:
        self._retriever = retriever
        self._sandbox = sandbox

    def start(self) -> None:
        """It needs nothing."""

    def attempt(self, question: Question) -> ToolTrajectory:
        """The trajectory for a question.

        Raises:
            UsageError: if the question is not of the set `open`.
            SubgoalError: if retriever or sandbox fail.
        """
        return run_solution(question, solve(question), self._retriever, self._sandbox)
