"""Questions of one to three hops over passages about countries and cities.

A hop looks one fact up in one passage. Each country belongs to one split, and a question touches only
countries of its own split: those of the validation and test questions are unseen in training.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataset_builder.tool_agents.questions.geography import City, Country, World, source
from dataset_builder.tool_agents.questions.geography_passages import (
    FactPassage,
    city_id,
    country_id,
    with_thousands,
)
from dataset_builder.tool_agents.questions.hop_wording import (
    BRIDGES,
    COMPARE_TEMPLATES,
    FIELD_TEMPLATES,
    SUM_TEMPLATES,
)
from dataset_builder.tool_agents.questions.question import Question

HOP_FAMILIES = {
    "one_hop": "one fact in a passage",
    "two_hop": "two facts, chained, compared or added",
    "three_hop": "three facts, chained, compared or added",
}
"""Family → what its questions ask; three hops are out of domain."""

_SHARES = {"test": 0.25, "validation": 0.1}
_COUNTRY_FIELDS = ("capital", "continent", "population", "area", "currency", "language")
_NUMBERS = ("population", "area")
_ATTEMPTS = 200


@dataclass(frozen=True)
class _Hop:
    """One fact to look up.

    Attributes:
        passage: id of the passage that states it.
        entity: what the passage is about, as a phrase.
        field: the fact.
        value: its value, as the passage writes it.
        quote: the sentence of the passage that states it.
        wording: key of the templates and phrases that ask for it.
    """

    passage: str
    entity: str
    field: str
    value: str
    quote: str
    wording: str


@dataclass(frozen=True)
class _Draft:
    """A question before it has an id."""

    form: str
    text: str
    answer: str
    hops: tuple[_Hop, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """What it asks, without the wording."""
        return self.form, tuple((hop.entity, hop.field) for hop in self.hops)


def split_countries(world: World, seed: int = 0) -> dict[str, list[str]]:
    """Split → codes of its countries, in alphabetical order: 65 % train, 10 % validation, 25 % test."""
    codes = sorted(world.countries)
    random.Random(f"{seed}/countries").shuffle(codes)
    parts = {}
    for split, share in _SHARES.items():
        count = round(len(world.countries) * share)
        parts[split], codes = sorted(codes[:count]), codes[count:]
    return {"train": sorted(codes), **parts}


def hop_questions(
    family: str, split: str, world: World, passages: Mapping[str, FactPassage], seed: int = 0
) -> Iterator[Question]:
    """Questions of a family, each about other facts, until no new one is found in 200 attempts.

    Args:
        family (`str`): a name of `HOP_FAMILIES`.
        split (`str`): `"train"`, `"validation"` or `"test"`.
        world (`World`): countries and cities.
        passages (`Mapping[str, FactPassage]`): the passages about them, by id.
        seed (`int`, *optional*, defaults to 0): seed of the set.
    """
    rng = random.Random(f"{seed}/{family}/{split}")
    maker = _Maker(world, passages, split_countries(world, seed)[split], rng)
    facts: set[tuple[Any, ...]] = set()
    number = misses = 0
    while misses < _ATTEMPTS:
        draft = maker.draft(family)
        if draft is None or draft.key in facts:
            misses += 1
            continue
        misses = 0
        facts.add(draft.key)
        yield _question(draft, f"open/{family}/{split}/{number:05}", family, split)
        number += 1


def _question(draft: _Draft, identity: str, family: str, split: str) -> Question:
    hops = [vars(hop) for hop in draft.hops]
    return Question(
        id=identity,
        question=draft.text[0].upper() + draft.text[1:],
        answer=draft.answer,
        kind="facts",
        set="open",
        family=family,
        split=split,
        in_domain=family != "three_hop",
        passages=tuple(hop.passage for hop in draft.hops),
        metadata={"form": draft.form, "hops": hops},
        source=source(),
    )


class _Maker:
    """Makes questions about the countries of one split."""

    def __init__(
        self, world: World, passages: Mapping[str, FactPassage], codes: Sequence[str], rng: random.Random
    ) -> None:
        self._world = world
        self._passages = passages
        self._countries = [world.countries[code] for code in codes]
        self._by_phrase = {country.phrase: country for country in self._countries}
        # A question that names a city must not fit another city of that name.
        self._cities = [
            city for city in world.cities.values() if city.country in set(codes) and city.is_unique
        ]
        self._with_one_neighbour = [country for country in self._countries if len(country.neighbours) == 1]
        self._rng = rng

    def draft(self, family: str) -> _Draft | None:
        """A question; None if the facts that were drawn do not make one."""
        return self._rng.choice(_FORMS[family])(self)

    def country_field(self) -> _Draft | None:
        """What is the currency of Chad?"""
        return self._ask([self._any_field(self._rng.choice(self._countries))])

    def city_field(self) -> _Draft | None:
        """How many people live in Zürich?"""
        city = self._rng.choice(self._cities)
        return self._ask([self._city_hop(city, self._rng.choice(("population", "time_zone")))])

    def country_of_city(self) -> _Draft | None:
        """In which country is Zürich?"""
        return self._ask([self._city_hop(self._rng.choice(self._cities), "country")])

    def neighbour_of_country(self) -> _Draft | None:
        """Which country is the only neighbour of Lesotho?"""
        if not self._with_one_neighbour:
            return None
        return self._ask([self._country_hop(self._rng.choice(self._with_one_neighbour), "neighbour")])

    def field_of_country_of_city(self) -> _Draft | None:
        """What is the currency of the country in which Zürich lies?"""
        city = self._rng.choice(self._cities)
        last = self._any_field(self._world.countries[city.country])
        if last.value == city.name:
            return None
        return self._ask([self._city_hop(city, "country"), last])

    def population_of_capital(self) -> _Draft | None:
        """How many people live in the capital of Chad?"""
        country = self._rng.choice(self._countries)
        city = self._world.capital(country.code)
        if city is None or not city.is_unique:
            return None
        return self._ask([self._country_hop(country, "capital"), self._city_hop(city, "population")])

    def field_of_neighbour(self) -> _Draft | None:
        """What is the capital of the only country that borders Lesotho?"""
        inside = [one for one in self._with_one_neighbour if one.neighbours[0] in self._by_phrase]
        if not inside:
            return None
        country = self._rng.choice(inside)
        neighbour = self._by_phrase[country.neighbours[0]]
        return self._ask([self._country_hop(country, "neighbour"), self._any_field(neighbour)])

    def population_of_capital_of_country_of_city(self) -> _Draft | None:
        """How many people live in the capital of the country in which Zürich lies?"""
        city = self._rng.choice(self._cities)
        country = self._world.countries[city.country]
        capital = self._world.capital(country.code)
        if city.is_capital or capital is None or not capital.is_unique:
            return None
        bridges = [self._city_hop(city, "country"), self._country_hop(country, "capital")]
        return self._ask([*bridges, self._city_hop(capital, "population")])

    def comparison(self) -> _Draft | None:
        """Which has more inhabitants, Chad or Niger?"""
        return self._two_countries("compare", COMPARE_TEMPLATES, [])

    def total(self) -> _Draft | None:
        """How many people live in Chad and Niger together?"""
        return self._two_countries("sum", SUM_TEMPLATES, [])

    def comparison_with_country_of_city(self) -> _Draft | None:
        """Which has more inhabitants, the country in which Zürich lies or Chad?"""
        return self._two_countries("compare", COMPARE_TEMPLATES, [self._rng.choice(self._cities)])

    def total_with_country_of_city(self) -> _Draft | None:
        """How many people live in the country in which Zürich lies and Chad together?"""
        return self._two_countries("sum", SUM_TEMPLATES, [self._rng.choice(self._cities)])

    def _two_countries(
        self, operation: str, templates: Mapping[str, Sequence[str]], cities: Sequence[City]
    ) -> _Draft | None:
        field = self._rng.choice(_NUMBERS)
        first, second = self._rng.sample(self._countries, 2)
        if cities:
            first = self._world.countries[cities[0].country]
        if first == second or getattr(first, field) == getattr(second, field):
            return None
        hops = [self._city_hop(city, "country") for city in cities]
        hops += [self._country_hop(first, field), self._country_hop(second, field)]
        phrase = self._bridge(hops[0], cities[0].name) if cities else first.phrase
        if operation == "sum":
            answer = with_thousands(getattr(first, field) + getattr(second, field))
        else:
            answer = max(first, second, key=lambda country: getattr(country, field)).name
        phrases = [phrase, second.phrase]
        if cities and self._rng.random() < 0.5:
            phrases.reverse()
        text = self._rng.choice(templates[field]).format(x=phrases[0], y=phrases[1])
        return _Draft(f"{operation}_{field}", text, answer, tuple(hops))

    def _ask(self, hops: Sequence[_Hop]) -> _Draft:
        """The question about the last hop, in which phrases stand for the values of the hops before it."""
        *bridges, last = hops
        phrase = hops[0].entity
        for hop in bridges:
            phrase = self._bridge(hop, phrase)
        text = self._rng.choice(FIELD_TEMPLATES[last.wording]).format(x=phrase)
        answer = last.value.removeprefix("the ")
        return _Draft("_".join(hop.wording for hop in hops), text, answer, tuple(hops))

    def _bridge(self, hop: _Hop, entity: str) -> str:
        return self._rng.choice(BRIDGES[hop.wording]).format(x=entity)

    def _any_field(self, country: Country) -> _Hop:
        stated = self._passages[country_id(country.code)].values
        field = self._rng.choice([name for name in _COUNTRY_FIELDS if name in stated])
        return self._country_hop(country, field)

    def _country_hop(self, country: Country, field: str) -> _Hop:
        return self._hop(country_id(country.code), country.phrase, field, field)

    def _city_hop(self, city: City, field: str) -> _Hop:
        as_capital = field == "country" and city.is_capital and self._rng.random() < 0.5
        return self._hop(city_id(city.id), city.name, field, "country_of_capital" if as_capital else field)

    def _hop(self, passage: str, entity: str, field: str, wording: str) -> _Hop:
        facts = self._passages[passage]
        return _Hop(passage, entity, field, facts.values[field], facts.sentences[field], wording)


_FORMS: Mapping[str, Sequence[Callable[[_Maker], _Draft | None]]] = {
    "one_hop": (
        _Maker.country_field,
        _Maker.country_field,
        _Maker.country_field,
        _Maker.city_field,
        _Maker.country_of_city,
        _Maker.neighbour_of_country,
    ),
    "two_hop": (
        _Maker.field_of_country_of_city,
        _Maker.field_of_country_of_city,
        _Maker.population_of_capital,
        _Maker.field_of_neighbour,
        _Maker.comparison,
        _Maker.total,
    ),
    "three_hop": (
        _Maker.population_of_capital_of_country_of_city,
        _Maker.comparison_with_country_of_city,
        _Maker.total_with_country_of_city,
    ),
}
"""Family → its forms; one that is listed twice is drawn twice as often."""
