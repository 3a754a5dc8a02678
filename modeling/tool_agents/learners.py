"""The three ways to answer a question: with tools, by chain of thought, and with retrieved passages."""

from collections.abc import Callable
from dataclasses import dataclass

from dataset_builder.tool_agents.conversation import is_whole_step


def _never(text: str) -> bool:
    return False


@dataclass(frozen=True)
class Learner:
    """A way to answer, which a student learns and an evaluation asks for.

    Attributes:
        name: name on the command line.
        config: configuration of the dataset that it learns from.
        is_complete: whether a model need not write on after a text.

    Example:

    ```python
    >>> LEARNERS["cot-rag"].config
    'cot_rag'
    ```
    """

    name: str
    config: str
    is_complete: Callable[[str], bool]


LEARNERS = {
    learner.name: learner
    for learner in (
        Learner("agent", "agent", is_whole_step),
        Learner("cot", "cot", _never),
        Learner("cot-rag", "cot_rag", _never),
    )
}
"""Name → learner."""
