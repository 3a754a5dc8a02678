"""How searches and thoughts about facts are worded."""

from string import Formatter

from dataset_builder.tool_agents.questions.geography import load_world
from dataset_builder.tool_agents.questions.geography_passages import fact_passages
from dataset_builder.tool_agents.questions.hops import HOP_FAMILIES
from dataset_builder.tool_agents.solutions.facts_wording import (
    AFTER_READING,
    LOCATION_QUERIES,
    NEXT_THOUGHT,
    NOUNS,
    QUERIES,
    SEARCHES,
    STATEMENTS,
)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_fact_of_a_passage_can_be_searched_and_stated() -> None:
    fields = {field for facts in fact_passages(load_world()).values() for field in facts.values}
    # Several neighbours are a distractor: no question asks for them.
    assert fields - {"neighbours"} == NOUNS.keys() == STATEMENTS.keys()
    kinds = {passage.split("/")[0] for passage in fact_passages(load_world())}
    assert kinds == QUERIES.keys()


def test_wordings_have_the_placeholders_that_are_filled_in() -> None:
    for queries in QUERIES.values():
        assert all(_placeholders(query) == {"noun", "x"} for query in queries)
    assert all(_placeholders(query) == {"x"} for query in LOCATION_QUERIES)
    assert all(_placeholders(text) == {"x", "quote"} for text in AFTER_READING)
    assert all(_placeholders(text) == {"x", "value"} for text in STATEMENTS.values())
    assert _placeholders(NEXT_THOUGHT) == {"noun", "x"}


def test_a_query_says_whether_it_asks_for_a_country_or_a_city() -> None:
    for kind, queries in QUERIES.items():
        assert all(kind in query for query in queries)
    assert all("city" in query for query in LOCATION_QUERIES)


def test_there_is_a_plan_for_every_number_of_hops() -> None:
    assert list(SEARCHES) == [1 + index for index, _ in enumerate(HOP_FAMILIES)]
