"""The maths families: answers by reasoning-gym's own scorer, wording, duplicates."""

from itertools import islice

import pytest

from dataset_builder.tool_agents.questions.maths_wording import TEMPLATES, plural
from dataset_builder.tool_agents.questions.open_maths import (
    MATHS_FAMILIES,
    maths_questions,
    original_score,
)


@pytest.mark.parametrize("family", MATHS_FAMILIES)
def test_every_answer_is_right_for_the_original_scorer_and_the_wording_varies(family: str) -> None:
    questions = list(islice(maths_questions(family, "test", seed=5), 40))
    assert [original_score(question, question.answer) for question in questions[:10]] == [1.0] * 10
    assert original_score(questions[0], "17") < 1.0
    assert len({question.metadata["template"] for question in questions}) == len(TEMPLATES[family]) + 1
    assert len({question.question for question in questions}) == 40
    for question in questions:
        assert "{" not in question.question


def test_operands_of_another_split_are_not_used_again() -> None:
    first = next(maths_questions("gcd", "train", seed=5))
    taken = {(str(first.metadata["operands"]["numbers"]),)}
    assert next(maths_questions("gcd", "train", seed=5, taken=taken)).question != first.question
    assert len(taken) == 2


def test_splits_have_different_numbers() -> None:
    families = {split: next(maths_questions("products", split)) for split in ("train", "validation", "test")}
    assert len({str(question.metadata["operands"]) for question in families.values()}) == 3


@pytest.mark.parametrize(
    ("animal", "expected"),
    [("cat", "cats"), ("sheep", "sheep"), ("woodlouse", "woodlice"), ("leech", "leeches"),
     ("firefly", "fireflies"), ("praying mantis", "praying mantises")],
)  # fmt: skip
def test_plurals(animal: str, expected: str) -> None:
    assert plural(animal) == expected
