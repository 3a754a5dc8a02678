"""How the questions about facts are worded: by field, and by the phrase that stands for an entity."""

from collections.abc import Mapping, Sequence

FIELD_TEMPLATES: Mapping[str, Sequence[str]] = {
    "capital": (
        "What is the capital of {x}?",
        "Which city is the capital of {x}?",
        "Name the capital city of {x}.",
        "What is the name of the capital of {x}?",
        "I need the capital of {x}. What is it called?",
    ),
    "continent": (
        "On which continent is {x}?",
        "Which continent does {x} belong to?",
        "Name the continent in which {x} lies.",
        "In what part of the world, by continent, is {x}?",
    ),
    "population": (
        "What is the population of {x}?",
        "How many people live in {x}?",
        "How many inhabitants does {x} have?",
        "Give the number of inhabitants of {x}.",
        "How large is the population of {x}?",
    ),
    "area": (
        "What is the area of {x} in square kilometres?",
        "How many square kilometres does {x} cover?",
        "How large is {x}, in square kilometres?",
        "Give the area of {x} in km².",
    ),
    "currency": (
        "What is the currency of {x}?",
        "Which currency is used in {x}?",
        "Name the currency of {x}.",
        "With which currency do people pay in {x}?",
        "What is the money of {x} called?",
    ),
    "language": (
        "What is the main language of {x}?",
        "Which language do most people speak in {x}?",
        "Name the main language of {x}.",
        "What language is mainly spoken in {x}?",
    ),
    "neighbour": (
        "Which country is the only neighbour of {x}?",
        "What is the only country that borders {x}?",
        "Name the one country that shares a land border with {x}.",
    ),
    "country": (
        "In which country is the city of {x}?",
        "Which country does the city of {x} belong to?",
        "Name the country in which {x} lies.",
        "{x} is a city in which country?",
    ),
    "country_of_capital": (
        "Which country has the capital {x}?",
        "{x} is the capital of which country?",
        "Name the country whose capital is {x}.",
        "Of which country is {x} the capital?",
    ),
    "time_zone": (
        "In which time zone is {x}?",
        "What is the time zone of {x}?",
        "Name the time zone that {x} follows.",
    ),
}
"""Field that is asked → questions about an entity `{x}`."""

BRIDGES: Mapping[str, Sequence[str]] = {
    "country": (
        "the country in which {x} lies",
        "the country where the city of {x} is",
        "the country that the city of {x} belongs to",
        "the country to which {x} belongs",
    ),
    "country_of_capital": (
        "the country whose capital is {x}",
        "the country that has {x} as its capital",
        "the country with the capital {x}",
    ),
    "capital": ("the capital of {x}", "the capital city of {x}", "the city that is the capital of {x}"),
    "neighbour": ("the only country that borders {x}", "the only neighbour of {x}"),
}
"""Field → phrases for its value, with the entity `{x}`."""

COMPARE_TEMPLATES: Mapping[str, Sequence[str]] = {
    "population": (
        "Which has more inhabitants, {x} or {y}?",
        "Which country has the larger population: {x} or {y}?",
        "Do more people live in {x} or in {y}?",
        "Of {x} and {y}, which has the greater number of inhabitants?",
    ),
    "area": (
        "Which is larger by area, {x} or {y}?",
        "Which country covers more square kilometres: {x} or {y}?",
        "Of {x} and {y}, which has the greater area?",
        "Which one has the larger area, {x} or {y}?",
    ),
}

SUM_TEMPLATES: Mapping[str, Sequence[str]] = {
    "population": (
        "How many people live in {x} and {y} together?",
        "What is the total population of {x} and {y}?",
        "Add the number of inhabitants of {x} to that of {y}. What is the sum?",
        "{x} and {y}: how many inhabitants do they have in total?",
    ),
    "area": (
        "What is the total area of {x} and {y} in square kilometres?",
        "How many square kilometres do {x} and {y} cover together?",
        "Add the area of {x} to that of {y}, in square kilometres. What is the sum?",
        "{x} and {y}: how large are they together, in square kilometres?",
    ),
}
"""Field → questions about two countries `{x}` and `{y}`."""
