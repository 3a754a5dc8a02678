"""Passages about countries and cities, in varied sentences and order, with the sentence of each fact."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from dataset_builder.tool_agents.questions.geography import City, Country, World
from dataset_builder.tool_agents.retrieval.base import Passage

_LISTED_NEIGHBOURS = 4
_LIST_SHARE = 0.3
"""Share of the passages that list facts (`Capital: Bern`) instead of stating them in sentences."""

# The first form of a field names the country, so that it can open the passage.
_COUNTRY_SENTENCES = {
    "continent": (
        "{name} is a country in {value}.",
        "The country {name} lies in {value}.",
        "{name} is a country on the continent {value}.",
    ),
    "capital": (
        "The capital of {name} is {value}.",
        "Its capital is {value}.",
        "The capital city is {value}.",
        "{value} is the capital.",
    ),
    "population": (
        "{name} has {value} inhabitants.",
        "The population is {value}.",
        "It has {value} inhabitants.",
        "{value} people live in the country.",
    ),
    "area": (
        "{name} covers {value} square kilometres.",
        "The area is {value} km².",
        "It covers {value} square kilometres.",
        "Its area is {value} square kilometres.",
    ),
    "currency": (
        "The currency of {name} is the {value}.",
        "The currency is the {value}.",
        "People pay with the {value}.",
        "Its currency is the {value}.",
    ),
    "language": (
        "The main language of {name} is {value}.",
        "The main language is {value}.",
        "Most people speak {value}.",
        "{value} is the main language.",
    ),
    "neighbours": ("{name} borders {value}.", "It borders {value}.", "Its neighbours are {value}."),
    "neighbour": (
        "{name} borders only {value}.",
        "Its only neighbour is {value}.",
        "It has a land border only with {value}.",
    ),
}
_LIST_LABELS = {
    "continent": "Continent",
    "capital": "Capital",
    "population": "Population",
    "area": "Area (km²)",
    "currency": "Currency",
    "language": "Main language",
    "neighbours": "Neighbours",
    "neighbour": "Only neighbour",
}
_CITY_SENTENCES = {
    "country": (
        "{name} is a city in {value}.",
        "{name} is a large city in {value}.",
        "The city of {name} is in {value}.",
        "The city of {name} lies in {value}.",
    ),
    "capital_of": (
        "The city of {name} is the capital of {value}.",
        "{name} is a city in {value}, and its capital.",
        "{name} is the capital city of {value}.",
    ),
    "population": (
        "It has {value} inhabitants.",
        "The city has a population of {value}.",
        "{value} people live in the city.",
        "Its population is {value}.",
    ),
    "time_zone": (
        "Its time zone is {value}.",
        "Clocks follow the time zone {value}.",
        "The time zone is {value}.",
    ),
}


@dataclass(frozen=True)
class FactPassage:
    """A passage, and for each field the value and the sentence of the text that states it.

    Example:

    ```python
    >>> passage = Passage("country/TD", "Chad", "The capital of Chad is N'Djamena.")
    >>> facts = FactPassage(passage, {"capital": "N'Djamena"}, {"capital": passage.text})
    >>> facts.sentences["capital"]
    "The capital of Chad is N'Djamena."
    ```
    """

    passage: Passage
    values: Mapping[str, str]
    sentences: Mapping[str, str]


def country_id(code: str) -> str:
    """Id of the passage about a country."""
    return f"country/{code}"


def city_id(number: int) -> str:
    """Id of the passage about a city."""
    return f"city/{number}"


def fact_passages(world: World, seed: int = 0) -> dict[str, FactPassage]:
    """A passage about each country and city, by id; the wording depends on the seed.

    They are distractors for one another: a neighbour names the country, too, and a capital has a population
    of its own.
    """
    passages = {}
    for code, country in world.countries.items():
        passages[country_id(code)] = _country_passage(country, random.Random(f"{seed}/country/{code}"))
    for number, city in world.cities.items():
        rng = random.Random(f"{seed}/city/{number}")
        passages[city_id(number)] = _city_passage(city, world.countries[city.country], rng)
    return passages


def with_thousands(number: int) -> str:
    """A number as passages write it: `1,284,000`."""
    return f"{number:,}"


def _country_passage(country: Country, rng: random.Random) -> FactPassage:
    values = {
        "continent": country.continent,
        "capital": country.capital,
        "population": with_thousands(country.population),
        "area": with_thousands(country.area),
        "currency": country.currency,
    }
    if country.language:
        values["language"] = country.language
    if len(country.neighbours) == 1:
        values["neighbour"] = country.neighbours[0]
    elif country.neighbours:
        values["neighbours"] = _enumeration(country.neighbours)
    order = list(values)
    rng.shuffle(order)
    if rng.random() < _LIST_SHARE:
        sentences = {field: f"{_LIST_LABELS[field]}: {values[field]}." for field in order}
        text = f"Country: {country.name}. {' '.join(sentences.values())}"
    else:
        if order[0] != "continent" and rng.random() < 0.5:
            order.sort(key=lambda field: field != "continent")  # the usual beginning; the rest stays shuffled
        sentences = {}
        for number, field in enumerate(order):
            forms = _COUNTRY_SENTENCES[field]
            form = forms[0] if number == 0 else rng.choice(forms if field == "continent" else forms[1:])
            sentences[field] = _sentence(form, country.phrase, values[field])
        text = " ".join(sentences.values())
    return FactPassage(Passage(country_id(country.code), country.name, text), values, sentences)


def _city_passage(city: City, country: Country, rng: random.Random) -> FactPassage:
    forms = _CITY_SENTENCES["capital_of" if city.is_capital else "country"]
    values = {
        "country": country.name,
        "population": with_thousands(city.population),
        "time_zone": city.time_zone,
    }
    sentences = {"country": _sentence(rng.choice(forms), city.name, country.phrase)}
    rest = ["population", "time_zone"]
    rng.shuffle(rest)
    for field in rest:
        sentences[field] = _sentence(rng.choice(_CITY_SENTENCES[field]), city.name, values[field])
    return FactPassage(Passage(city_id(city.id), city.name, " ".join(sentences.values())), values, sentences)


def _sentence(form: str, name: str, value: str) -> str:
    text = form.format(name=name, value=value)
    return text[0].upper() + text[1:]


def _enumeration(names: tuple[str, ...]) -> str:
    shown = names[:_LISTED_NEIGHBOURS]
    if len(shown) < len(names):
        return f"{', '.join(shown)} and others"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
