"""Questions that read through GraphQL: relations at any depth, several lists in one request, groups, search."""

import re
import unicodedata
from collections import Counter, defaultdict
from statistics import fmean
from typing import Any

from examples.airports.answers import Answer, Question, asking, number
from examples.airports.api import PAGE, Api, Record
from examples.airports.model import QUADRANTS
from examples.airports.questions import TEN, all_as_sent, from_the_highest, shown
from examples.airports.world import ALTITUDES, Airport, World

GRAPHQL_READING: list[Question] = []
HIGH = 1_000
"""Feet."""


def nodes(connection: Any) -> list[Record]:
    """The records of one page."""
    return [edge["node"] for edge in connection["edges"]]


async def all_nodes(api: Api, document: str, *names: str, **variables: Any) -> list[Record]:
    """The records of all pages of the connection that the names lead to. The document continues at `$after`."""
    found: list[Record] = []
    after = None
    while True:
        connection = await api.graphql(document, after=after, **variables)
        for name in names:
            connection = connection[name]
        found += nodes(connection)
        if not connection["pageInfo"]["hasNextPage"]:
            return found
        after = connection["pageInfo"]["endCursor"]


@asking(GRAPHQL_READING, "GraphQL: is every airport as it was sent, and in its country?")
async def airports_as_sent(api: Api, world: World) -> Answer:
    document = """
        query Airports($after: String, $first: Int!) {
          airports(
            first: $first, after: $after, orderBy: [{country: {alpha2: AscNullsLast}}, {metres: DescNullsLast}]
          ) {
            edges { node { ...Codes ...Position origin edition loadedAt remark country { alpha2 } } }
            pageInfo { hasNextPage endCursor }
          }
        }
        fragment Codes on Airport {
          name icao iata codeGivers codes timeZone forSeaplanes chart { primaryLinkUrl primaryLinkLabel }
        }
        fragment Position on Airport {
          elevation metres altitude quadrant
          place { addressCity addressState addressCountry addressLat addressLng }
        }
    """
    return all_as_sent(world, await all_nodes(api, document, "airports", first=PAGE))


@asking(
    GRAPHQL_READING, f"GraphQL: which are the three highest airports of each country, of those above {HIGH:,} feet?"
)
async def highest_of_each_country(api: Api, world: World) -> Answer:
    document = """
        query Highest($filter: AirportFilterInput, $first: Int) {
          countries(first: 1000, orderBy: {alpha2: AscNullsFirst}, filter: {hasAirports: {eq: true}}) {
            totalCount
            pageInfo { hasNextPage }
            edges { node { alpha2 airports(
              first: $first, filter: $filter, orderBy: [{elevation: DescNullsLast}, {icao: AscNullsFirst}]
            ) {
              totalCount
              pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
              edges { cursor node { icao country { alpha2 } } }
            } } }
          }
        }
    """
    countries = (await api.graphql(document, filter={"elevation": {"gt": HIGH}}, first=3))["countries"]
    served = []
    for country in nodes(countries):
        page, info = country["airports"], country["airports"]["pageInfo"]
        cursors = [edge["cursor"] for edge in page["edges"]] or [None]
        served.append(
            {
                "country": country["alpha2"],
                "airports": [record["icao"] for record in nodes(page)],
                "way back": {record["country"]["alpha2"] for record in nodes(page)} <= {country["alpha2"]},
                "count": page["totalCount"],
                "more": (info["hasPreviousPage"], info["hasNextPage"]),
                "cursors": (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1]),
            }
        )
    computed = []
    for land, airports in sorted(world.by_country.items(), key=lambda item: item[0].alpha2):
        high = [airport.icao for airport in from_the_highest(airports) if airport.feet > HIGH]
        page = {"country": land.alpha2, "airports": high[:3], "count": len(high), "more": (False, len(high) > 3)}
        computed.append({**page, "way back": True, "cursors": True})
    size = (countries["totalCount"], countries["pageInfo"]["hasNextPage"])
    words = ", ".join(f"{page['country']} {page['airports'][0]}" for page in served[:5] if page["airports"])
    return Answer((size, served), ((len(world.by_country), False), computed), f"{words} …")


