"""Writers that meet: their events still tell exactly what became of each record."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.records.conftest import Events
from tests.records.wire import ANYWHERE, Record, create, create_many, listed, person, send, update


def at_once(*works: Callable[[], object]) -> None:
    """Runs all in threads of their own and waits for them; the first error of any is raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait()
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.fixture
def clients(server: str, token: str) -> Any:
    """Several clients, each with connections of its own, so that both workers serve."""
    headers = {"Authorization": f"Bearer {token}"}
    made = [httpx.Client(base_url=server, headers=headers, timeout=60) for _ in range(6)]
    yield made
    for client in made:
        client.close()


def test_concurrent_updates(api: httpx.Client, clients: list[httpx.Client], events: Events) -> None:
    """Each change sees the one before: the events of a record are a chain without gaps."""
    made = create_many(api, "people", [person(f"P{n}") for n in range(3)])

    def work(number: int) -> Callable[[], None]:
        def run() -> None:
            for turn in range(8):
                record = made[turn % 3]["id"]
                update(clients[number], "people", record, {"jobTitle": f"{number} {turn}"})
                send(clients[number], "PATCH", "people?filter=id[is]:NOT_NULL", {"city": f"{number} {turn}"})

        return run

    at_once(*(work(number) for number in range(6)))
    found = events()
    assert len(found) == 3 + 6 * 8 * (1 + 3)
    final = {record["id"]: record for record in listed(api, "people")}
    for record_id, last in final.items():
        own = [event for event in found if event.record_id == record_id]
        links = Counter(json.dumps(event.after, sort_keys=True) for event in own)
        links.subtract(json.dumps(event.before, sort_keys=True) for event in own if event.before)
        assert +links == Counter([json.dumps(last, sort_keys=True)])


def test_concurrent_upserts_deletes_and_restores(
    api: httpx.Client, clients: list[httpx.Client], events: Events
) -> None:
    def work(number: int) -> Callable[[], None]:
        def run() -> None:
            client = clients[number]
            for turn in range(10):
                email = f"p{turn % 3}@x.example"
                response = client.post("/rest/people?upsert=true", json=person(f"{number} {turn}", email))
                assert response.status_code in (201, 400, 409), response.text
                if number % 3 == 0:
                    client.delete(f"/rest/people?filter=emails.primaryEmail[eq]:{email}&soft_delete=true")
                elif number % 3 == 1:
                    client.delete(f"/rest/people?filter=emails.primaryEmail[eq]:{email}")

        return run

    at_once(*(work(number) for number in range(6)))
    found = events()
    chains = Counter(
        (event.record_id, json.dumps(event.after, sort_keys=True)) for event in found if event.after is not None
    )
    chains.subtract(
        (event.record_id, json.dumps(event.before, sort_keys=True)) for event in found if event.before is not None
    )
    there = listed(api, "people", filter=ANYWHERE)
    assert +chains == Counter((record["id"], json.dumps(record, sort_keys=True)) for record in there)
    assert -chains == Counter()


def test_children_that_come_while_their_parent_goes(
    api: httpx.Client, clients: list[httpx.Client], events: Events
) -> None:
    """Nobody refers to a destroyed record, and whoever did has its event."""
    rounds = 6
    companies = [create(api, "companies", {"name": f"C{n}"}) for n in range(rounds)]
    notes = [create(api, "notes", {"title": f"N{n}"}) for n in range(rounds)]
    barrier = threading.Barrier(6)

    def writer(client: httpx.Client) -> None:
        for company, note in zip(companies, notes, strict=True):
            barrier.wait()
            for _ in range(6):
                one = client.post("/rest/people", json=person("x", companyId=company["id"]))
                two = client.post("/rest/noteTargets", json={"noteId": note["id"], "targetCompanyId": company["id"]})
                assert {one.status_code, two.status_code} <= {201, 400}, (one.text, two.text)

    def destroyer(client: httpx.Client) -> None:
        for company, note in zip(companies, notes, strict=True):
            barrier.wait()
            assert client.delete(f"/rest/companies/{company['id']}").status_code == 200
            assert client.delete(f"/rest/notes/{note['id']}").status_code == 200

    at_once(*(lambda client=client: writer(client) for client in clients[:5]), lambda: destroyer(clients[5]))
    found = events()
    assert listed(api, "noteTargets", filter=ANYWHERE) == []
    people = listed(api, "people", limit=200)
    assert {record["companyId"] for record in people} <= {None}
    final: dict[str, Record | None] = {}
    for event in found:
        final[event.record_id] = event.after
    assert {key: value for key, value in final.items() if value is not None} == {
        record["id"]: record for record in people
    }
