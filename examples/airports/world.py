"""What is loaded: the airports of `airportsdata` and the countries of `pycountry`, as plain values."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import airportsdata
import pycountry

METRES_PER_FOOT = 0.3048

ALTITUDES = {"BELOW_SEA_LEVEL": 0.0, "LOWLAND": 1_000.0, "HILLS": 3_000.0, "MOUNTAINS": 8_000.0, "SKY": float("inf")}
"""Classes of altitude, each with the elevation in feet that it stays below."""


@dataclass(frozen=True, eq=False)
class Country:
    """A country of ISO 3166-1. `areas` are the first words of its airports' time zones: Europe, America …"""

    alpha2: str
    alpha3: str
    number: int
    name: str
    official_name: str
    flag: str
    subdivisions: tuple[str, ...]
    areas: tuple[str, ...]
    origin: dict[str, str]


@dataclass(frozen=True, eq=False)
class Airport:
    """An airport. `country` is None where ISO 3166-1 has none, which is so for Kosovo; texts may be empty."""

    icao: str
    iata: str
    local_code: str
    name: str
    city: str
    subdivision: str
    country: Country | None
    feet: float
    latitude: float
    longitude: float
    time_zone: str
    origin: dict[str, Any]

    @property
    def metres(self) -> int:
        return round(self.feet * METRES_PER_FOOT)

    @property
    def altitude(self) -> str:
        return next(name for name, below in ALTITUDES.items() if self.feet < below)

    @property
    def quadrant(self) -> str:
        return ("NORTH" if self.latitude >= 0 else "SOUTH") + ("_EAST" if self.longitude >= 0 else "_WEST")

    @property
    def for_seaplanes(self) -> bool:
        return "seaplane" in self.name.lower()

    @property
    def codes(self) -> dict[str, str]:
        """The codes that it has, by who gave them."""
        codes = {"ICAO": self.icao, "IATA": self.iata, "LOCAL": self.local_code}
        return {giver: code for giver, code in codes.items() if code}


@dataclass(frozen=True, eq=False)
class World:
    """Everything that one run loads, and when. `edition` is the day of the airports' data."""

    countries: tuple[Country, ...]
    airports: tuple[Airport, ...]
    edition: date
    loaded_at: datetime

    @cached_property
    def by_country(self) -> dict[Country, list[Airport]]:
        """The airports of each country that has some."""
        found: dict[Country, list[Airport]] = defaultdict(list)
        for airport in self.airports:
            if airport.country:
                found[airport.country].append(airport)
        return dict(found)

    @cached_property
    def by_icao(self) -> dict[str, Airport]:
        return {airport.icao: airport for airport in self.airports}


def read_world(loaded_at: datetime, limit: int | None = None) -> World:
    """All countries, and all airports or `limit` of them."""
    entries = list(airportsdata.load().values())
    # Of all airports, so that the options of areas are the same for any limit.
    areas: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        areas[entry["country"]].add(entry["tz"].split("/")[0].upper())
    if limit is not None:
        entries = _some(entries, limit)
    subdivisions: dict[str, list[str]] = defaultdict(list)
    for subdivision in pycountry.subdivisions:
        subdivisions[subdivision.country_code].append(subdivision.name)
    countries = {
        country.alpha_2: _country(country, tuple(subdivisions[country.alpha_2]), areas[country.alpha_2])
        for country in pycountry.countries
    }
    return World(
        countries=tuple(countries.values()),
        airports=tuple(_airport(dict(entry), countries.get(entry["country"])) for entry in entries),
        edition=datetime.strptime(airportsdata.__version__, "%Y%m%d").date(),  # noqa: DTZ007 (a day has no zone)
        loaded_at=loaded_at,
    )


def all_areas(countries: Iterable[Country]) -> list[str]:
    """Every area that some country lies in."""
    return sorted({area for country in countries for area in country.areas})


def _some(entries: list[airportsdata.Airport], limit: int) -> list[airportsdata.Airport]:
    """One airport of each country, and the others evenly from the whole."""
    first = {entry["country"]: entry for entry in reversed(entries)}
    others = [entry for entry in entries if entry is not first[entry["country"]]]
    wanted = min(max(limit - len(first), 0), len(others))
    return [*first.values(), *(others[place * len(others) // wanted] for place in range(wanted))][:limit]


def _country(entry: Any, subdivisions: tuple[str, ...], areas: set[str]) -> Country:
    return Country(
        alpha2=entry.alpha_2,
        alpha3=entry.alpha_3,
        number=int(entry.numeric),
        name=getattr(entry, "common_name", entry.name),
        official_name=getattr(entry, "official_name", ""),
        flag=entry.flag,
        subdivisions=subdivisions,
        areas=tuple(sorted(areas)),
        origin=dict(entry),
    )


def _airport(entry: dict[str, Any], country: Country | None) -> Airport:
    return Airport(
        icao=entry["icao"],
        iata=entry["iata"],
        local_code=entry["lid"],
        name=entry["name"],
        city=entry["city"],
        subdivision=entry["subd"],
        country=country,
        feet=entry["elevation"],
        latitude=entry["lat"],
        longitude=entry["lon"],
        time_zone=entry["tz"],
        origin=entry,
    )
