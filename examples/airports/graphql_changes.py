"""Questions that write through GraphQL. Each leaves every value as it was; what it made anew has new ids."""

from collections.abc import Sequence

from examples.airports.answers import Answer, Question, asking
from examples.airports.api import Api, Record, Refused
from examples.airports.changes import a_country, everything, small_countries
from examples.airports.graphql import nodes
from examples.airports.load import BATCH, airport_records, country_records, load
from examples.airports.model import country_of
from examples.airports.world import World

GRAPHQL_WRITING: list[Question] = []
CONCURRENCY = 4
GIVEN = ("id", "createdAt", "position")
"""What the server gives to a record that is new, and may give differently when the record comes again."""

UPSERT = {
    "countries": """mutation Upsert($data: [CountryCreateInput!]!) {
        records: createCountries(data: $data, upsert: true) { alpha2 }
    }""",
    "airports": """mutation Upsert($data: [AirportCreateInput!]!) {
        records: createAirports(data: $data, upsert: true) { icao }
    }""",
}
State = dict[str, dict[str, Record]]
"""All records by the code of each, by the plural names of their objects."""


async def state(api: Api) -> State:
    """What is there, without the times of the last changes."""
    codes = {"countries": "alpha2", "airports": "icao"}
    return {
        plural: {record[code]: record for record in (await everything(api, plural)).values()}
        for plural, code in codes.items()
    }


def changed(before: State, after: State) -> dict[str, set[str]]:
    """The names of the fields of which some record is not as before, and the codes that came or went."""
    return {
        plural: {
            name for code in before[plural].keys() & found for name in _differing(before[plural][code], found[code])
        }
        | (before[plural].keys() ^ found.keys())
        for plural, found in after.items()
    }


def _differing(left: Record, right: Record) -> set[str]:
    return {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}


@asking(
    GRAPHQL_WRITING,
    "GraphQL: does loading twice repair what is destroyed, in the bin or changed, and then change nothing?",
)
async def twice(api: Api, world: World) -> Answer:
    (fresh, destroyed), (binned, deleted), *_ = small_countries(world)
    before = await state(api)
    damage = """
        mutation Damage($fresh: String!, $binned: String!) {
          destroyAirports(filter: {country: {alpha2: {eq: $fresh}}}) { icao }
          deleteAirports(filter: {country: {alpha2: {eq: $binned}}}) { icao }
          updateCountries(filter: {alpha2: {in: [$fresh, $binned]}}, data: {flag: "?", areas: null}) { alpha2 }
        }
    """
    damaged = await api.graphql(damage, fresh=fresh.alpha2, binned=binned.alpha2)
    disorder: list[Sequence[Record]] = []

    async def upsert(api: Api, plural: str, batch: Sequence[Record]) -> list[Record]:
        answered: list[Record] = (await api.graphql(UPSERT[plural], data=batch))["records"]
        if answered != [{name: record[name] for name in answered[0]} for record in batch]:
            disorder.append(answered)
        return answered

    states = []
    for _ in range(2):
        for plural, records in (("countries", country_records(world)), ("airports", airport_records(world))):
            await load(api, plural, records, CONCURRENCY, lambda _: None, upsert)
        states.append(await state(api))
    first, second = states
    is_new = {code for code, record in first["airports"].items() if record["id"] != before["airports"][code]["id"]}
    sizes = [len(records) for records in damaged.values()]
    repaired = {plural: names - {*GIVEN} for plural, names in changed(before, first).items()}
    served = (sizes, repaired, is_new, changed(first, second), disorder)
    nothing: dict[str, set[str]] = {"countries": set(), "airports": set()}
    computed: object = (
        [len(destroyed), len(deleted), 2],
        nothing,
        {airport.icao for airport in destroyed},
        nothing,
        [],
    )
    words = f"{len(destroyed)} of {fresh.name} are there again, {len(deleted)} of {binned.name} restored"
    return Answer(served, computed, words)


