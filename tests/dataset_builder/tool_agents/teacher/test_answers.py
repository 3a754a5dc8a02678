"""Reading a teacher's answers."""

import pytest

from dataset_builder.llm.completion_cache import Completion
from dataset_builder.tool_agents.teacher.answers import (
    MAX_STEP_CHARS,
    UnusableAnswer,
    continued_text,
    first_thought,
    teacher_step,
)

STEP = "Thought: I add.\n```python\nprint(1 + 1)\n```"


@pytest.mark.parametrize(
    "text",
    [
        STEP,
        f"{STEP}\nObservation:\n2\n\nThought: Done.\n```python\nfinal_answer(2)\n```",
        "Thought: I add.\nCode:\n```py\nprint(1 + 1)\n```<end_code>",
        "Thought: I add.\n<code>\nprint(1 + 1)\n</code>",
        "I add.\n```\nprint(1 + 1)\n```",
    ],
)
def test_a_step_in_any_form(text: str) -> None:
    step = teacher_step(text)
    assert (step.thought, step.code) == ("I add.", "print(1 + 1)")


@pytest.mark.parametrize(
    "text", ["", "2", "Thought: I add.", "```python\n```", "Observation: ```python\n1\n```"]
)
def test_an_answer_without_code(text: str) -> None:
    with pytest.raises(UnusableAnswer, match="an answer without code"):
        teacher_step(text)


def test_a_long_answer() -> None:
    with pytest.raises(UnusableAnswer, match="more than 8,000 characters"):
        teacher_step(f"```python\n{'x' * MAX_STEP_CHARS}\n```")


def test_the_first_thought_is_the_first_paragraph() -> None:
    assert first_thought("\nFirst I\nsearch.\n\nThen I add.") == "Thought: First I search."
    assert first_thought("Thought: I search.") == "Thought: I search."


@pytest.mark.parametrize(
    "text", [" search.\nThen", "Thought: I search.\nThen", "<think>Hm.</think> search.\nThen"]
)
def test_a_continued_answer_is_whole(text: str) -> None:
    whole = continued_text("Thought: I", Completion(text, "stop", 1, 1))
    assert whole.replace("Isearch", "I search") == "Thought: I search.\nThen"
