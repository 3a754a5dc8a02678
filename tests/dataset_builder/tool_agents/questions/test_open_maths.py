"""The maths families: answers by reasoning-gym's own scorer, wording, duplicates."""

from collections import Counter
from itertools import islice

import pytest

from dataset_builder.tool_agents.questions.maths_wording import TEMPLATES
from dataset_builder.tool_agents.questions.open_maths import (
    MATHS_FAMILIES,
    maths_dataset,
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


def test_an_equation_without_its_unknown_is_skipped() -> None:
    entry = maths_dataset("simple_equations", "train", seed=0)[13]
    assert entry["question"].endswith("0 = 0")
    questions = islice(maths_questions("simple_equations", "train", seed=0), 20)
    assert 13 not in {question.metadata["index"] for question in questions}


@pytest.mark.parametrize("family", ["gcd", "letter_counting", "count_bits"])
def test_no_answer_is_so_frequent_that_guessing_it_pays(family: str) -> None:
    answers = Counter(question.answer for question in islice(maths_questions(family, "train", seed=0), 200))
    assert max(answers.values()) <= 0.4 * 200


def test_splits_have_different_numbers() -> None:
    families = {split: next(maths_questions("products", split)) for split in ("train", "validation", "test")}
    assert len({str(question.metadata["operands"]) for question in families.values()}) == 3
