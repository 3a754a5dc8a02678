from collections.abc import Iterator

import pytest

from dataset_builder.simulator.simulator import Episode, Simulator
from eval_harness.episodes.action_choice import NOTHING, nearest_action, play_first_accepted


@pytest.fixture
def kitchen(simulator: Simulator) -> Iterator[Episode]:
    episode = simulator.episode()
    episode.load("boil", 22)
    assert episode.step("teleport to kitchen").accepted
    yield episode
    episode.close()


def test_a_rejected_candidate_falls_through_at_no_cost(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("pick up unicorn", "juggle", "open cupboard", "open freezer"))
    assert taken.action == "open cupboard"
    assert taken.rejected == ("pick up unicorn", "juggle")
    assert not taken.last_resort
    assert taken.result.moves == 2  # the teleport and this one


def test_a_rejected_focus_is_never_followed_by_another(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("focus on unicorn", "Focus on agent", "open cupboard"))
    assert taken.action == "open cupboard"
    assert taken.rejected == ("focus on unicorn",)
    assert taken.result.score == 0  # focusing on the agent would have lost the episode


def test_only_focus_candidates_end_in_looking_around(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("focus on unicorn", "focus on agent", "focus on counter"))
    assert (taken.action, taken.last_resort) == (NOTHING, True)
    assert taken.rejected == ("focus on unicorn",)
    assert taken.result.moves == 1
    assert taken.result.accepted


def test_last_resort_is_the_nearest_valid_action(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("open the big cupboard", "focus on the big agent"))
    assert (taken.action, taken.last_resort) == ("open cupboard", True)
    assert taken.rejected == ("open the big cupboard", "focus on the big agent")
    assert taken.result.observation == "The cupboard is now open."
    assert taken.result.moves == 2


def test_unmatched_candidates_end_in_look_around(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("xyzzy",))
    assert (taken.action, taken.last_resort, taken.rejected) == (NOTHING, True, ("xyzzy",))


def test_blank_and_repeated_candidates_are_not_sent(kitchen: Episode) -> None:
    taken = play_first_accepted(kitchen, ("", "  ", "juggle", " juggle ", " open cupboard "))
    assert (taken.action, taken.rejected) == ("open cupboard", ("juggle",))
    assert play_first_accepted(kitchen, ("",)).action == NOTHING


def test_a_question_is_answered_by_a_number(kitchen: Episode) -> None:
    asked = play_first_accepted(kitchen, ("open door", "open cupboard"))
    assert asked.action == "open door"
    assert asked.result.ambiguous
    assert asked.result.moves == 1  # the question is free
    answered = play_first_accepted(kitchen, (" 0 ",))
    assert answered.action == "0"
    assert answered.result.moves == 2
    assert "door" in answered.result.observation


def test_any_other_answer_to_a_question_cancels_it_and_costs_a_move(kitchen: Episode) -> None:
    assert play_first_accepted(kitchen, ("open door",)).result.ambiguous
    cancelled = play_first_accepted(kitchen, ("open cupboard",))
    assert cancelled.result.observation.startswith("Unknown action.")
    assert cancelled.result.moves == 2
    assert play_first_accepted(kitchen, ("open cupboard",)).result.observation == "The cupboard is now open."


def test_the_nearest_action_shares_most_words_and_is_not_a_focus() -> None:
    valid = ["focus on red cup", "open red box", "pick up blue cup", "pick up red cup", "wait"]
    assert nearest_action("pick up the red cup", valid) == "pick up red cup"
    assert nearest_action("focus on red cups", valid) == "open red box"
    assert nearest_action("focus on red cup", ["focus on red cup"]) == NOTHING
    assert nearest_action("!?", valid) == NOTHING
    assert nearest_action("cup", []) == NOTHING


def test_ties_go_to_the_closest_spelling() -> None:
    valid = ["move apple to jug", "move apple to mug", "move apple to pot"]
    assert nearest_action("move apple to mugs", valid) == "move apple to mug"