@asking(GRAPHQL_WRITING, "GraphQL: do airports come with a country that is known, and with one that comes along?")
async def connect_and_create(api: Api, world: World) -> Answer:
    country, airports = a_country(world)
    create = """
        mutation Make($known: AirportCreateInput!, $new: AirportCreateInput!) {
          known: createAirport(data: $known) { ...Made }
          new: createAirport(data: $new) { ...Made }
        }
        fragment Made on Airport { id icao country { id alpha2 airports { totalCount edges { node { icao } } } } }
    """
    sealand = {"name": "Sealand", "alpha2": "X1", "alpha3": "XX1", "isoNumber": 9001}
    made = await api.graphql(
        create,
        known={"name": "Known", "icao": "ZZZ1", **country_of(airports[0])},
        new={"name": "New", "icao": "ZZZ2", "country": {"create": sealand}},
    )
    change = """
        mutation Change($known: UUID!, $new: UUID!, $to: AirportUpdateInput!, $country: UUID!) {
          moved: updateAirport(id: $known, data: $to) { country { alpha2 } }
          parted: updateAirport(id: $new, data: {country: {disconnect: true}}) { countryId country { alpha2 } }
          airports: destroyAirports(filter: {id: {in: [$known, $new]}}) { icao }
          country: destroyCountry(id: $country) { alpha2 airports { totalCount } }
        }
    """
    ids = {alias: record["id"] for alias, record in made.items()}
    to = {"country": {"connect": {"where": {"alpha2": sealand["alpha2"]}}}}
    gone = await api.graphql(change, **ids, to=to, country=made["new"]["country"]["id"])
    counts = await api.graphql("{ airports { totalCount } countries { totalCount } }")
    served = {
        **{
            alias: (
                record["country"]["alpha2"],
                record["country"]["airports"]["totalCount"],
                record["icao"] in [node["icao"] for node in nodes(record["country"]["airports"])],
            )
            for alias, record in made.items()
        },
        "gone": {**gone, "airports": sorted(record["icao"] for record in gone["airports"])},
        "left": [connection["totalCount"] for connection in counts.values()],
    }
    computed = {
        "known": (country.alpha2, len(airports) + 1, True),
        "new": (sealand["alpha2"], 1, True),
        "gone": {
            "moved": {"country": {"alpha2": sealand["alpha2"]}},
            "parted": {"countryId": None, "country": None},
            "airports": ["ZZZ1", "ZZZ2"],
            "country": {"alpha2": sealand["alpha2"], "airports": {"totalCount": 0}},
        },
        "left": [len(world.airports), len(world.countries)],
    }
    return Answer(served, computed, f"one more of {country.name}, and Sealand; both gone again")


@asking(
    GRAPHQL_WRITING,
    "GraphQL: does a part that is refused say where, write nothing, and leave the others their answers?",
)
async def refused_in_part(api: Api, world: World) -> Answer:
    taken = world.airports[0].icao
    document = """
        mutation Part($data: [AirportCreateInput!]!, $large: [AirportCreateInput!]!) {
          good: updateAirports(filter: {icao: {eq: "no such"}}, data: {remark: "x"}) { id }
          taken: createAirports(data: $data) { id }
          large: createAirports(data: $large) { id }
          all: updateAirports(filter: {}, data: {remark: "x"}) { id }
        }
    """
    new = [{"icao": f"NEW{place}", "country": {"create": {"alpha2": f"X{place}"}}} for place in range(9)]
    try:
        body = {"data": await api.graphql(document, data=[*new, {"icao": taken}], large=[{}] * (BATCH + 1))}
    except Refused as refused:
        body = refused.body
    counts = await api.graphql(
        """{ airports { totalCount } countries { totalCount }
             remarks: airports(filter: {remark: {is: NOT_NULL}}) { totalCount } }"""
    )
    served = (
        body["data"],
        sorted((error["path"], error["extensions"]["code"]) for error in body.get("errors", [])),
        [connection["totalCount"] for connection in counts.values()],
    )
    computed: object = (
        {"good": [], "taken": None, "large": None, "all": None},
        [([alias], "BAD_USER_INPUT") for alias in ("all", "large", "taken")],
        [len(world.airports), len(world.countries), 0],
    )
    return Answer(served, computed, "three of four, and nothing has changed")
