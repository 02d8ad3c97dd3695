"""Records that resemble each other, and what becomes of them when they are merged."""

from typing import Any

import httpx

from tests.records.wire import (
    ANYWHERE,
    MISSING,
    Record,
    create,
    create_many,
    get,
    ids_of,
    listed,
    make_field,
    make_object,
    object_id,
    options,
    refusal,
    relation,
    send,
    soft_delete,
    total,
    update,
)


def test_duplicates(api: httpx.Client) -> None:
    def person(first: str, last: str, link: str = "", email: str = "") -> Record:
        return {
            "name": {"firstName": first, "lastName": last},
            "linkedinLink": {"primaryLinkUrl": link},
            "emails": {"primaryEmail": email},
        }

    one, two, three, short, trashed = create_many(
        api,
        "people",
        [
            person("Ann", "Lee", link="https://l.example/ann"),
            person("Ann", "Lee", email="ann@x.example"),
            person("Other", "Name", link="https://l.example/ann"),
            person("Al", "Lee"),
            person("Ann", "Lee"),
        ],
    )
    soft_delete(api, "people", trashed["id"])

    def found(body: Any) -> list[list[str]]:
        entries = send(api, "POST", "people/duplicates", body)["data"]
        for entry in entries:
            assert entry["totalCount"] == len(entry["personDuplicates"])
            assert (entry["pageInfo"]["startCursor"] is None) == (not entry["personDuplicates"])
        return [ids_of(entry["personDuplicates"]) for entry in entries]

    def ids(*records: Record) -> list[str]:
        return sorted(record["id"] for record in records)

    assert found({"ids": [one["id"], two["id"], three["id"], short["id"]]}) == [ids(two, three), ids(one), ids(one), []]
    assert found({"ids": [three["id"], MISSING, one["id"], trashed["id"]]}) == [ids(one), ids(two, three)]
    data = [person("Ann", "Lee"), person("", "", email="ANN@x.example"), person("Al", "Lee"), {}, {"city": "Rome"}]
    assert found({"data": data}) == [ids(one, two), ids(two), [], [], []]
    assert found({"data": [{**person("Ann", "Lee"), "id": one["id"]}]}) == [ids(two)]
    [entry] = send(api, "POST", "people/duplicates?depth=1", {"ids": [two["id"]]})["data"]
    assert entry["personDuplicates"] == [get(api, "people", one["id"], "?depth=1")]
    assert send(api, "POST", "people/duplicates", {"ids": []}) == {"data": []}
    wrong: list[Any] = [
        {},
        {"data": []},
        {"ids": [], "data": []},
        {"ids": "x"},
        {"ids": ["x"]},
        {"data": [{"nope": 1}]},
    ]
    for bad in [*wrong, []]:
        refusal(api.post("/rest/people/duplicates", json=bad))
    notes = create_many(api, "notes", [{"title": "same title"}] * 2)
    [entry] = send(api, "POST", "notes/duplicates", {"ids": [notes[0]["id"]]})["data"]
    assert entry["noteDuplicates"] == []


def merged(api: httpx.Client, plural: str, records: list[Record], priority: int = 0, **more: Any) -> Record:
    body = {"ids": ids_of(records), "conflictPriorityIndex": priority, **more}
    [record] = send(api, "PATCH", f"{plural}/merge", body)["data"].values()
    assert isinstance(record, dict)
    return record


def test_merged_values_of_every_type(api: httpx.Client) -> None:
    company = object_id(api, "company")
    for field in (
        {"name": "words", "type": "ARRAY"},
        {"name": "tags", "type": "MULTI_SELECT", "options": options("A", "B", "C")},
        {"name": "data", "type": "RAW_JSON"},
        {"name": "flag", "type": "BOOLEAN"},
        {"name": "calls", "type": "PHONES"},
        {"name": "mails", "type": "EMAILS"},
        {"name": "story", "type": "RICH_TEXT"},
        {"name": "big", "type": "NUMBER", "settings": {"dataType": "bigint"}},
        {"name": "day", "type": "DATE"},
        {"name": "pilot", "type": "FULL_NAME"},
    ):
        make_field(api, company, **field)
    [one, two, three] = create_many(
        api,
        "companies",
        [
            {
                "name": "One",
                "words": ["a", "b"],
                "tags": ["B"],
                "mails": {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]},
                "calls": {"primaryPhoneNumber": "+33612345678"},
                "domainName": {"primaryLinkUrl": "https://one.example", "primaryLinkLabel": "One"},
                "employees": 0,
                "flag": False,
                "pilot": {"lastName": "L"},
            },
            {
                "name": "Two",
                "words": ["b", "c"],
                "tags": ["A", "B"],
                "mails": {"primaryEmail": "c@x.example", "additionalEmails": ["a@x.example", "d@x.example"]},
                "calls": {"primaryPhoneNumber": "+12025550123", "additionalPhones": [{"number": "+33612345679"}]},
                "domainName": {"primaryLinkUrl": "https://two.example"},
                "employees": 5,
                "flag": True,
                "data": {"b": 2},
                "address": {
                    "addressCity": "Rome",
                    "addressLat": "41.12345678901234567890",
                    "addressLng": 9007199254740993,
                },
                "big": "9007199254740993",
                "pilot": {"firstName": "F"},
            },
            {
                "data": {"c": 3},
                "story": {"markdown": "# Hi"},
                "annualRevenue": {"amountMicros": 10**30, "currencyCode": "EUR"},
                "day": "0001-01-01",
                "address": {"addressCity": "Oslo"},
                "linkedinLink": {"primaryLinkUrl": "https://l.example"},
                "createdAt": "2020-01-01T00:00:00Z",
            },
        ],
    )
    lat = "41.12345678901234567890"
    assert total(api, "companies", filter=f"address.addressLat[eq]:{lat}") == 1
    dry = merged(api, "companies", [one, two, three], dryRun=True)
    assert dry["id"] not in ids_of([one, two, three])
    assert dry["deletedAt"] is not None
    assert listed(api, "companies") == sorted([one, two, three], key=lambda record: record["id"])
    record = merged(api, "companies", [one, two, three])
    same = set(dry) - {"id", "deletedAt", "updatedAt"}
    assert {key: record[key] for key in same} == {key: dry[key] for key in same}
    assert record == get(api, "companies", one["id"])
    assert listed(api, "companies", filter=ANYWHERE) == [record]
    kept = ("id", "createdAt", "createdBy", "position", "deletedAt", "name", "employees", "flag")
    assert {key: record[key] for key in kept} == {key: one[key] for key in kept}
    assert record["words"] == ["a", "b", "c"]
    assert sorted(record["tags"]) == ["A", "B"]
    assert record["mails"] == {
        "primaryEmail": "a@x.example",
        "additionalEmails": ["b@x.example", "c@x.example", "d@x.example"],
    }
    assert record["calls"]["primaryPhoneNumber"] == "612345678"
    assert [phone["number"] for phone in record["calls"]["additionalPhones"]] == ["2025550123", "612345679"]
    assert record["domainName"] == {
        "primaryLinkUrl": "https://one.example",
        "primaryLinkLabel": "One",
        "secondaryLinks": [{"url": "https://two.example", "label": ""}],
    }
    assert record["data"] == {"b": 2}
    assert record["address"] == two["address"]
    assert total(api, "companies", filter=f"address.addressLat[eq]:{lat},address.addressLng[eq]:9007199254740993") == 1
    assert record["big"] == "9007199254740993"
    assert record["story"] == three["story"]
    assert record["annualRevenue"] == {"amountMicros": str(10**30), "currencyCode": "EUR"}
    assert record["day"] == "0001-01-01"
    assert record["linkedinLink"] == three["linkedinLink"]
    assert record["pilot"] == {"firstName": "", "lastName": "L"}


