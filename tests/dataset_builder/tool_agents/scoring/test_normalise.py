"""Answers as text and as numbers."""

from fractions import Fraction
from typing import Any

import pytest

from dataset_builder.tool_agents.scoring.normalise import answer_text, exact_match, f1, number, same_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", Fraction("1234.5")),
        (" -7 ", Fraction(-7)),
        ("\u22127", Fraction(-7)),
        ("$42$", Fraction(42)),
        ("3/4", Fraction(3, 4)),
        ("2e3.", Fraction(2000)),
        (".5", Fraction(1, 2)),
        ("1,23", None),
        ("e5", None),
        ("3/0", None),
        ("", None),
        ("12 km", None),
        ("9" * 10_000, None),
    ],
)
def test_numbers(text: str, value: Fraction | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("15,477,751", "15477751"),
        ("0.3", "0.30000000000000004"),
        ("The Beatles", "beatles."),
        ("N'Djamena", "NDjamena"),
        ("yes", "True"),
        ("+", "+"),
    ],
)
def test_equal_after_normalisation(reference: str, answer: str) -> None:
    assert exact_match(reference, answer)
    assert f1(reference, answer) == 1.0


@pytest.mark.parametrize(
    ("reference", "answer"),
    [("35", "3.5"), ("+", "-"), ("10000000", "10000001"), ("Peru", ""), ("yes", "no")],
)
def test_different_after_normalisation(reference: str, answer: str) -> None:
    assert not exact_match(reference, answer)
    assert f1(reference, answer) == 0.0


def test_f1_counts_shared_words() -> None:
    assert f1("Barack Hussein Obama", "President Barack Obama") == pytest.approx(2 / 3)
    assert f1("yes", "yes it is") == 0.0


def test_text_is_compared_as_it_is_written() -> None:
    assert same_text("2 * 2  * 5", "2 * 2 * 5 ")
    assert not same_text("1/3", "2/6")


@pytest.mark.parametrize(
    ("answer", "text"),
    [(None, ""), (3.0, "3"), (1e300, "1e+300"), ([1, "a"], "[1, 'a']"), (True, "True")],
)
def test_answers_of_code_as_text(answer: Any, text: str) -> None:
    assert answer_text(answer) == text


def test_a_number_that_python_does_not_write_has_no_text() -> None:
    assert answer_text(10**5000) == ""
