"""Batches: all or none, answered in the order of the input, with the place of the record at fault."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.records.wire import (
    ANYWHERE,
    MISSING,
    Record,
    create,
    create_many,
    get,
    listed,
    make_object,
    options,
    refusal,
    relation,
    send,
    total,
)
from threescore.catalog.workspaces import Workspace

QUERIES = ["", "?upsert=true"]


def email(address: str, **more: Any) -> Record:
    return {"emails": {"primaryEmail": address}, **more}


@pytest.mark.parametrize("query", QUERIES)
def test_sixty_records_in_their_order(api: httpx.Client, query: str) -> None:
    given = [email(f"p{n * 37 % 60}@x.example", jobTitle=str(n)) for n in range(60)]
    given[3]["position"], given[7]["position"], given[9]["position"] = "last", 5, "first"
    made = create_many(api, "people", given, query)
    assert [record["jobTitle"] for record in made] == [str(n) for n in range(60)]
    assert total(api, "people") == 60


@pytest.mark.parametrize("query", QUERIES)
def test_sixty_one_records_are_refused(api: httpx.Client, query: str) -> None:
    body = refusal(api.post(f"/rest/batch/people{query}", json=[{}] * 61))
    assert "60" in body["messages"][0]
    assert total(api, "people") == 0


@pytest.mark.parametrize("query", QUERIES)
def test_no_records(api: httpx.Client, query: str) -> None:
    assert create_many(api, "people", [], query) == []


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("body", [{}, {"jobTitle": "x"}, "text"])
def test_a_batch_is_a_list(api: httpx.Client, query: str, body: Any) -> None:
    refusal(api.post(f"/rest/batch/people{query}", json=body))


BAD: list[tuple[Any, str]] = [
    ({"nope": 1}, "nope"),
    ({"jobTitle": 5}, "jobTitle"),
    ({"emails": {"primaryEmail": "no address"}}, "emails"),
    ({"phones": {"primaryPhoneNumber": "12"}}, "phone"),
    ({"id": "no id"}, "UUID"),
    ({"companyId": MISSING}, "companyId"),
    ({"company": {"connect": {"where": {"id": MISSING}}}}, "company"),
    ({"company": {"connect": {"where": {"name": "Acme"}}}}, "company"),
    ({"company": {"create": "x"}}, "company"),
    ({"people": []}, "people"),
    ({"searchVector": "x"}, "searchVector"),
    ({"position": None}, "position"),
    ({"createdAt": None}, "createdAt"),
    ("text", "JSON object"),
    (None, "JSON object"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_record_at_fault_is_named(api: httpx.Client, query: str) -> None:
    for number, (bad, named) in enumerate(BAD):
        place = (0, 17, 59)[number % 3]
        records: list[Any] = [{"jobTitle": str(n)} for n in range(60)]
        records[place] = bad
        body = refusal(api.post(f"/rest/batch/people{query}", json=records))
        assert body["index"] == place, bad
        assert named in body["messages"][0]
    assert total(api, "people") == 0


def test_a_single_record_has_no_index(api: httpx.Client) -> None:
    for bad in ({"nope": 1}, {"companyId": MISSING}, {"company": {"connect": {"where": {"id": MISSING}}}}):
        for query in QUERIES:
            assert "index" not in refusal(api.post(f"/rest/people{query}", json=bad))
    made = create(api, "people", {})
    for bad in ({"nope": 1}, {"companyId": MISSING}):
        assert "index" not in refusal(api.patch(f"/rest/people/{made['id']}", json=bad))
        assert "index" not in refusal(api.patch("/rest/people?filter=id[is]:NOT_NULL", json=bad))


def test_duplicates_name_the_later_record(api: httpx.Client) -> None:
    old = create(api, "people", email("old@x.example"))
    for bad, place in (
        ([{}, email("a@x.example"), {}, email("old@x.example")], 3),
        ([email("a@x.example"), {}, email("A@x.example"), {}], 2),
        ([{}, {"id": old["id"]}], 1),
        ([{"id": MISSING}, {}, {"id": MISSING}], 2),
    ):
        body = refusal(api.post("/rest/batch/people", json=bad))
        assert body["messages"] == ["A duplicate entry was detected"]
        assert body["index"] == place
    assert listed(api, "people") == [old]


@pytest.fixture(scope="module")
def gadget_shop(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[httpx.Client]:
    """A client of a workspace that has an object with unique fields of many types."""
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as api:
        make_object(
            api,
            "gadget",
            {"name": "code", "type": "TEXT", "isUnique": True},
            {"name": "size", "type": "NUMBER", "isUnique": True},
            {"name": "big", "type": "NUMBER", "settings": {"dataType": "bigint"}, "isUnique": True},
            {"name": "day", "type": "DATE", "isUnique": True},
            {"name": "moment", "type": "DATE_TIME", "isUnique": True},
            {"name": "outer", "type": "UUID", "isUnique": True},
            {"name": "stage", "type": "SELECT", "options": options("A", "B"), "isUnique": True},
            {"name": "words", "type": "ARRAY", "isUnique": True},
            {"name": "data", "type": "RAW_JSON", "isUnique": True},
            {"name": "calls", "type": "PHONES", "isUnique": True},
            {"name": "sites", "type": "LINKS", "isUnique": True},
            {"name": "must", "type": "TEXT", "isNullable": False, "defaultValue": "'x'"},
            {"name": "word", "type": "TEXT", "isSearchable": True},
        )
        yield api


@pytest.fixture
def gadgets(gadget_shop: httpx.Client) -> httpx.Client:
    """The same, without any records."""
    send(gadget_shop, "DELETE", "gadgets?filter=id[is]:NOT_NULL")
    return gadget_shop


UNIQUE: list[tuple[str, Any]] = [
    ("code", 'a, "b"=(c)\n'),
    ("size", 1.0),
    ("size", 1e300),
    ("big", "9007199254740993"),
    ("day", "2024-02-29"),
    ("moment", "2024-02-29T01:02:03.004Z"),
    ("outer", MISSING),
    ("stage", "B"),
    ("words", ["b", "a, c"]),
    ("data", {"b": [1, {"a": None}]}),
    ("calls", {"primaryPhoneNumber": "+33612345678"}),
    ("sites", {"primaryLinkUrl": "https://x.example/a"}),
]


def test_a_duplicate_of_any_type_is_named(gadgets: httpx.Client) -> None:
    for field, value in UNIQUE:
        one = {field: value}
        body = refusal(gadgets.post("/rest/batch/gadgets", json=[{}, one, {}, one, {}]))
        assert body["messages"] == ["A duplicate entry was detected"], field
        assert body["index"] == 3, field
    assert total(gadgets, "gadgets") == 0
    for field, value in UNIQUE:
        made = create(gadgets, "gadgets", {field: value})
        body = refusal(gadgets.post("/rest/batch/gadgets", json=[{}, {}, {field: value}, {field: value}]))
        assert body["index"] == 2, field
        send(gadgets, "DELETE", f"gadgets/{made['id']}")


def test_upsert_matches_by_every_unique_field(gadgets: httpx.Client) -> None:
    for field, value in UNIQUE:
        [first] = create_many(gadgets, "gadgets", [{field: value, "name": "first"}], "?upsert=true")
        answer = create_many(gadgets, "gadgets", [{"name": "new"}, {field: value, "name": "second"}], "?upsert=true")
        assert answer[1]["id"] == first["id"], field
        assert [record["name"] for record in answer] == ["new", "second"]
        assert answer[1][field] == first[field]
        send(gadgets, "DELETE", "gadgets?filter=id[is]:NOT_NULL")


def test_a_value_too_long_to_be_unique_is_named(gadgets: httpx.Client) -> None:
    # Random, because an index keeps compressed values.
    long = "".join(uuid4().hex for _ in range(400))
    for query in QUERIES:
        body = refusal(gadgets.post(f"/rest/batch/gadgets{query}", json=[{}, {"code": long}, {}]))
        assert body["index"] == 1
        assert "too long" in body["messages"][0]
    assert total(gadgets, "gadgets") == 0


def test_a_missing_required_value_is_named(gadgets: httpx.Client) -> None:
    names = {"nameSingular": "badge", "namePlural": "badges", "labelSingular": "Badge", "labelPlural": "Badges"}
    badge = gadgets.post("/rest/metadata/objects", json=names).json()["id"]
    text = {"objectMetadataId": badge, "type": "TEXT", "name": "text", "label": "Text", "isNullable": False}
    assert gadgets.post("/rest/metadata/fields", json=text).status_code == 201
    for query in QUERIES:
        body = refusal(gadgets.post(f"/rest/batch/gadgets{query}", json=[{}, {"must": None}]))
        assert body["index"] == 1
        assert "must" in body["messages"][0]
    for query in QUERIES:
        body = refusal(gadgets.post(f"/rest/batch/badges{query}", json=[{"text": "x"}, {}]))
        assert body["index"] == 1
        assert "text" in body["messages"][0]
    assert total(gadgets, "badges") == 0


def test_what_some_records_of_a_batch_leave_out(api: httpx.Client) -> None:
    """Defaults hold for each record by itself, whatever the others say."""
    for query in QUERIES:
        full = {"stage": "MEETING", "amount": {"amountMicros": 1, "currencyCode": "EUR"}, "createdBy": {"name": "Me"}}
        made = create_many(
            api, "opportunities", [full, {}, {"stage": "NEW"}, {"createdBy": {"source": "IMPORT"}}], query
        )
        alone = [create(api, "opportunities", record, query) for record in (full, {}, {"stage": "NEW"})]
        for record, other in zip(made, alone, strict=False):
            same = ("stage", "amount", "createdBy", "updatedBy", "name", "deletedAt")
            assert {key: record[key] for key in same} == {key: other[key] for key in same}
        assert made[0]["createdBy"]["name"] == "Me"
        assert made[1]["createdBy"] == {"source": "API", "workspaceMemberId": None, "name": "Tests", "context": {}}
        assert (made[3]["createdBy"]["source"], made[3]["createdBy"]["name"]) == ("IMPORT", "Tests")


def test_upsert_by_id_email_and_domain(api: httpx.Client) -> None:
    ann, bob = create_many(api, "people", [email("ann@x.example", jobTitle="a"), email("bob@x.example")])
    new = str(uuid4())
    answer = create_many(
        api,
        "people",
        [
            email("new@x.example", jobTitle="1"),
            email("ANN@x.example", jobTitle="2"),
            {"id": bob["id"], "jobTitle": "3"},
            {"id": new, "jobTitle": "4"},
        ],
        "?upsert=true",
    )
    assert [record["jobTitle"] for record in answer] == ["1", "2", "3", "4"]
    assert [record["id"] for record in answer[1:]] == [ann["id"], bob["id"], new]
    assert answer[1]["emails"] == ann["emails"]
    assert total(api, "people") == 4

    company = create(api, "companies", {"name": "A", "domainName": {"primaryLinkUrl": "https://x.example"}})
    again = create(
        api, "companies", {"name": "B", "domainName": {"primaryLinkUrl": "https://X.example/"}}, "?upsert=true"
    )
    assert (again["id"], again["name"]) == (company["id"], "B")


def test_upsert_without_any_key_creates(api: httpx.Client) -> None:
    for _ in range(2):
        create(api, "people", {"jobTitle": "x"}, "?upsert=true")
        create(api, "people", {}, "?upsert=true")
    create(api, "people", email("", jobTitle="y"), "?upsert=true")
    create(api, "people", email("", jobTitle="y"), "?upsert=true")
    assert total(api, "people") == 6


def test_upsert_needs_all_parts_of_a_composite_key(gadgets: httpx.Client) -> None:
    french = {"primaryPhoneNumber": "612345678", "primaryPhoneCountryCode": "FR", "primaryPhoneCallingCode": "+33"}
    american = {"primaryPhoneNumber": "2025550123", "primaryPhoneCountryCode": "US", "primaryPhoneCallingCode": "+1"}
    made = create(gadgets, "gadgets", {"calls": french, "name": "A"})
    assert create(gadgets, "gadgets", {"calls": american, "name": "B"}, "?upsert=true")["id"] != made["id"]
    assert create(gadgets, "gadgets", {"calls": french, "name": "C"}, "?upsert=true")["id"] == made["id"]


def test_upsert_revives_what_is_soft_deleted(api: httpx.Client) -> None:
    old = create(api, "people", email("ann@x.example", jobTitle="a"))
    send(api, "DELETE", f"people/{old['id']}?soft_delete=true")
    back = create(api, "people", email("ann@x.example", city="Rome"), "?upsert=true")
    assert (back["id"], back["deletedAt"], back["jobTitle"], back["city"]) == (old["id"], None, "a", "Rome")
    assert get(api, "people", old["id"]) == back


def test_upsert_keeps_who_created(api: httpx.Client) -> None:
    old = create(api, "people", email("ann@x.example", createdBy={"source": "IMPORT", "name": "Somebody"}))
    now = create(
        api, "people", email("ann@x.example", jobTitle="x", createdBy={"source": "EMAIL", "name": "Me"}), "?upsert=true"
    )
    assert now["createdBy"] == old["createdBy"]
    assert now["createdAt"] == old["createdAt"]
    assert now["position"] == old["position"]
    assert now["updatedBy"]["name"] == "Tests"


def test_an_ambiguous_upsert_is_refused(api: httpx.Client) -> None:
    ann, bob = create_many(api, "people", [email("ann@x.example"), email("bob@x.example")])
    body = refusal(
        api.post(
            "/rest/batch/people?upsert=true",
            json=[
                email("new@x.example"),
                {"id": ann["id"], "jobTitle": "x", "emails": {"primaryEmail": "bob@x.example"}},
            ],
        )
    )
    assert body["index"] == 1
    assert body["messages"] == [
        f"Multiple records found with the same unique field values for id: {ann['id']}, emails.primaryEmail: "
        "bob@x.example. Cannot determine which record to update."
    ]
    assert listed(api, "people") == sorted([ann, bob], key=lambda record: record["id"])


def test_the_same_existing_key_twice(api: httpx.Client) -> None:
    old = create(api, "people", email("ann@x.example", jobTitle="a", city="Rome"))
    [answer] = create_many(
        api,
        "people",
        [email("ann@x.example", jobTitle="b"), {"id": old["id"], "city": "Oslo"}, email("ann@x.example", jobTitle="c")],
        "?upsert=true",
    )
    assert (answer["id"], answer["jobTitle"], answer["city"]) == (old["id"], "c", "Oslo")
    assert listed(api, "people") == [answer]


def test_the_same_new_key_twice(api: httpx.Client) -> None:
    body = refusal(
        api.post(
            "/rest/batch/people?upsert=true",
            json=[{}, email("new@x.example"), {}, email("new@x.example"), {}],
        )
    )
    assert body["messages"] == ["A duplicate entry was detected"]
    assert body["index"] == 3
    assert total(api, "people") == 0


def test_a_failed_upsert_changes_nothing(api: httpx.Client) -> None:
    old = create(api, "people", email("ann@x.example", jobTitle="a"))
    for bad in ({"companyId": MISSING}, {"nope": 1}, {"id": "x"}, {"city": 5}):
        for batch in ([email("ann@x.example", jobTitle="b"), bad], [bad, email("ann@x.example", jobTitle="b")]):
            body = refusal(api.post("/rest/batch/people?upsert=true", json=batch))
            assert body["index"] == batch.index(bad)
    assert listed(api, "people", filter=ANYWHERE) == [old]


def test_an_upsert_may_swap_values(gadgets: httpx.Client) -> None:
    """Unless the database sees both at once: then it is refused as a whole."""
    one, two = create_many(gadgets, "gadgets", [{"code": "A"}, {"code": "B"}])
    body = refusal(
        gadgets.post(
            "/rest/batch/gadgets?upsert=true", json=[{"id": one["id"], "code": "C"}, {"id": two["id"], "code": "C"}]
        )
    )
    assert body["index"] == 1
    assert [record["code"] for record in listed(gadgets, "gadgets", order_by="code")] == ["A", "B"]


def test_upserts_of_the_same_new_records_at_once_in_any_order(server: str, token: str, api: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    clients = [httpx.Client(base_url=server, headers=headers, timeout=60) for _ in range(8)]
    start = threading.Barrier(len(clients))

    def upsert(order: int) -> list[int]:
        shuffle = random.Random(order).shuffle
        statuses = []
        for turn in range(4):
            people = [email(f"{turn}.{n}@x.example") for n in range(60)]
            shuffle(people)
            start.wait()
            statuses.append(clients[order].post("/rest/batch/people?upsert=true", json=people).status_code)
        return statuses

    with ThreadPoolExecutor(len(clients)) as pool:
        assert list(pool.map(upsert, range(len(clients)))) == [[201] * 4] * len(clients)
    assert total(api, "people") == 240
    for client in clients:
        client.close()


@pytest.mark.parametrize("key", ["email", "id"])
def test_two_upserts_of_one_new_key_at_once(server: str, token: str, api: httpx.Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    clients = [httpx.Client(base_url=server, headers=headers, timeout=60) for _ in range(4)]
    pool = ThreadPoolExecutor(len(clients))
    for turn in range(8):
        record = email(f"new{turn}@x.example") if key == "email" else {"id": str(uuid4())}
        start = threading.Barrier(len(clients))

        def run(client: httpx.Client, record: Record = record, start: threading.Barrier = start) -> httpx.Response:
            start.wait()
            return client.post("/rest/people?upsert=true", json=record)

        answers = list(pool.map(run, clients))
        assert [answer.status_code for answer in answers] == [201] * len(clients), [a.text for a in answers]
        assert len({answer.json()["data"]["createPerson"]["id"] for answer in answers}) == 1
    assert total(api, "people") == 8
    for client in clients:
        client.close()


@pytest.mark.parametrize("query", QUERIES)
def test_relations_by_connect(api: httpx.Client, query: str) -> None:
    one, two = create_many(
        api, "companies", [{"name": n, "domainName": {"primaryLinkUrl": f"https://{n}.example"}} for n in "ab"]
    )
    made = create_many(
        api,
        "people",
        [
            {"company": {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://b.example"}}}}},
            {"company": {"connect": {"where": {"id": one["id"]}}}},
            {"company": {"disconnect": True}},
            {"companyId": two["id"]},
            {},
        ],
        query,
    )
    assert [record["companyId"] for record in made] == [two["id"], one["id"], None, two["id"], None]


def test_a_relation_to_a_record_of_the_same_batch_is_missing(api: httpx.Client) -> None:
    made = make_object(api, "folder")
    send(
        api,
        "POST",
        "metadata/fields",
        {
            "objectMetadataId": made["id"],
            "type": "RELATION",
            "name": "parent",
            "label": "Parent",
            "relationCreationPayload": relation(made["id"], "Children"),
        },
    )
    root = str(uuid4())
    both = create_many(api, "folders", [{"parentId": root}, {"id": root}])
    assert both[0]["parentId"] == both[1]["id"] == root
