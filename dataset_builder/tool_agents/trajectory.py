"""`ToolTrajectory`: how a teacher worked on one question, kept or not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dataset_builder.tool_agents.conversation import ToolStep

TRAJECTORIES = "trajectories.jsonl"
"""Name of the file of trajectories in a folder."""


@dataclass(frozen=True)
class ToolTrajectory:
    """One attempt of a teacher at a question.

    Attributes:
        question: id of the question.
        teacher: `program`, or the model's public name.
        steps: thought, code and observation of each step.
        answer: the final answer as text; None if there was none.
        right: whether it is scored as right. Students learn from right ones only.
        reason: why it is not kept, in a few words (`wrong answer`, `no final answer`, …); empty if it is.
        cot: reasoning without tools that ends with the answer, if the teacher gave one that is right.

    Example:

    ```python
    >>> step = ToolStep("Add them.", "final_answer(2 + 3)")
    >>> trajectory = ToolTrajectory("sums/train/0", "program", (step,), answer="5", right=True)
    >>> ToolTrajectory.from_record(trajectory.to_record()) == trajectory
    True
    ```
    """

    question: str
    teacher: str
    steps: tuple[ToolStep, ...]
    answer: str | None
    right: bool
    reason: str = ""
    cot: str | None = None

    def to_record(self) -> dict[str, Any]:
        """The trajectory as a JSON object: its attributes are the keys, and `steps` is a list of objects."""
        return asdict(self) | {"steps": [asdict(step) for step in self.steps]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ToolTrajectory":
        """The trajectory of a JSON object.

        Raises:
            KeyError: if a required key is missing.
        """
        steps = tuple(ToolStep(**step) for step in record["steps"])
        optional = {name: record[name] for name in ("reason", "cot") if name in record}
        named = {name: record[name] for name in ("question", "teacher", "answer", "right")}
        return cls(**named, steps=steps, **optional)
