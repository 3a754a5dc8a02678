"""Genetics tasks: the question, the flower pots of a look, and the traits that it shows."""

import pytest

from dataset_builder.trajectories.genetics import Question, flower_pots, shown_trait

TEXT = (
    "Your task is to determine whether {} is a dominant or recessive trait in the unknown E plant. "
    "If the trait is dominant, focus on the red box. If the trait is recessive, focus on the green box."
)
TALL = "a pea plant in the reproducing stage with a tall height. On the pea plant you see: a white flower. "
LOOK = (
    "This room is called the greenhouse. In it, you see: \n"
    "\ta bee hive. The bee hive door is closed. \n"
    f"\ta flower pot 1 (containing soil, {TALL})\n"
    "\ta self watering flower pot 3 (containing soil)\n"
    "\ta jug (containing nothing)\n"
)


@pytest.mark.parametrize(("value", "part"), [("linear", "leaf shape"), ("round", "seed shape")])
def test_the_question_is_read(value: str, part: str) -> None:
    question = Question.read(TEXT.format(f"{value} {part}"))
    assert question == Question(value, part, "unknown E", "red box", "green box")


@pytest.mark.parametrize("text", ["", "Your task is to boil water.", TEXT.format("linear root shape")])
def test_other_tasks_ask_no_such_question(text: str) -> None:
    assert Question.read(text) is None


def test_flower_pots_are_listed_with_their_contents() -> None:
    assert flower_pots(LOOK) == {"flower pot 1": f"soil, {TALL}", "self watering flower pot 3": "soil"}
    assert flower_pots("This room is called the kitchen.") == {}


@pytest.mark.parametrize(
    ("part", "species", "text", "words"),
    [
        ("plant", "pea", TALL, ["tall"]),
        ("flower", "pea", TALL, ["white"]),
        ("leaf", "pea", TALL, None),
        ("seed", "pea", TALL, None),
        ("plant", "unknown E", TALL, None),
        ("leaf", "unknown E", "unknown E plant in the adult stage with linear leaves", ["linear"]),
        ("seed", "pea", "On the pea plant you see: a adult bee, a round green pea seed", ["round", "green"]),
        ("flower", "pea", "On the pea plant you see: a wilting purple flower", ["purple"]),
    ],
)
def test_a_look_shows_the_traits_of_a_part(
    part: str, species: str, text: str, words: list[str] | None
) -> None:
    assert shown_trait(part, species, text) == words
