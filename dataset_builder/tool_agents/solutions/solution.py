"""`Solution`: what the program teacher writes for one question."""

from dataclasses import dataclass

from dataset_builder.tool_agents.conversation import ToolStep


@dataclass(frozen=True)
class Solution:
    """Steps with tools, and reasoning without them, for one question.

    Attributes:
        steps: thoughts and code; observations are empty until the steps are run.
        evidence: one tuple per step: the texts that one line of its observation must contain, because the
            next thought relies on them; empty for the last step.
        cot: chain of thought without tools; ends with "The answer is …".

    Example:

    ```python
    solution = solve(question)
    for step, texts in zip(solution.steps, solution.evidence, strict=True):
        print(step.code, texts)
    ```
    """

    steps: tuple[ToolStep, ...]
    evidence: tuple[tuple[str, ...], ...]
    cot: str
