"""The record of a teacher's attempt at a question."""

import json

from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.trajectory import ToolTrajectory


def test_a_record_is_read_as_it_was_written() -> None:
    steps = (
        ToolStep("Divide.", "1 / 0", "Error: ZeroDivisionError", learn=False),
        ToolStep("5.", "final_answer(5)"),
    )
    trajectory = ToolTrajectory(
        "open/sum/train/1", "program", steps, "5", True, cot="2 + 3. The answer is 5."
    )
    assert ToolTrajectory.from_record(json.loads(json.dumps(trajectory.to_record()))) == trajectory
