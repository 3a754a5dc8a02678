"""The question set `open`: splits, sizes, determinism."""

from collections import Counter

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.build import IN_DOMAIN, OUT_OF_DOMAIN, build_open, shares
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage

OpenSet = tuple[list[Question], list[Passage]]


def test_the_same_seed_gives_the_same_questions_and_another_seed_others(open_set: OpenSet) -> None:
    questions, passages = open_set
    again, same_passages = build_open(220, 44, 110, 60, seed=3)
    assert again == questions
    assert same_passages == passages
    other, _ = build_open(22, 0, 0, 0, seed=4)
    assert {question.question for question in other} - {question.question for question in questions}


def test_every_split_has_its_size_and_every_family_its_share(open_set: OpenSet) -> None:
    questions, _ = open_set
    assert Counter((question.split, question.in_domain) for question in questions) == {
        ("train", True): 220,
        ("validation", True): 44,
        ("test", True): 110,
        ("test", False): 60,
    }
    train = Counter(question.family for question in questions if question.split == "train")
    assert train == {family: 10 * weight for family, weight in IN_DOMAIN.items()}
    assert len({question.id for question in questions}) == len(questions)


def test_families_out_of_domain_are_in_no_training_or_validation_question(open_set: OpenSet) -> None:
    questions, _ = open_set
    assert len(OUT_OF_DOMAIN) == 4
    assert len(IN_DOMAIN | OUT_OF_DOMAIN) >= 12 + 3
    for question in questions:
        assert question.in_domain == (question.family not in OUT_OF_DOMAIN)
        assert question.in_domain or question.split == "test"


def test_the_countries_of_a_split_are_in_no_other(open_set: OpenSet) -> None:
    questions, passages = open_set
    seen: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for question in questions:
        seen[question.split] |= set(question.passages)
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        assert not seen[one] & seen[other]
    assert seen["test"] <= {passage.id for passage in passages}


def test_no_text_is_asked_twice(open_set: OpenSet) -> None:
    questions, _ = open_set
    assert len({question.question for question in questions}) == len(questions)


def test_test_questions_do_not_depend_on_the_number_of_training_questions(open_set: OpenSet) -> None:
    questions, _ = open_set
    few, _ = build_open(0, 0, 110, 60, seed=3)
    assert few == [question for question in questions if question.split == "test"]


def test_all_are_marked_as_synthetic(open_set: OpenSet) -> None:
    questions, _ = open_set
    for question in questions:
        assert question.source.startswith("synthetic: ")
        assert question.kind == "maths" or "CC BY 4.0" in question.source


def test_too_many_questions_are_refused() -> None:
    with pytest.raises(UsageError, match="one_hop has fewer than 400 different validation questions"):
        build_open(0, 2200, 0, 0)
    with pytest.raises(UsageError, match="train is -1"):
        build_open(-1)


def test_shares_add_up() -> None:
    assert shares(7, {"a": 1, "b": 1, "c": 2}) == {"a": 2, "b": 2, "c": 3}
    assert shares(0, {"a": 1}) == {"a": 0}
