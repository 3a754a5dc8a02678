"""Whatever a teacher returns, the path is covered in order or it is said what is missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.alignment import MIN_COVERED, Draft, align
from dataset_builder.annotation.teacher.answers import Answered, AnswerError
from dataset_builder.trajectories.subgoals import SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Trajectory

PATH = ["open door", "go to kitchen", "open cupboard", "pick up pot", "activate sink", "wait", "wait", "wait"]


def _answer(*runs: tuple[str, list[str]]) -> list[Answered]:
    return [Answered(SubGoal.parse(name), actions) for name, actions in runs]


def _cut(draft: Draft) -> list[tuple[str, int, int]]:
    return [(str(segment.subgoal), segment.start, segment.stop) for segment in draft.segments()]


GOOD = (("go(kitchen)", PATH[:2]), ("pick_up(pot)", PATH[2:4]), ("fill(pot)", PATH[4:]))
CUT = [("go(kitchen)", 0, 2), ("pick_up(pot)", 2, 4), ("fill(pot)", 4, 8)]


def test_a_good_answer_is_taken_as_it_is() -> None:
    draft = Draft(PATH)
    draft.add(_answer(*GOOD))
    assert _cut(draft) == CUT
    assert (draft.joined, draft.dropped, draft.missing) == (0, 0, [])


@pytest.mark.parametrize(
    "runs",
    [
        [("go(kitchen)", ["1. Open door", "Go to  kitchen."]), *GOOD[1:]],  # copied carelessly
        [("go(kitchen)", ["go to kitchen"]), *GOOD[1:]],  # one action left out at the start
        [GOOD[0], ("pick_up(pot)", ["open cupbord", "pick up the pot"]), GOOD[2]],  # misspelt
        [GOOD[0], ("pick_up(pot)", ["pick up pot"]), GOOD[2]],  # one left out between two
        [*GOOD[:2], ("fill(pot)", ["activate sink", "wait", "wait"])],  # one left out at the end
        [*GOOD[:2], ("fill(pot)", ["activate sink", "wait"])],  # repetitions left out
        [*GOOD, ("dream()", ["eat the moon"])],  # an invented sub-goal
        [("go(kitchen)", ["look around", *PATH[:2], "eat the moon"]), *GOOD[1:]],  # invented actions
        [GOOD[1], GOOD[0], GOOD[2]],  # in another order
        [("go(kitchen)", PATH[1::-1]), *GOOD[1:]],  # in another order within a sub-goal
    ],
)
def test_small_faults_are_mended(runs: list[tuple[str, list[str]]]) -> None:
    draft = Draft(PATH)
    draft.add(_answer(*runs))
    assert _cut(draft) == CUT


def test_a_longer_gap_is_missing_until_another_answer_covers_it() -> None:
    draft = Draft(PATH)
    draft.add(_answer(GOOD[0], GOOD[2]))
    assert draft.missing == [2, 3]
    draft.add(_answer(GOOD[1]))
    assert _cut(draft) == CUT


def test_a_gap_may_be_answered_by_the_whole_path() -> None:
    draft = Draft(PATH)
    draft.add(_answer(GOOD[0], GOOD[2]))
    draft.add(_answer(*GOOD))
    assert _cut(draft) == CUT


def test_a_gap_that_belongs_to_its_neighbour_becomes_part_of_it() -> None:
    draft = Draft(PATH)
    draft.add(_answer(GOOD[0], GOOD[2]))
    draft.add(_answer(("go(kitchen)", PATH[2:4])))
    assert _cut(draft) == [("go(kitchen)", 0, 4), ("fill(pot)", 4, 8)]


def test_an_answer_about_something_else_leaves_no_trace() -> None:
    draft = Draft(PATH)
    with pytest.raises(AnswerError, match="names 2 of the path's 8 actions"):
        draft.add(_answer(("fly()", ["open door", "fly to the moon", "go to kitchen"])))
    assert draft.missing == list(range(8))


def test_order_is_the_paths_also_for_repeated_actions() -> None:
    assert align(["a x", "b x", "a x", "c x"], [["a x"], ["b x", "a x"], ["c x"]]) == {0: 0, 1: 1, 2: 1, 3: 2}


_ACTIONS = st.lists(
    st.sampled_from(["wait", "go to kitchen", "open door", "pick up pot", "look"]), min_size=1
)
_PARTS = st.lists(
    st.tuples(
        st.sampled_from(["wait()", "go(kitchen)", "fill(pot)"]),
        st.lists(st.sampled_from(["wait", "go to kitchen", "open door", "pick up pot", "look", "fly", ""])),
    )
)


@settings(deadline=None)  # a loaded machine is not a fault
@given(_ACTIONS, st.lists(_PARTS, max_size=4))
def test_whatever_is_answered_the_path_is_covered_or_something_is_missing(
    actions: list[str], answers: list[list[tuple[str, list[str]]]]
) -> None:
    draft = Draft(actions)
    for answer in answers:
        before = draft.missing
        try:
            draft.add(_answer(*answer))
        except AnswerError:
            assert draft.missing == before == list(range(len(actions)))
        assert set(draft.missing) <= set(before)
        if not draft.missing:
            check_segments(draft.segments(), len(actions))
            return
    assert draft.missing


@settings(deadline=None)  # a loaded machine is not a fault
@given(st.data())
def test_a_good_answer_with_some_actions_left_out_never_moves_the_others(
    recorded: list[Trajectory], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(recorded))
    segments = RulesAnnotator().annotate(path)
    left = data.draw(st.sets(st.integers(0, len(path.steps) - 1), max_size=len(path.steps) // 3))
    draft = Draft(path.actions)
    runs = [
        (str(part.subgoal), [path.actions[i] for i in range(part.start, part.stop) if i not in left])
        for part in segments
    ]
    if len(path.steps) - len(left) < MIN_COVERED * len(path.steps):
        return
    draft.add(_answer(*runs))
    if draft.missing:
        assert set(draft.missing) <= set(range(len(path.steps)))
        draft.add([Answered(part.subgoal, path.actions[part.start : part.stop]) for part in segments])
    assert draft.missing == []
    check_segments(draft.segments(), len(path.steps))
    if not left:
        assert draft.segments() == segments