@asking(GRAPHQL_READING, "GraphQL: do the pages inside a country give each of its airports exactly once?")
async def pages_inside_a_country(api: Api, world: World) -> Answer:
    document = """
        query Inside($code: String!, $after: String, $first: Int) {
          country(filter: {alpha2: {eq: $code}}) {
            airports(first: $first, after: $after, orderBy: [{elevation: DescNullsLast}, {icao: AscNullsFirst}]) {
              edges { node { icao } }
              pageInfo { hasNextPage endCursor }
            }
          }
        }
    """
    country, airports = max(world.by_country.items(), key=lambda item: len(item[1]))
    found = await all_nodes(api, document, "country", "airports", code=country.alpha2, first=PAGE)
    served = [record["icao"] for record in found]
    computed = [airport.icao for airport in from_the_highest(airports)]
    return Answer(served, computed, f"{country.name} {country.flag} {shown(served)}")


@asking(
    GRAPHQL_READING,
    "GraphQL: what is each country's highest, northernmost, and number of airports, by three lists of one?",
)
async def several_lists_of_one_field(api: Api, world: World) -> Answer:
    document = """
        query Extremes($names: Boolean!, $seaplanes: Boolean!) {
          countries(first: 1000, filter: {airports: {icao: {is: NOT_NULL}}}) { edges { node {
            alpha2
            name @include(if: $names)
            highest: airports(first: 1, orderBy: [{elevation: DescNullsLast}, {icao: AscNullsFirst}]) { ...Code }
            northernmost: airports(
              first: 1, orderBy: [{place: {addressLat: DescNullsLast}}, {icao: AscNullsFirst}]
            ) { ...Code }
            airports {
              totalCount avgElevation minElevation maxElevation sumMetres countTrueForSeaplanes
              percentageEmptyIata countUniqueValuesTimeZone
            }
            seaplanes: airports(filter: {forSeaplanes: {eq: true}}) @skip(if: $seaplanes) { totalCount }
          } } }
        }
        fragment Code on AirportConnection { edges { node { icao } } }
    """
    countries = nodes((await api.graphql(document, names=False, seaplanes=True))["countries"])
    served = {
        record["alpha2"]: (
            sorted(record),
            [node["icao"] for alias in ("highest", "northernmost") for node in nodes(record[alias])],
            {name: number(value) for name, value in record["airports"].items()},
        )
        for record in countries
    }
    names = ["airports", "alpha2", "highest", "northernmost"]
    computed = {}
    for country, airports in world.by_country.items():
        north = min(airports, key=lambda airport: (-airport.latitude, airport.icao.lower()))
        extremes = [from_the_highest(airports)[0].icao, north.icao]
        computed[country.alpha2] = (names, extremes, aggregates(airports))
    return Answer(served, computed, f"{len(served)} countries, none of them asked for its name")


def aggregates(airports: list[Airport]) -> dict[str, float | None]:
    """What the API calls so, of these airports."""
    feet = [airport.feet for airport in airports]
    values = {
        "totalCount": len(airports),
        "avgElevation": fmean(feet),
        "minElevation": min(feet),
        "maxElevation": max(feet),
        "sumMetres": sum(airport.metres for airport in airports),
        "countTrueForSeaplanes": sum(airport.for_seaplanes for airport in airports),
        "percentageEmptyIata": fmean(not airport.iata for airport in airports),
        "countUniqueValuesTimeZone": len({airport.time_zone for airport in airports}),
    }
    return {name: number(value) for name, value in values.items()}


