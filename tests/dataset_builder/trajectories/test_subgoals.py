"""The grammar of sub-goals and the rules for segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.common.errors import SubgoalError
from dataset_builder.trajectories.subgoals import (
    Segment,
    SubGoal,
    SubGoalSyntaxError,
    check_segments,
    join_neighbours,
    step_segments,
    step_subgoals,
)

NAMES = st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True)
ARGUMENTS = st.text(min_size=1).filter(lambda text: text == text.strip() and not set(text) & set("(),\n\r\t"))
SUBGOALS = st.builds(SubGoal, NAMES, st.lists(ARGUMENTS, max_size=4).map(tuple))

GO = SubGoal("navigate_to", ("kitchen",))
TAKE = SubGoal("pick_up", ("thermometer",))


@given(SUBGOALS)
def test_records_round_trip(subgoal: SubGoal) -> None:
    assert SubGoal.parse(str(subgoal)) == subgoal


@given(st.text(alphabet="abc_1(), \n"))
def test_any_text_is_read_or_refused_and_reading_settles_its_form(text: str) -> None:
    try:
        subgoal = SubGoal.parse(text)
    except SubGoalSyntaxError:
        return
    assert SubGoal.parse(str(subgoal)) == subgoal


def test_blanks_do_not_matter() -> None:
    assert SubGoal.parse("  fill ( metal pot ,water )\n") == SubGoal("fill", ("metal pot", "water"))
    assert str(SubGoal.parse("complete_task( )")) == "complete_task()"


@pytest.mark.parametrize(
    "text",
    ["", "kitchen", "go to(kitchen)", "Go(kitchen)", "go(kitchen", "go(a,,b)", "go(a, (b))", "go(a) now"],
)
def test_other_forms_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(SubGoalSyntaxError) as caught:
        SubGoal.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("argument", ["", " ", " kitchen", "a,b", "a(b", "a\nb"])
def test_arguments_that_could_not_be_read_back_are_refused(argument: str) -> None:
    with pytest.raises(SubGoalSyntaxError, match="argument"):
        SubGoal("go", (argument,))


def test_names_that_could_not_be_read_back_are_refused() -> None:
    with pytest.raises(SubGoalSyntaxError, match="name"):
        SubGoal("Go to")


def test_segments_that_cover_the_path_pass() -> None:
    check_segments([Segment(GO, 0, 2), Segment(TAKE, 2, 3), Segment(GO, 3, 4)], 4)


@pytest.mark.parametrize(
    ("segments", "complaint"),
    [
        ([], "0 of 3"),
        ([Segment(GO, 0, 2)], "2 of 3"),
        ([Segment(GO, 1, 3)], "expected a start at 0"),
        ([Segment(GO, 0, 2), Segment(TAKE, 1, 3)], "expected a start at 2"),
        ([Segment(GO, 0, 0), Segment(TAKE, 0, 3)], "covers 0:0"),
        ([Segment(GO, 0, 2), Segment(GO, 2, 3)], "merge them"),
    ],
)
def test_segments_with_gaps_overlaps_or_twins_are_refused(segments: list[Segment], complaint: str) -> None:
    with pytest.raises(SubgoalError, match=complaint):
        check_segments(segments, 3)


@given(st.lists(st.tuples(st.sampled_from([GO, TAKE]), st.integers(1, 3)), min_size=1))
def test_joining_neighbours_makes_any_cover_valid(runs: list[tuple[SubGoal, int]]) -> None:
    segments, position = [], 0
    for subgoal, length in runs:
        segments.append(Segment(subgoal, position, position + length))
        position += length
    joined = join_neighbours(segments)
    check_segments(joined, position)

    def spelled_out(parts: list[Segment]) -> list[SubGoal]:
        return [part.subgoal for part in parts for _ in range(part.start, part.stop)]

    assert spelled_out(joined) == spelled_out(segments)


@given(st.lists(st.sampled_from([GO, TAKE])))
def test_steps_and_segments_are_inverse(subgoals: list[SubGoal]) -> None:
    texts = list(map(str, subgoals))
    segments = step_segments(texts)
    assert step_subgoals(segments) == texts
    assert segments == join_neighbours(segments)
    if texts:
        check_segments(segments, len(texts))
