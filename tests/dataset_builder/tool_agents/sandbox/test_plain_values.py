"""Values that JSON and files can hold."""

import json
import math
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.tool_agents.sandbox.plain_values import plain, writable

ANY_TEXT = st.text(st.characters() | st.sampled_from("\ud800\udfff"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.fractions() | st.binary()


def _nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.integers() | ANY_TEXT | st.none()
    return st.lists(values, max_size=3) | st.tuples(values) | st.dictionaries(keys, values, max_size=3)


@given(st.recursive(SCALARS, _nested, max_leaves=10))
@settings(deadline=None)
def test_every_value_can_be_written_and_read_back(value: object) -> None:
    made = plain(value)
    text = json.dumps(made, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode().decode()) == made
    assert plain(made) == made or made is None  # None is text, within lists too


@given(ANY_TEXT)
@settings(deadline=None)
def test_a_text_becomes_writable_and_keeps_all_other_characters(text: str) -> None:
    surrogate = range(0xD800, 0xE000)
    expected = "".join("?" if ord(character) in surrogate else character for character in text)
    assert writable(text) == expected
    expected.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ((1, "a", None), [1, "a", "None"]),
        (frozenset({3}), [3]),
        ({1: {2.5}, None: "x"}, {"1": [2.5], "None": "x"}),
        ({"\ud800": "\udfff"}, {"?": "?"}),
        (Fraction(1, 3), "1/3"),
        (date(2024, 2, 29), "2024-02-29"),
        (np.float64(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
    ],
)
def test_values_of_python_and_numpy(value: Any, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}], ids=["list", "dict"])
def test_deep_nesting_is_refused_before_it_can_exhaust_the_stack(wrap: Callable[[Any], Any]) -> None:
    value: Any = 0
    for _ in range(20):
        value = wrap(value)
    plain(value)
    for _ in range(10_000):
        value = wrap(value)
    with pytest.raises(ValueError, match="a value of more than 20 levels"):
        plain(value)
