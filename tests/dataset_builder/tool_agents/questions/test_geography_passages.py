"""Passages about countries and cities: facts, sentences, wording."""

from dataset_builder.tool_agents.questions.geography import load_world
from dataset_builder.tool_agents.questions.geography_passages import city_id, country_id, fact_passages


def test_every_fact_stands_in_the_text_of_its_passage() -> None:
    for facts in fact_passages(load_world()).values():
        assert facts.values.keys() == facts.sentences.keys()
        for field, sentence in facts.sentences.items():
            assert sentence in facts.passage.text
            assert facts.values[field].removeprefix("the ") in sentence


def test_sentences_and_their_order_vary() -> None:
    world = load_world()
    passages = fact_passages(world)
    countries = [passages[country_id(code)] for code in world.countries]
    assert len({tuple(facts.sentences) for facts in countries}) > 100
    openings = {" ".join(facts.passage.text.split()[:2]) for facts in countries}
    assert len(openings) >= 100
    capital = passages[country_id("CH")].sentences["capital"]
    assert len({fact_passages(world, seed)[country_id("CH")].sentences["capital"] for seed in range(8)}) > 2
    assert "Bern" in capital


def test_passages_are_short() -> None:
    passages = fact_passages(load_world())
    words = [len(facts.passage.text.split()) for facts in passages.values()]
    assert max(words) <= 60
    assert passages[city_id(2657896)].passage.title == "Zürich"


def test_a_neighbour_is_a_fact_only_where_there_is_one() -> None:
    world = load_world()
    passages = fact_passages(world)
    for code, country in world.countries.items():
        values = passages[country_id(code)].values
        assert ("neighbour" in values) == (len(country.neighbours) == 1)
        assert ("neighbours" in values) == (len(country.neighbours) > 1)
    assert passages[country_id("PT")].values["neighbour"] == "Spain"
    assert passages[country_id("CH")].values["neighbours"] == "Germany, Italy, France and Austria"
    assert passages[country_id("DE")].values["neighbours"].endswith(" and others")
    assert "neighbours" not in passages[country_id("AU")].values


def test_numbers_have_commas_between_thousands() -> None:
    chad = fact_passages(load_world())[country_id("TD")]
    assert chad.values["area"] == "1,284,000"
    assert "1,284,000" in chad.sentences["area"]
