"""Questions over passages: hops, answers, wording."""

from collections.abc import Iterator
from itertools import islice

import pytest

from dataset_builder.tool_agents.questions.geography import load_world
from dataset_builder.tool_agents.questions.geography_passages import fact_passages
from dataset_builder.tool_agents.questions.hops import HOP_FAMILIES, hop_questions, split_countries
from dataset_builder.tool_agents.questions.question import Question


@pytest.fixture(scope="module", params=HOP_FAMILIES)
def questions(request: pytest.FixtureRequest) -> Iterator[list[Question]]:
    world = load_world()
    return list(islice(hop_questions(request.param, "test", world, fact_passages(world)), 200))  # type: ignore[return-value]


def test_a_question_has_as_many_hops_as_its_family_says(questions: list[Question]) -> None:
    number = list(HOP_FAMILIES).index(questions[0].family) + 1
    for question in questions:
        assert len(question.metadata["hops"]) == number
        assert question.passages == tuple(hop["passage"] for hop in question.metadata["hops"])


def test_a_question_names_its_first_entity_and_not_what_must_be_looked_up(questions: list[Question]) -> None:
    for question in questions:
        hops = question.metadata["hops"]
        assert hops[0]["entity"].casefold() in question.question.casefold()
        for hop in hops[:-1]:
            assert (
                hop["value"] not in question.question
                or hop["value"] in hops[0]["entity"]
                or _is_operation(question)
            )


def test_the_answer_follows_from_the_hops(questions: list[Question]) -> None:
    for question in questions:
        hops = question.metadata["hops"]
        values = [int(hop["value"].replace(",", "")) for hop in hops[-2:]] if _is_operation(question) else []
        if question.metadata["form"].startswith("sum"):
            assert question.answer == f"{sum(values):,}"
        elif question.metadata["form"].startswith("compare"):
            larger = hops[-2] if values[0] > values[1] else hops[-1]
            assert question.answer == larger["entity"].removeprefix("the ")
        else:
            assert question.answer == hops[-1]["value"].removeprefix("the ")


def test_forms_and_wording_vary(questions: list[Question]) -> None:
    assert len({question.metadata["form"] for question in questions}) >= 5
    openings = {" ".join(question.question.split()[:3]) for question in questions}
    assert len(openings) >= 15


def test_a_split_without_a_country_that_has_one_neighbour_has_questions_too() -> None:
    world = load_world()
    passages = fact_passages(world)
    for seed in range(20):
        codes = split_countries(world, seed)["validation"]
        if all(len(world.countries[code].neighbours) != 1 for code in codes):
            break
    else:
        pytest.fail("each of 20 seeds gives the validation split such a country")
    questions = list(islice(hop_questions("one_hop", "validation", world, passages, seed), 50))
    assert len(questions) == 50


def test_two_thirds_of_the_countries_are_for_training() -> None:
    world = load_world()
    parts = split_countries(world)
    codes = [code for part in parts.values() for code in part]
    assert sorted(codes) == sorted(world.countries)
    assert 0.6 < len(parts["train"]) / len(codes) < 0.7
    assert split_countries(world, seed=1) != parts


def _is_operation(question: Question) -> bool:
    return question.metadata["form"].startswith(("sum", "compare"))
