"""Questions that write: upsert, update, delete, restore, refusals, duplicates. Each leaves everything as it was."""

import uuid
from typing import Any

from examples.airports.answers import Answer, Question, asking
from examples.airports.api import Api, Record, Refused
from examples.airports.load import BATCH, airport_records, country_records, upsert
from examples.airports.world import Airport, Country, World

WRITING: list[Question] = []
REMARK = "Looked at"


def small_countries(world: World) -> list[tuple[Country, list[Airport]]]:
    """The countries whose airports one request may still change all, those with the most of them first."""
    small = [(country, airports) for country, airports in world.by_country.items() if len(airports) <= BATCH]
    return sorted(small, key=lambda item: -len(item[1]))


def a_country(world: World) -> tuple[Country, list[Airport]]:
    """The country with the most airports that one request may still change."""
    return small_countries(world)[0]


async def refusal(api: Api, method: str, path: str, body: Any = None, **parameters: str) -> dict[str, Any]:
    """The status, the message and the index of the record at fault, of a request that is to be refused."""
    try:
        await api.call(method, path, body, **parameters)
    except Refused as refused:
        return {"status": refused.status, **{name: refused.body.get(name) for name in ("messages", "index")}}
    return {"status": "not refused"}


async def everything(api: Api, plural: str) -> dict[str, Record]:
    """All records by id, without the time of their last change."""
    return {
        record["id"]: {name: value for name, value in record.items() if name != "updatedAt"}
        for record in await api.all_records(plural)
    }


