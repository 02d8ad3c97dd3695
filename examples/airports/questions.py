"""Questions that only read: filters, orders and groups."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import fmean

from examples.airports.answers import Answer, Question, asking, first_difference, number
from examples.airports.api import Api, Record
from examples.airports.model import airport_record, country_record, instant
from examples.airports.world import ALTITUDES, Airport, World

READING: list[Question] = []
TEN = 10


def codes(airports: list[Airport]) -> list[str]:
    """The ICAO codes, sorted."""
    return sorted(airport.icao for airport in airports)


def from_the_highest(airports: Iterable[Airport]) -> list[Airport]:
    """The airports from the highest to the lowest, equals in the order of their codes."""
    return sorted(airports, key=lambda airport: (-airport.feet, airport.icao.lower()))


async def codes_where(api: Api, condition: str) -> list[str]:
    """The ICAO codes of all airports that match a filter, sorted."""
    return sorted(record["icao"] for record in await api.all_records("airports", filter=condition))


def shown(found: list[str]) -> str:
    """A few codes, for people."""
    return f"{len(found):,}: {', '.join(found[:5])}{' …' if len(found) > 5 else ''}" if found else "none"


def all_as_sent(world: World, records: list[Record]) -> Answer:
    """Whether these are all airports, each with the values that were sent and the code of its country."""
    served = {record["icao"]: record for record in records}
    differences = []
    for airport in world.airports:
        country = {"alpha2": airport.country.alpha2} if airport.country else None
        sent = {**airport_record(airport, world), "country": country}
        if difference := first_difference(sent, served.get(airport.icao), airport.icao):
            differences.append(difference)
    return Answer((len(records), differences), (len(world.airports), []), f"all {len(served):,}, in every field")


@asking(READING, "Is every country as it was sent?")
async def countries_as_sent(api: Api, world: World) -> Answer:
    served = {record["alpha2"]: record for record in await api.all_records("countries")}
    differences = [
        difference
        for country in world.countries
        if (difference := first_difference(country_record(country, world), served.get(country.alpha2), country.alpha2))
    ]
    return Answer((len(served), differences), (len(world.countries), []), f"all {len(served)}, in every field")


@asking(READING, "Is every airport as it was sent, and in its country?")
async def airports_as_sent(api: Api, world: World) -> Answer:
    return all_as_sent(world, await api.all_records("airports", depth=1))


@asking(READING, "Which airports does the country with most of them have?")
async def airports_of_a_country(api: Api, world: World) -> Answer:
    country, airports = max(world.by_country.items(), key=lambda item: len(item[1]))
    served = await codes_where(api, f"country.alpha3[eq]:{country.alpha3}")
    return Answer(served, codes(airports), f"{country.name} {country.flag} {shown(served)}")


@asking(READING, "Which ten airports are the highest, and in which country?")
async def highest(api: Api, world: World) -> Answer:
    records = await api.records("airports", order_by="elevation[DescNullsLast],icao", limit=TEN, depth=1)
    served = [(record["icao"], (record["country"] or {}).get("name")) for record in records]
    ranked = from_the_highest(world.airports)[:TEN]
    computed = [(airport.icao, airport.country.name if airport.country else None) for airport in ranked]
    return Answer(served, computed, ", ".join(f"{icao} ({country})" for icao, country in served[:3]) + " …")


@asking(READING, "Which airports lie in a box around the Alps, above 2,000 feet?")
async def in_a_box(api: Api, world: World) -> Answer:
    box = "place.addressLat[gte]:44,place.addressLat[lte]:48,place.addressLng[gte]:5,place.addressLng[lte]:16"
    served = await codes_where(api, f"{box},elevation[gt]:2000")
    computed = [a for a in world.airports if 44 <= a.latitude <= 48 and 5 <= a.longitude <= 16 and a.feet > 2000]
    return Answer(served, codes(computed), shown(served))


@asking(
    READING, "Which airports with an IATA code are either below sea level or high up in the south, but not in Peru?"
)
async def nested_conditions(api: Api, world: World) -> Answer:
    high = "and(altitude[eq]:SKY,quadrant[in]:[SOUTH_EAST,SOUTH_WEST])"
    condition = f"and(iata[is]:NOT_NULL,or(metres[lt]:0,{high}),not(country.alpha2[eq]:PE))"
    served = await codes_where(api, condition)
    computed = [
        airport
        for airport in world.airports
        if airport.iata
        and (airport.metres < 0 or (airport.altitude == "SKY" and airport.quadrant.startswith("SOUTH")))
        and not (airport.country and airport.country.alpha2 == "PE")
    ]
    return Answer(served, codes(computed), shown(served))


@asking(READING, "Which airports call themselves international?")
async def by_pattern(api: Api, world: World) -> Answer:
    served = await codes_where(api, 'name[ilike]:"%international%"')
    computed = codes([airport for airport in world.airports if "international" in airport.name.lower()])
    return Answer(served, computed, shown(served))


@asking(READING, "Are names found again that hold quotes, commas, brackets and accents?")
async def awkward_names(api: Api, world: World) -> Answer:
    awkward = sorted({a.name for a in world.airports if set(a.name) & set(',()[]:%_ł"') or "'" in a.name})[:40]
    # A text with double quotes stands in single ones, and the other way round; one with both cannot be asked for.
    quoted = {name: f"'{name}'" if '"' in name else f'"{name}"' for name in awkward if not {'"', "'"} <= set(name)}
    served = {name: await api.count("airports", filter=f"name[eq]:{text}") for name, text in quoted.items()}
    computed = Counter(airport.name for airport in world.airports if airport.name in quoted)
    return Answer(served, dict(computed), "; ".join(list(served)[:3]) + " …")


@asking(READING, "Which countries have an airport above 10,000 feet?")
async def countries_by_their_airports(api: Api, world: World) -> Answer:
    records = await api.all_records("countries", filter="airports.elevation[gt]:10000", order_by="alpha2")
    served = [record["alpha2"] for record in records]
    computed = {airport.country.alpha2 for airport in world.airports if airport.country and airport.feet > 10_000}
    return Answer(served, sorted(computed), shown(served))


@asking(READING, "Which countries have no airport at all?")
async def countries_without(api: Api, world: World) -> Answer:
    records = await api.all_records("countries", filter="not(airports.icao[is]:NOT_NULL)", order_by="alpha2")
    flagged = await api.all_records("countries", filter="hasAirports[eq]:false", order_by="alpha2")
    served = [record["alpha2"] for record in records]
    computed = sorted(country.alpha2 for country in world.countries if country not in world.by_country)
    return Answer((served, [record["alpha2"] for record in flagged]), (computed, computed), shown(served))


@asking(READING, "Which airports belong to no country of the list?")
async def airports_without(api: Api, world: World) -> Answer:
    served = await codes_where(api, "countryId[is]:NULL")
    return Answer(served, codes([airport for airport in world.airports if airport.country is None]), shown(served))


@asking(READING, "Which countries lie in more areas than one, Europe being one of them?")
async def by_several_options(api: Api, world: World) -> Answer:
    condition = "areas[containsAny]:[EUROPE],areas[containsAny]:[ARCTIC,ASIA,ATLANTIC]"
    served = {record["flag"] for record in await api.all_records("countries", filter=condition)}
    others = {"ARCTIC", "ASIA", "ATLANTIC"}
    computed = {country.flag for country in world.countries if "EUROPE" in country.areas and others & {*country.areas}}
    return Answer(served, computed, " ".join(sorted(served)) or "none")


@asking(READING, "How many airports have a code of their own country, and how many countries no subdivisions?")
async def by_arrays_and_json(api: Api, world: World) -> Answer:
    local = await api.count("airports", filter='codeGivers[containsAny]:[LOCAL],origin[like]:"%lid%"')
    undivided = await api.count("countries", filter="subdivisions[is]:NULL")
    computed = (
        sum("LOCAL" in airport.codes for airport in world.airports),
        sum(not country.subdivisions for country in world.countries),
    )
    return Answer((local, undivided), computed, f"{local:,} and {undivided}")


@asking(READING, "Was everything loaded by this run, and when was the data made?")
async def by_time(api: Api, world: World) -> Answer:
    moment = instant(world.loaded_at)
    loaded = await api.count("airports", filter=f"loadedAt[gte]:{moment},loadedAt[lte]:{moment}")
    earlier = await api.count("airports", filter=f"loadedAt[lt]:{moment}")
    days = await api.get("airports/groupBy", group_by='[{"edition":{"granularity":"DAY"}}]')
    served = (loaded, earlier, [group["groupByDimensionValues"] for group in days])
    day = world.edition.isoformat()
    return Answer(served, (len(world.airports), 0, [[day]]), f"{loaded:,} at {moment}, of the data of {day}")


@asking(READING, "How many airports of each altitude, how high on average, at least, at most, and in total?")
async def altitudes(api: Api, world: World) -> Answer:
    names = ["totalCount", "avgElevation", "minElevation", "maxElevation", "sumMetres", "countTrueForSeaplanes"]
    groups = await api.get(
        "airports/groupBy",
        group_by='[{"altitude":true}]',
        aggregate=json.dumps(names),
        order_by='[{"altitude":"AscNullsFirst"}]',
    )
    served = [(group["groupByDimensionValues"], [number(group[name]) for name in names]) for group in groups]
    computed = []
    for altitude in ALTITUDES:
        members = [airport for airport in world.airports if airport.altitude == altitude]
        feet = [airport.feet for airport in members]
        if members:
            metres = sum(airport.metres for airport in members)
            seaplanes = sum(airport.for_seaplanes for airport in members)
            values = [len(members), fmean(feet), min(feet), max(feet), metres, seaplanes]
            computed.append(([altitude], [number(value) for value in values]))
    return Answer(served, computed, ", ".join(f"{values[0]} {int(found[0] or 0):,}" for values, found in served))


@asking(READING, "Which ten countries have the most airports?")
async def most_airports(api: Api, world: World) -> Answer:
    groups = await api.get(
        "airports/groupBy",
        group_by='[{"country":{"alpha2":true}}]',
        aggregate='["totalCount"]',
        order_by='[{"aggregate":{"totalCount":"DescNullsLast"}},{"country":{"alpha2":"AscNullsFirst"}}]',
        filter="countryId[is]:NOT_NULL",
        limit=TEN,
    )
    served = [(group["groupByDimensionValues"][0], int(group["totalCount"])) for group in groups]
    computed = sorted(
        ((country.alpha2, len(airports)) for country, airports in world.by_country.items()),
        key=lambda item: (-item[1], item[0]),
    )
    return Answer(served, computed[:TEN], ", ".join(f"{code} {count:,}" for code, count in served[:5]) + " …")


@asking(READING, "How many airports of each quadrant and altitude are there, and which are the three highest of each?")
async def quadrants_and_altitudes(api: Api, world: World) -> Answer:
    groups = await api.get(
        "airports/groupBy",
        group_by='[{"quadrant":true},{"altitude":true}]',
        aggregate='["totalCount"]',
        include_records_sample="true",
        order_by_for_records="elevation[DescNullsLast],icao",
    )
    served = {
        tuple(group["groupByDimensionValues"]): (
            int(group["totalCount"]),
            [record["icao"] for record in group["records"]][:3],
        )
        for group in groups
    }
    members = defaultdict(list)
    for airport in from_the_highest(world.airports):
        members[airport.quadrant, airport.altitude].append(airport.icao)
    computed = {group: (len(found), found[:3]) for group, found in members.items()}
    return Answer(served, computed, f"{len(served)} groups")


@asking(READING, "How many airports got a code from whom?")
async def unnested(api: Api, world: World) -> Answer:
    groups = await api.get(
        "airports/groupBy",
        group_by='[{"codeGivers":{"unnest":true}}]',
        aggregate='["totalCount","countNotEmptyIata","countUniqueValuesIata"]',
        order_by='[{"aggregate":{"totalCount":"DescNullsLast"}}]',
    )
    served = {group["groupByDimensionValues"][0]: int(group["totalCount"]) for group in groups}
    of_iata = [
        (int(group["countNotEmptyIata"]), int(group["countUniqueValuesIata"]))
        for group in groups
        if group["groupByDimensionValues"] == ["IATA"]
    ]
    counted = Counter(giver for airport in world.airports for giver in airport.codes)
    words = ", ".join(f"{giver} {count:,}" for giver, count in served.items())
    with_iata = counted["IATA"]
    return Answer((served, of_iata), (dict(counted), [(with_iata, with_iata)] if with_iata else []), words)
