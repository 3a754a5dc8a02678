"""The comparison of mathematical answers, in this process: no answer of these keeps it busy."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.tool_agents.scoring.maths_worker import same_value

EQUAL = [
    ("1024", "2^10"),
    ("2**10", "1024"),
    ("\\frac{3}{4}", "Rational(3, 4)"),
    ("\\sqrt{2}", "2**0.5"),
    ("6 - 5i", "6 - 5*I"),
    ("-1", "E**(I*pi)"),
    ("\\{1,2\\}", "{2, 1}"),
    ("x^2+1", "1 + x**2"),
    ("$\\boxed{7}$", "7"),
]
DIFFERENT = [("(1,2)", "(2,1)"), ("2", "-2"), ("x", "y"), ("3", ""), ("1", "True"), ("4", "len('four')")]


@pytest.mark.parametrize(("reference", "answer"), EQUAL)
def test_an_answer_may_be_latex_or_python(reference: str, answer: str) -> None:
    assert same_value(reference, answer)


@pytest.mark.parametrize(("reference", "answer"), DIFFERENT)
def test_other_values_are_not_the_same(reference: str, answer: str) -> None:
    assert not same_value(reference, answer)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
@settings(deadline=None, max_examples=30)
def test_numbers_are_the_same_if_and_only_if_they_are_equal(reference: int, answer: int) -> None:
    assert same_value(str(reference), str(answer)) == (reference == answer)
    assert same_value(str(reference), f"{reference} + 0")


@pytest.mark.parametrize("code", ["open({path!r}, 'w')", "__import__('os').mkdir({path!r})"])
def test_an_answer_is_not_run_as_code(code: str, tmp_path: Path) -> None:
    answer = code.format(path=str(tmp_path / "made"))
    assert not same_value("3", answer)
    assert list(tmp_path.iterdir()) == []