@asking(WRITING, "Does loading twice give the same state, and answer in the order of the input?")
async def twice(api: Api, world: World) -> Answer:
    plurals = {"countries": country_records(world), "airports": airport_records(world)}
    before = {plural: await everything(api, plural) for plural in plurals}
    in_order = []
    for plural, records in plurals.items():
        code = "icao" if plural == "airports" else "alpha2"
        # From all over the list, and backwards, so that no record has its old neighbours.
        batch = list(reversed(records[:: len(records) // BATCH + 1]))
        for _ in range(2):
            answered = await upsert(api, plural, batch)
            in_order.append([record[code] for record in answered] == [record[code] for record in batch])
    after = {plural: await everything(api, plural) for plural in plurals}
    changed = [
        (plural, found, record, after[plural].get(found))
        for plural in plurals
        for found, record in before[plural].items()
        if after[plural].get(found) != record
    ]
    sizes = {plural: len(found) for plural, found in after.items()}
    expected = {plural: len(records) for plural, records in plurals.items()}
    return Answer((changed, in_order, sizes), ([], [True] * 4, expected), "same ids, same values, same number")


@asking(WRITING, "Are all airports of one country changed by one request, and no other?")
async def update_many(api: Api, world: World) -> Answer:
    country, airports = a_country(world)
    condition = f"country.alpha2[eq]:{country.alpha2}"
    changed = (await api.call("PATCH", "airports", {"remark": REMARK}, filter=condition))["data"]["updateAirports"]
    remarked = await api.all_records("airports", filter=f'remark[eq]:"{REMARK}"')
    await api.call("PATCH", "airports", {"remark": None}, filter=condition)
    left = await api.count("airports", filter="remark[is]:NOT_NULL")
    codes = sorted(airport.icao for airport in airports)
    served = (sorted(record["icao"] for record in changed), sorted(record["icao"] for record in remarked), left)
    return Answer(served, (codes, codes, 0), f"{len(changed)} of {country.name}")


@asking(WRITING, "Is a change of more than sixty records refused, and one without a filter?")
async def update_too_many(api: Api, world: World) -> Answer:
    too_many = (await refusal(api, "PATCH", "airports", {"remark": REMARK}, filter="id[is]:NOT_NULL"))["status"]
    unfiltered = (await refusal(api, "PATCH", "airports", {"remark": REMARK}))["status"]
    left = await api.count("airports", filter="remark[is]:NOT_NULL")
    expected = (400 if len(world.airports) > BATCH else "not refused", 400, 0)
    return Answer((too_many, unfiltered, left), expected, "both, and nothing has changed")


@asking(WRITING, "Do airports that are deleted softly disappear, and come back when restored?")
async def delete_and_restore(api: Api, world: World) -> Answer:
    country, airports = a_country(world)
    condition = f"country.alpha2[eq]:{country.alpha2}"
    before = await everything(api, "airports")
    [one, *_] = (record["id"] for record in before.values() if record["icao"] == airports[0].icao)
    await api.call("DELETE", "airports", filter=condition, soft_delete="true")
    gone = {
        "left": await api.count("airports"),
        "in the bin": await api.count("airports", filter="deletedAt[is]:NOT_NULL"),
        "one of them": (await refusal(api, "GET", f"airports/{one}"))["status"],
        "of the country": await api.count("airports", filter=condition),
    }
    await api.call("PATCH", f"airports/{one}/restore")
    await api.call("PATCH", "airports/restore", filter=f"{condition},deletedAt[is]:NOT_NULL")
    after = await everything(api, "airports")
    expected = {
        "left": len(world.airports) - len(airports),
        "in the bin": len(airports),
        "one of them": 404,
        "of the country": 0,
    }
    return Answer((gone, after == before), (expected, True), f"{len(airports)} of {country.name}")


@asking(WRITING, "Is a code that is taken refused, and the whole batch with it?")
async def code_taken(api: Api, world: World) -> Answer:
    taken = world.airports[0].icao
    new = [{"name": "New", "icao": f"NEW{place:02}"} for place in range(BATCH)]
    alone = await refusal(api, "POST", "airports", {"name": "Second", "icao": taken})
    batch = await refusal(api, "POST", "batch/airports", [*new[:41], {"icao": taken}, *new[42:]])
    left = await api.count("airports")
    message = ["A duplicate entry was detected"]
    expected = [{"status": 400, "messages": message, "index": index} for index in (None, 41)]
    return Answer(([alone, batch], left), (expected, len(world.airports)), f"{taken}, as number 41 of its batch")


@asking(WRITING, "Is a batch of sixty-one refused?")
async def batch_too_large(api: Api, world: World) -> Answer:
    status = (await refusal(api, "POST", "batch/airports", [{"name": "New"}] * (BATCH + 1)))["status"]
    left = await api.count("airports")
    return Answer((status, left), (400, len(world.airports)), "and nothing of it was written")


@asking(WRITING, "Does an airport come, change, and go for good?")
async def one_airport(api: Api, world: World) -> Answer:
    created = (await api.call("POST", "airports", {"name": "Île d'Or", "icao": "ZZZZ9", "metres": 3}))["data"]
    found = created["createAirport"]["id"]
    changed = {"metres": 4, "codes": ["ZZZZ9"], "place": {"addressCity": "Saint-Raphaël"}}
    updated = (await api.call("PATCH", f"airports/{found}", changed))["data"]["updateAirport"]
    read = (await api.get(f"airports/{found}"))["data"]["airport"]
    destroyed = (await api.call("DELETE", f"airports/{found}"))["data"]["deleteAirport"]
    gone = (await refusal(api, "GET", f"airports/{found}"))["status"]
    served = (read == updated, {name: read[name] for name in ("name", "metres", "codes")}, destroyed["id"], gone)
    expected = (True, {"name": "Île d'Or", "metres": 4, "codes": ["ZZZZ9"]}, found, 404)
    return Answer(served, expected, "yes")


@asking(WRITING, "Are duplicates of a company found and merged, while airports have no rule for them?")
async def duplicates(api: Api, world: World) -> Answer:
    name = f"Airport Operators {uuid.uuid4()}"
    batch = [{"name": name, "employees": 60}, {"name": name, "address": {"addressCity": "Ghent"}}]
    created = (await api.call("POST", "batch/companies", batch))["data"]["createCompanies"]
    first, second = (record["id"] for record in created)
    by_id = (await api.call("POST", "companies/duplicates", {"ids": [first, second]}))["data"]
    by_data = (await api.call("POST", "companies/duplicates", {"data": [{"name": name}, {"name": "Nobody"}]}))["data"]
    [airport] = await api.records("airports", limit=1)
    of_airport = (await api.call("POST", "airports/duplicates", {"ids": [airport["id"]]}))["data"]
    merge = {"ids": [first, second], "conflictPriorityIndex": 0}
    merged = (await api.call("PATCH", "companies/merge", merge))["data"]["mergeCompany"]
    await api.call("DELETE", f"companies/{first}")
    served = (
        [[record["id"] for record in entry["companyDuplicates"]] for entry in by_id],
        [{record["id"] for record in entry["companyDuplicates"]} for entry in by_data],
        [entry["airportDuplicates"] for entry in of_airport],
        (merged["id"], merged["employees"], merged["address"]["addressCity"]),
        await api.count("companies", filter=f'name[eq]:"{name}"'),
    )
    expected: object = ([[second], [first]], [{first, second}, set()], [[]], (first, 60, "Ghent"), 0)
    return Answer(served, expected, "two found, one left of them")
