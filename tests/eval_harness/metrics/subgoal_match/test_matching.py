"""Sub-goals are compared by the project's own grammar."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataset_builder.trajectories.subgoals import SubGoal, SubGoalSyntaxError
from eval_harness.metrics.subgoal_match.matching import argument_f1, match, parse


@settings(deadline=None)
@given(st.text(alphabet="ab_1A (),\n\t", max_size=14))
@example("fill(metal pot, water)")
@example(" f ( a , b ) ")
@example("f( )")
@example("f(a,)")
@example("f(a\n)")
@example("f(a\nb)")
@example("f((a))")
@example("f(a) g(b)")
def test_the_parser_agrees_with_the_project(text: str) -> None:
    try:
        wanted = SubGoal.parse(text)
    except SubGoalSyntaxError:
        assert parse(text) is None
    else:
        assert parse(text) == (wanted.name, wanted.arguments)


@pytest.mark.parametrize(
    ("predicted", "true", "f1"),
    [
        ((), (), 1.0),
        (("a",), (), 0.0),
        (("a", "b"), ("b", "a"), 1.0),
        (("a", "a"), ("a", "b"), 0.5),
        (("a",), ("a", "b", "c"), 0.5),
    ],
)
def test_arguments(predicted: tuple[str, ...], true: tuple[str, ...], f1: float) -> None:
    assert argument_f1(predicted, true) == f1


def test_blanks_do_not_matter_and_order_does() -> None:
    found = match([" fill( metal pot ,water)", "fill(water, metal pot)"], ["fill(metal pot, water)"] * 2)
    assert found == {"exact_match": 0.5, "name_match": 1.0, "argument_f1": 1.0, "parsed": 1.0}


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        match(["a()", "b()"], ["a()"])
