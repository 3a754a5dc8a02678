"""The rules annotator on hand-written paths."""

import re

from dataset_builder.annotation.rules.action_kinds import KINDS, clean
from dataset_builder.annotation.rules.annotator import PATTERNS
from tests.dataset_builder.annotation.rules.hand_written import sized, subgoals, written_path


def test_opening_belongs_to_what_is_taken_out() -> None:
    path = written_path(
        ("open cupboard", "The cupboard is now open."),
        ("pick up metal pot", "You move the metal pot to the inventory."),
    )
    assert sized(path) == [("fetch(metal pot)", 2)]


def test_a_question_and_its_answer_are_one_action() -> None:
    path = written_path(
        ("move soil to flower pot 2", "You move the soil to the flower pot 2."),
        ("move apple seed in seed jar to flower pot 2", "Ambiguous request: Please enter the number"),
        ("0", "You move the apple seed to the flower pot 2."),
        ("wait", "You decide to wait for 10 iterations."),
    )
    assert sized(path) == [
        ("place(soil, flower pot 2)", 1),
        ("plant(apple seed, flower pot 2)", 2),
        ("wait_until(apple tree, reproducing)", 1),
    ]


def test_names_lose_what_a_subgoal_may_not_carry() -> None:
    book = "book (The Foundations of the Origin of Species)"
    path = written_path((f"pick up {book}", f"You move the {book} to the inventory."))
    assert subgoals(path) == ["fetch(book The Foundations of the Origin of Species)"]
    assert clean("salt, pepper (mixed)\n") == "salt pepper mixed"
    assert clean("metal pot (containing water)") == "metal pot"
    assert clean(" ( ") == "thing"


def test_single_letter_names_are_spelled_as_the_room_shows_them() -> None:
    path = written_path(
        ("move brick to inclined plane c", "You move the brick to the inclined plane."),
        ("wait", "You decide to wait for 10 iterations."),
        ("look at inclined plane c", "an inclined plane C, with: a brick approximately 20% down the plane"),
        look="\tan inclined plane C\n\ta brick\n",
    )
    assert sized(path) == [("slide(brick, inclined plane C)", 3)]


def test_failures_alone_are_exploring() -> None:
    path = written_path(("pick up moon", "No known action matches that input."), ("look around", "A room."))
    assert sized(path) == [("explore()", 2)]


def test_every_letter_of_the_patterns_is_in_the_alphabet() -> None:
    used = {letter for pattern, _ in PATTERNS for letter in re.sub(r"\{.*?\}|[^A-Za-z]", "", pattern.pattern)}
    assert used <= set(KINDS)


def test_another_failing_try_stays_with_the_step_it_repeats() -> None:
    path = written_path(
        ("move pea seed on pea plant to ceramic cup", "You move the pea seed to the seed jar."),
        ("move pea on living thing to ceramic cup", "No known action matches that input."),
        ("move pea seed in seed jar to flower pot 5", "You move the pea seed to the flower pot 5."),
    )
    assert sized(path) == [("collect_seeds(pea seed, seed jar)", 2), ("plant(pea seed, flower pot 5)", 1)]