@asking(
    GRAPHQL_READING, "GraphQL: how many airports of each quadrant and altitude are there, and which are the highest?"
)
async def quadrants_and_altitudes(api: Api, world: World) -> Answer:
    document = """{
        airportsGroupBy(
          groupBy: [{quadrant: true}, {altitude: true}]
          orderBy: [{aggregate: {totalCount: DescNullsLast}}, {quadrant: AscNullsFirst}, {altitude: AscNullsFirst}]
          orderByForRecords: [{elevation: DescNullsLast}, {icao: AscNullsFirst}]
        ) {
          groupByDimensionValues
          totalCount avgElevation minElevation maxElevation sumMetres countTrueForSeaplanes
          percentageEmptyIata countUniqueValuesTimeZone
          edges { node { icao country { alpha2 } } }
        }
    }"""
    groups = (await api.graphql(document))["airportsGroupBy"]
    served = [
        (
            group["groupByDimensionValues"],
            {name: number(value) for name, value in group.items() if name not in ("groupByDimensionValues", "edges")},
            [(record["icao"], (record["country"] or {}).get("alpha2")) for record in nodes(group)],
        )
        for group in groups
    ]
    members: dict[tuple[str, str], list[Airport]] = defaultdict(list)
    for airport in from_the_highest(world.airports):
        members[airport.quadrant, airport.altitude].append(airport)
    ranked = sorted(
        members.items(),
        key=lambda item: (-len(item[1]), QUADRANTS.index(item[0][0]), list(ALTITUDES).index(item[0][1])),
    )
    computed = [
        (
            list(group),
            aggregates(airports),
            [(airport.icao, airport.country.alpha2 if airport.country else None) for airport in airports[:TEN]],
        )
        for group, airports in ranked
    ]
    words = ", ".join(f"{' '.join(group)} {int(values['totalCount'] or 0):,}" for group, values, _ in served[:3])
    return Answer(served, computed, f"{words} …")


@asking(GRAPHQL_READING, "GraphQL: how many airports of each altitude and country, and records at all, in one request?")
async def many_fields_in_one_request(api: Api, world: World) -> Answer:
    each = "\n".join(f"{name}: airports(filter: {{altitude: {{eq: {name}}}}}) {{ totalCount }}" for name in ALTITUDES)
    document = f"""{{
        __typename
        {each}
        all: airports {{ __typename totalCount }}
        countries {{ totalCount }}
        most: airportsGroupBy(
          groupBy: [{{country: {{alpha2: true}}}}]
          filter: {{countryId: {{is: NOT_NULL}}}}
          orderBy: [{{aggregate: {{totalCount: DescNullsLast}}}}, {{country: {{alpha2: AscNullsFirst}}}}]
          limit: {TEN}
        ) {{ groupByDimensionValues totalCount }}
    }}"""
    served = await api.graphql(document)
    counted = Counter(airport.altitude for airport in world.airports)
    sizes = sorted((-len(airports), country.alpha2) for country, airports in world.by_country.items())
    computed = {
        "__typename": "Query",
        **{name: {"totalCount": counted[name]} for name in ALTITUDES},
        "all": {"__typename": "AirportConnection", "totalCount": len(world.airports)},
        "countries": {"totalCount": len(world.countries)},
        "most": [{"groupByDimensionValues": [alpha2], "totalCount": -size} for size, alpha2 in sizes[:TEN]],
    }
    return Answer(served, computed, f"{len(served)} answers")


SEARCHED = ("international", "saint", "cote ivoire", "papua gui", "fazenda", "nosuchplace")


@asking(GRAPHQL_READING, "GraphQL: does search find all countries and airports by words and the beginnings of words?")
async def searched(api: Api, world: World) -> Answer:
    document = """
        query Search($words: String!, $after: String) {
          search(searchInput: $words, limit: 50, after: $after, includedObjectNameSingulars: ["country", "airport"]) {
            edges { node { label } }
            pageInfo { hasNextPage endCursor }
          }
        }
    """
    names = [*(country.name for country in world.countries), *(airport.name for airport in world.airports)]
    found = {name: words_of(name) for name in names}
    served, computed = {}, {}
    for words in SEARCHED:
        labels = [record["label"] for record in await all_nodes(api, document, "search", words=words)]
        matches = {name: [any(w.startswith(p) for w in found[name]) for p in words.split()] for name in found}
        # Those with all of the words come first, then those with some.
        both = Counter(name for name in names if all(matches[name]))
        served[words] = (Counter(labels[: both.total()]), Counter(labels))
        computed[words] = (both, Counter(name for name in names if any(matches[name])))
    return Answer(served, computed, ", ".join(f'"{words}" {all_.total():,}' for words, (_, all_) in served.items()))


def words_of(text: str) -> list[str]:
    """The words in small letters, without accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return re.findall(r"[^\W_]+", plain.lower())
