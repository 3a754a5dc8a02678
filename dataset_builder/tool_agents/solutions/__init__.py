"""The program teacher: a program that writes thoughts, code and reasoning for the questions of `open`.

It needs no language model. What it writes is labelled with the teacher `program`.
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from dataset_builder.tool_agents.solutions.program import run_solution
    from dataset_builder.tool_agents.solutions.solution import Solution
    from dataset_builder.tool_agents.solutions.solve import solve

__all__, __getattr__ = lazy_exports(
    __name__, {"program": ["run_solution"], "solution": ["Solution"], "solve": ["solve"]}
)
