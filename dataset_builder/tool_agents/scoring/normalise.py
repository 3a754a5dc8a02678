"""Answers as text and as numbers, and their comparison word by word, as in SQuAD (arXiv 1606.05250)."""

import math
import re
import string
import unicodedata
from collections import Counter
from fractions import Fraction
from typing import Any

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "\u2018\u2019\u201c\u201d\u2013\u2014")
_NUMBER = re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_RATIO = re.compile(r"([-+]?\d{1,40})\s*/\s*(\d{1,40})")
_TRUTH = {"true": "yes", "false": "no"}
_RELATIVE_ERROR = Fraction(1, 1_000_000)
_MAX_DIGITS = 400


def answer_text(answer: Any) -> str:
    """The text of an answer, which code may give as a number, a list or another JSON value.

    Example:

    ```python
    >>> answer_text([1, 2]), answer_text(3.0), answer_text(None)
    ('[1, 2]', '3', '')
    ```
    """
    if answer is None:
        return ""
    if isinstance(answer, float) and math.isfinite(answer) and answer.is_integer() and abs(answer) < 1e15:
        return str(int(answer))
    try:
        return str(answer).strip()
    except ValueError:  # Python does not write whole numbers of more than 4,300 digits
        return ""


def normalised(text: str) -> str:
    """A text in lower case without articles, punctuation and double blanks."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def number(text: str) -> Fraction | None:
    """The number that a text is, such as `1,234.5`, `3/4`, `-2e3` or `$7$`; None if it is not one."""
    text = text.strip().strip("$").strip().removesuffix(".").replace("\u2212", "-")
    if len(text) > _MAX_DIGITS:
        return None
    if ratio := _RATIO.fullmatch(text):
        return Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    return Fraction(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def same_number(reference: Fraction, answer: Fraction) -> bool:
    """Whether two numbers are equal; up to the rounding of floats unless both are whole."""
    if reference.denominator == answer.denominator == 1:
        return reference == answer
    return abs(reference - answer) <= _RELATIVE_ERROR * max(abs(reference), abs(answer))


def exact_match(reference: str, answer: str) -> bool:
    """Whether two answers are the same after normalisation; two numbers are compared as numbers."""
    first, second = number(reference), number(answer)
    if first is not None and second is not None:
        return same_number(first, second)
    expected, given = normalised(reference), normalised(answer)
    if expected in _TRUTH.values():
        given = _TRUTH.get(given, given)  # code says True where a text says yes
    # Symbols alone, such as "+" or "<", are all punctuation.
    return expected == given if expected else reference.strip() == answer.strip()


def same_text(reference: str, answer: str) -> bool:
    """Whether two answers are written alike, apart from case and blanks: 2/6 is not 1/3."""
    first, second = (unicodedata.normalize("NFKC", text).lower().split() for text in (reference, answer))
    return first == second


def f1(reference: str, answer: str) -> float:
    """Harmonic mean of precision and recall of the answer's words, between 0 and 1.

    Different numbers share no words; nor, as for HotpotQA (arXiv 1809.09600), does yes or no with another.
    """
    if exact_match(reference, answer):
        return 1.0
    expected, given = normalised(reference).split(), normalised(answer).split()
    numbers = number(reference) is not None and number(answer) is not None
    if numbers or {"yes", "no"} & {" ".join(expected), " ".join(given)}:
        return 0.0
    common = sum((Counter(expected) & Counter(given)).values())
    return 2 * common / (len(expected) + len(given)) if common else 0.0
