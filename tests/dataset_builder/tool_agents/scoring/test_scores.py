"""Whether an answer is right."""

from typing import Any

import pytest

from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.scoring import Scores, score


def _question(answer: str, kind: str, **metadata: Any) -> Question:
    return Question("q", "What?", answer, kind, "open", "family", "test", True, metadata=metadata)


@pytest.mark.parametrize(
    ("reference", "answer", "right"),
    [
        ("12", 12.0, True),
        ("12", 13, False),
        ("0.1", 0.1 + 1e-12, True),
        ("\\frac{3}{4}", 0.75, True),
        ("[1, 2, 3]", [1, 2, 3], True),
        ("[1, 2, 3]", (1, 2, 3), True),
        ("[1, 2, 3]", [3, 2, 1], False),
        ("12", None, False),
        ("12", "", False),
        ("12", {"a": 1}, False),
    ],
)
def test_maths(reference: str, answer: Any, right: bool) -> None:
    assert score(_question(reference, "maths"), answer).right is right


def test_maths_whose_text_counts() -> None:
    assert score(_question("1/3", "maths", match="text"), "1/3").right
    assert not score(_question("1/3", "maths", match="text"), "2/6").right
    assert score(_question("1/3", "maths", match="number"), "2/6").right
    assert not score(_question("ammonia", "maths", match="text"), "ainomma").right


def test_facts() -> None:
    assert score(_question("15,477,751", "facts"), 15477751) == Scores(True, 1.0, 1.0)
    assert score(_question("New York City", "facts"), "New York") == Scores(False, 0.0, 0.8)
    assert score(_question("New York City", "facts", aliases=["New York"]), "New York").right
