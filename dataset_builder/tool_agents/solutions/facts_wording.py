"""How the program teacher words searches and thoughts about facts."""

from collections.abc import Mapping, Sequence

NOUNS: Mapping[str, Sequence[str]] = {
    "capital": ("capital", "capital city"),
    "continent": ("continent",),
    "population": ("population", "number of inhabitants"),
    "area": ("area", "area in square kilometres"),
    "currency": ("currency",),
    "language": ("main language", "language"),
    "neighbour": ("only neighbour",),
    "country": ("country",),
    "time_zone": ("time zone",),
}
"""Field → what it is called."""

QUERIES: Mapping[str, Sequence[str]] = {
    "country": ("{noun} of the country {x}", "country {x} {noun}", "{x}, country, {noun}"),
    "city": ("{noun} of the city {x}", "city {x} {noun}", "{x}, city, {noun}"),
}
"""What an entity is → queries for one of its facts. They say what it is, because BM25 prefers short passages:
those about the cities of a country to that about the country."""

LOCATION_QUERIES: Sequence[str] = ("city {x}", "where is the city {x}", "location of the city {x}")
"""Queries for the country of a city."""

SEARCHES: Mapping[int, str] = {1: "One search", 2: "Two searches", 3: "Three searches"}
"""Number of hops → how the first thought begins."""

NEXT_THOUGHT = "Now I need the {noun} of {x}."
"""The decision to search again, in one wording, as the decision to answer: of several wordings each would be
less likely than the answer, and a student that decodes greedily would never search again."""

AFTER_READING: Sequence[str] = (
    'the passage on {x} says "{quote}"',
    'about {x} I read "{quote}"',
    'the text on {x} states "{quote}"',
)
"""How a thought begins that quotes the sentence with the fact."""

STATEMENTS: Mapping[str, str] = {
    "capital": "The capital of {x} is {value}.",
    "continent": "{x} lies in {value}.",
    "population": "{x} has {value} inhabitants.",
    "area": "{x} covers {value} square kilometres.",
    "currency": "The currency of {x} is the {value}.",
    "language": "The main language of {x} is {value}.",
    "neighbour": "The only neighbour of {x} is {value}.",
    "country": "{x} is a city in {value}.",
    "time_zone": "{x} is in the time zone {value}.",
}
"""Field → the sentence of the chain of thought."""