def test_the_priority_of_a_merge(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{"city": "Rome", "jobTitle": "x"}, {"city": "Oslo"}])
    record = merged(api, "people", [one, two], 1)
    assert (record["id"], record["city"], record["jobTitle"]) == (two["id"], "Oslo", "x")
    assert api.get(f"/rest/people/{one['id']}").status_code == 404


def test_a_merge_of_unique_values(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{}, {"emails": {"primaryEmail": "a@x.example"}}])
    assert merged(api, "people", [one, two])["emails"]["primaryEmail"] == "a@x.example"


def test_a_merge_moves_what_refers_to_the_losers(api: httpx.Client) -> None:
    make_object(
        api,
        "visit",
        {
            "name": "guest",
            "type": "RELATION",
            "relationCreationPayload": relation(object_id(api, "person"), "Visits"),
        },
        {"name": "host", "type": "RELATION", "relationCreationPayload": relation(object_id(api, "person"), "Hosted")},
    )
    make_field(
        api,
        object_id(api, "person"),
        name="boss",
        type="RELATION",
        relationCreationPayload=relation(object_id(api, "person"), "Reports"),
    )
    one, two, other = create_many(api, "people", [{"city": "a"}, {"city": "b"}, {"city": "c"}])
    update(api, "people", one["id"], {"bossId": two["id"]})
    update(api, "people", other["id"], {"bossId": two["id"]})
    visit = create(api, "visits", {"guestId": two["id"], "hostId": two["id"]})
    trashed = create(api, "visits", {"guestId": two["id"], "hostId": other["id"]})
    soft_delete(api, "visits", trashed["id"])
    record = merged(api, "people", [one, two])
    assert record["bossId"] is None
    assert get(api, "people", other["id"])["bossId"] == one["id"]
    now = get(api, "visits", visit["id"])
    assert (now["guestId"], now["hostId"]) == (one["id"], one["id"])
    [restored] = send(api, "PATCH", f"visits/{trashed['id']}/restore")["data"].values()
    assert (restored["guestId"], restored["hostId"]) == (one["id"], other["id"])


def test_what_a_merge_refuses(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{}, {}])
    trashed = create(api, "people", {})
    soft_delete(api, "people", trashed["id"])
    both = ids_of([one, two])
    for body, status in (
        ({"ids": both}, 404),
        ({"ids": both, "conflictPriorityIndex": 2}, 400),
        ({"ids": both, "conflictPriorityIndex": -1}, 400),
        ({"ids": both, "conflictPriorityIndex": 0.5}, 400),
        ({"ids": both, "conflictPriorityIndex": True}, 400),
        ({"ids": both, "conflictPriorityIndex": "0"}, 400),
        ({"ids": both, "conflictPriorityIndex": 0, "dryRun": "yes"}, 400),
        ({"ids": [one["id"], MISSING], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], trashed["id"]], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], one["id"]], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], one["id"].upper()], "conflictPriorityIndex": 0}, 404),
        ({"ids": both[:1], "conflictPriorityIndex": 0}, 400),
        ({"ids": both * 5, "conflictPriorityIndex": 0}, 400),
        ({"ids": "x", "conflictPriorityIndex": 0}, 400),
        ({"conflictPriorityIndex": 0}, 400),
        ({}, 400),
        ([], 400),
    ):
        refusal(api.patch("/rest/people/merge", json=body), status)
    refusal(api.patch("/rest/notes/merge", json={"ids": both, "conflictPriorityIndex": 0}))
    assert total(api, "people", filter=ANYWHERE) == 3
