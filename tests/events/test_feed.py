"""`/rest/events` and `/rest/{objects}/{id}/history`: what happened, in order, once, and to whom it is shown."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.support import serving
from threescore.errors import BadRequest
from threescore.events.cursors import Place, read_cursor

Event = dict[str, Any]


def page(api: httpx.Client, **parameters: Any) -> dict[str, Any]:
    answer = api.get("/rest/events", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def walk(api: httpx.Client, after: str = "", **parameters: Any) -> tuple[list[Event], str]:
    """All events after a cursor, and the cursor behind them."""
    events: list[Event] = []
    while True:
        found = page(api, after=after, **parameters)
        events += found["data"]["events"]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            return events, after


def create(api: httpx.Client, **record: Any) -> str:
    answer = api.post("/rest/companies", json=record)
    assert answer.status_code == 201, answer.text
    record_id: str = answer.json()["data"]["createCompany"]["id"]
    return record_id


def change(api: httpx.Client, record_id: str, **record: Any) -> None:
    assert api.patch(f"/rest/companies/{record_id}", json=record).status_code == 200


def test_what_happened_comes_in_order(api: httpx.Client) -> None:
    first = create(api, name="First", employees=3)
    change(api, first, name="Renamed")
    api.delete(f"/rest/companies/{first}?soft_delete=true")
    api.patch(f"/rest/restore/companies/{first}")
    api.delete(f"/rest/companies/{first}")
    events, after = walk(api)
    names = [event["eventName"] for event in events]
    assert names == [f"company.{word}" for word in ("created", "updated", "deleted", "restored", "destroyed")]
    assert {event["recordId"] for event in events} == {first}
    assert [int(event["id"]) for event in events] == sorted(int(event["id"]) for event in events)
    created, updated, _, _, destroyed = events
    assert (created["record"]["name"], created["before"], created["updatedFields"]) == ("First", None, None)
    assert (updated["record"]["name"], updated["before"]["name"]) == ("Renamed", "First")
    assert updated["updatedFields"] == ["name"]
    assert updated["actor"]["name"] == "Tests"
    assert destroyed["record"]["name"] == "Renamed"
    assert updated["objectMetadata"]["nameSingular"] == "company"
    assert walk(api, after)[0] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_hold_each_event_once(api: httpx.Client, limit: int) -> None:
    companies = [create(api, name=f"Company {number}") for number in range(7)]
    assert [event["recordId"] for event in walk(api, limit=limit)[0]] == companies


def test_a_reader_goes_on_where_it_was(api: httpx.Client) -> None:
    create(api, name="Before")
    cursor = page(api, after="now")["pageInfo"]["endCursor"]
    assert page(api, after=cursor)["data"]["events"] == []
    later = create(api, name="After")
    assert [event["recordId"] for event in page(api, after=cursor)["data"]["events"]] == [later]


def test_what_is_wanted(api: httpx.Client) -> None:
    ghent, lille = create(api, name="In Ghent", employees=3), create(api, name="In Lille", employees=30)
    api.post("/rest/people", json={"name": {"firstName": "Ada"}, "city": "Ghent"})
    change(api, ghent, employees=50)

    def found(**parameters: Any) -> list[tuple[str, str]]:
        return [(event["eventName"], event["recordId"]) for event in walk(api, **parameters)[0]]

    assert [name for name, _ in found(object="person")] == ["person.created"]
    assert found(object="people") == found(object="person")
    assert found(object="company", operation="updated") == [("company.updated", ghent)]
    assert len(found(operation="created,updated")) == 4
    # As the record was after the change, not as it is now.
    large = found(object="company", filter="employees[gt]:20")
    assert large == [("company.created", lille), ("company.updated", ghent)]
    assert found(object="company", filter="name[like]:%Ghent%,employees[lt]:20") == [("company.created", ghent)]
    # No page of a selective reader is long in coming, however little it holds.
    assert page(api, object="person", operation="destroyed")["data"]["events"] == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"after": "x"}, "Invalid cursor"),
        ({"after": Place("5:4:").cursor}, "Invalid cursor"),
        ({"after": Place("1:9:3,3").cursor}, "Invalid cursor"),
        ({"after": Place("1:1:", "'; DROP TABLE x", 3).cursor}, "Invalid cursor"),
        ({"object": "unicorn"}, "There is no object 'unicorn'"),
        ({"operation": "exploded"}, "There is no operation 'exploded'"),
        ({"filter": "name[eq]:x"}, "A filter needs the object"),
        ({"object": "person", "filter": "wings[eq]:2"}, '"wings"'),
        ({"object": "person", "filter": "city[eq]"}, "filter"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-3"}, "limit"),
        ({"wait": "31"}, "wait must be"),
        ({"wait": "soon"}, "wait must be"),
    ],
)
def test_bad_questions(api: httpx.Client, parameters: dict[str, str], message: str) -> None:
    for path in ("/rest/events", "/rest/events/stream"):
        if path.endswith("stream") and parameters.keys() & {"limit", "wait"}:
            continue
        answer = api.get(path, params=parameters)
        assert answer.status_code == 400, answer.text
        assert message in answer.json()["messages"][0]


def test_cursors_say_what_they_were_made_of() -> None:
    for place in (Place("1:1:"), Place("10:20:11,13", "12:25:", 7), Place("745:745:", None, 0)):
        assert read_cursor(place.cursor) == place
    for text in ("", "====", "é", "x" * 70_000, Place("0:1:").cursor, Place("3:3:3").cursor):
        with pytest.raises(BadRequest):
            read_cursor(text)


def test_only_reading(api: httpx.Client) -> None:
    assert api.post("/rest/events", json={}).status_code == 400
    assert api.delete("/rest/events").status_code == 400
    assert httpx.get(f"{api.base_url}/rest/events").status_code == 403
    assert httpx.get(f"{api.base_url}/rest/events/stream").status_code == 403
    assert "'afterr'" in api.get("/rest/events?afterr=x").headers["warning"]


def test_a_request_may_wait_for_an_event(api: httpx.Client) -> None:
    cursor = page(api, after="now")["pageInfo"]["endCursor"]
    before = time.monotonic()
    assert page(api, after=cursor, wait=1)["data"]["events"] == []
    assert time.monotonic() - before >= 0.9
    made: list[str] = []
    writer = threading.Timer(0.5, lambda: made.append(create(api, name="Late")))
    writer.start()
    found = page(api, after=cursor, object="company", wait=30)["data"]["events"]
    writer.join()
    assert [event["recordId"] for event in found] == made
    assert time.monotonic() - before < 20


def test_a_walk_beside_writers_sees_each_event_once(api: httpx.Client) -> None:
    """Eight writers commit batches of different lengths; some change the same records over and over."""
    shared = [create(api, name=f"Shared {number}") for number in range(4)]
    writers, rounds = 8, 12
    start = threading.Barrier(writers + 1)

    def write(writer: int) -> None:
        start.wait()
        for step in range(rounds):
            batch = [{"name": f"Writer {writer} step {step} record {number}"} for number in range(1 + step * 3)]
            assert api.post("/rest/batch/companies", json=batch).status_code == 201
            ids = ",".join(shared[(writer + step) % 4 :] + shared[: (writer + step) % 4][:2])
            answer = api.patch(
                "/rest/companies", params={"filter": f"id[in]:[{ids}]"}, json={"employees": writer * 1000 + step}
            )
            assert answer.status_code == 200, answer.text

    seen: list[Event] = []
    cursor = ""
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(write, number) for number in range(writers)]
        start.wait()
        while not all(task.done() for task in running):
            found = page(api, after=cursor, limit=37)
            seen += found["data"]["events"]
            cursor = found["pageInfo"]["endCursor"]
        for task in running:
            task.result()
    rest, _ = walk(api, cursor)
    seen += rest
    ids = [event["id"] for event in seen]
    assert len(ids) == len(set(ids))
    whole, _ = walk(api)
    assert set(ids) == {event["id"] for event in whole}
    created = sum(event["eventName"] == "company.created" for event in seen)
    assert created == 4 + writers * sum(1 + step * 3 for step in range(rounds))
    for record in shared:
        states = [event for event in seen if event["recordId"] == record]
        for earlier, later in itertools.pairwise(states):
            assert later["before"] == earlier["record"]


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, Event]]:
    """The events of a stream, each with its id."""
    last = ""
    for line in lines:
        if line.startswith("id: "):
            last = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield last, msgspec.json.decode(line.removeprefix("data: "))


def test_a_stream_resumes_where_it_broke_off(api: httpx.Client) -> None:
    with api.stream("GET", "/rest/events/stream", params={"object": "company"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        begun = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
        first, second = create(api, name="One"), create(api, name="Two")
        cursor, event = next(events_of(lines))
        assert event["recordId"] == first
    third = create(api, name="Three")
    for start, expected in ((cursor, [second, third]), (begun, [first, second, third])):
        headers = {"Last-Event-ID": start}
        with api.stream("GET", "/rest/events/stream", params={"object": "company"}, headers=headers) as answer:
            found = events_of(answer.iter_lines())
            assert [next(found)[1]["recordId"] for _ in expected] == expected


def test_a_stream_ends_with_the_key(api: httpx.Client, shared_db: Any, portal: Any) -> None:
    with api.stream("GET", "/rest/events/stream") as answer:
        lines = answer.iter_lines()
        next(lines)
        ask = {"query": "{ apiKeys { id } }"}
        [key] = api.post("/metadata", json=ask).json()["data"]["apiKeys"]
        revoke = {"query": f'mutation {{ revokeApiKey(input: {{id: "{key["id"]}"}}) {{ id }} }}'}
        create(api, name="Still seen")
        assert next(events_of(lines))[1]["eventName"] == "company.created"
        assert "errors" not in api.post("/metadata", json=revoke).json()
        # Somebody else's write wakes the stream, which is let in no more.
        schema = portal.call(
            shared_db.fetchval,
            "SELECT w.schema FROM threescore.workspace w JOIN threescore.api_key k"
            " ON k.workspace_id = w.id WHERE k.id = $1::uuid",
            key["id"],
        )
        portal.call(
            shared_db.execute,
            f'INSERT INTO "{schema}"._event (object_id, object, record_id, operation)'
            " VALUES (gen_random_uuid(), 'company', gen_random_uuid(), 'created')",
        )
        last = list(events_of(lines))[-1][1]
        assert last["messages"] == ["This API Key is revoked"]


def test_a_server_that_stops_ends_its_streams(database_url: str, token: str) -> None:
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="1") as server:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.stream("GET", f"{server.url}/rest/events/stream", headers=headers, timeout=30) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            server.press_ctrl_c()
            assert [line for line in lines if line.startswith("data")] == []
        assert server.process.wait(30) == 0


def test_the_history_of_a_record(api: httpx.Client) -> None:
    company = create(api, name="First", employees=3)
    other = create(api, name="Other")
    change(api, company, name="Second", employees=4)
    change(api, company, domainName={"primaryLinkUrl": "https://second.example"})
    api.delete(f"/rest/companies/{company}")
    answer = api.get(f"/rest/companies/{company}/history").json()
    entries = answer["data"]["history"]
    assert [entry["operation"] for entry in entries] == ["destroyed", "updated", "updated", "created"]
    changes = entries[2]["changes"]
    assert {"field": "name", "before": "First", "after": "Second"} in changes
    assert {"field": "employees", "before": 3, "after": 4} in changes
    assert entries[1]["changes"][0]["after"]["primaryLinkUrl"] == "https://second.example"
    assert entries[3]["record"]["name"] == "First"
    assert entries[0]["actor"]["name"] == "Tests"

    pages: list[str] = []
    after = ""
    while True:
        found = api.get(f"/rest/companies/{company}/history", params={"limit": 3, "after": after}).json()
        pages += [entry["id"] for entry in found["data"]["history"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert pages == [entry["id"] for entry in entries]
    assert len(api.get(f"/rest/companies/{other}/history").json()["data"]["history"]) == 1

    query = """query($id: UUID!) { recordHistory(objectNameSingular: "company", recordId: $id, first: 2) {
        hasNextPage endCursor entries { operation eventDate changes { field before after } } } }"""
    shown = api.post("/graphql", json={"query": query, "variables": {"id": company}}).json()["data"]["recordHistory"]
    assert shown["hasNextPage"] is True
    assert shown["entries"][1]["changes"] == entries[1]["changes"]
    assert shown["endCursor"] == entries[1]["id"]


def test_histories_that_are_not_there(api: httpx.Client, new_workspace: Callable[[], Any]) -> None:
    missing = str(uuid4())
    assert api.get(f"/rest/companies/{missing}/history").status_code == 404
    assert api.get(f"/rest/unicorns/{missing}/history").status_code == 400
    assert api.get("/rest/companies/x/history").status_code == 400
    company = create(api, name="A")
    assert api.get(f"/rest/people/{company}/history").status_code == 404
    assert api.get(f"/rest/companies/{company}/history?after=x").status_code == 400
    assert api.get(f"/rest/companies/{company}/history?limit=0").status_code == 400
