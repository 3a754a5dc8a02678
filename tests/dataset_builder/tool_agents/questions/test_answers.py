"""Reference answers within the cells of published sets."""

from typing import Any

import pytest

from dataset_builder.tool_agents.questions.answers import boxed_answer, number_answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"First \boxed{1}, then $\boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"$\boxed 7$", "7"),
        (r"\boxed{ {a} }", "{a}"),
        (r"\boxed{never closed", ""),
        ("no answer", ""),
    ],
)
def test_the_last_box_counts(solution: str, answer: str) -> None:
    assert boxed_answer(solution) == answer


@pytest.mark.parametrize(("value", "text"), [(12.0, "12"), (0.5, "0.5"), (7, "7"), (1e20, "1" + "0" * 20)])
def test_numbers(value: Any, text: str) -> None:
    assert number_answer(value) == text
