"""A change of the data model is in force for the very next request on every worker, and never tears another one."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.records.wire import (
    Json,
    create,
    create_many,
    get,
    listed,
    make_field,
    make_object,
    message,
    object_id,
    options,
    refusal,
    relation,
    send,
    total,
    update,
)

ROUNDS = 4


@pytest.fixture
def workers(server: str, token: str) -> Iterator[Callable[[], httpx.Client]]:
    """A function that gives a client with a connection of its own, which lands on either worker."""
    made: list[httpx.Client] = []

    def fresh() -> httpx.Client:
        client = httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        made.append(client)
        return client

    yield fresh
    for client in made:
        client.close()


Workers = Callable[[], httpx.Client]


def on_all(workers: Workers, work: Callable[[httpx.Client], None]) -> None:
    """Does something through several connections: at 6, both workers are among them but once in 32 times."""
    for _ in range(6):
        work(workers())


def test_a_new_object_and_its_fields(workers: Workers) -> None:
    for n in "abcd":
        made = make_object(workers(), f"rocket{n}")
        assert create(workers(), f"rocket{n}s", {"name": "a"})["name"] == "a"
        for kind, value in (("TEXT", "x"), ("NUMBER", 5), ("BOOLEAN", True)):
            name = kind.lower()
            make_field(workers(), made["id"], name=name, type=kind)
            one = create(workers(), f"rocket{n}s", {name: value})
            assert get(workers(), f"rocket{n}s", one["id"])[name] == value
            shown = str(value).lower() if isinstance(value, bool) else value
            assert total(workers(), f"rocket{n}s", filter=f"{name}[eq]:{shown}") == 1
            assert listed(workers(), f"rocket{n}s", order_by=f"{name}[DescNullsLast]")[0]["id"] == one["id"]
        on_all(workers, lambda client, n=n: send(client, "GET", f"rocket{n}s"))  # type: ignore[misc]


def test_a_new_default_and_a_new_requirement(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    old = create(workers(), "rockets", {})
    field = make_field(workers(), made["id"], name="motto", type="TEXT", defaultValue="'Up'")
    on_all(workers, lambda client: check_motto(client, old["id"], "Up"))
    send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"defaultValue": "'Down'"})
    for _ in range(6):
        assert create(workers(), "rockets", {})["motto"] == "Down"


def check_motto(client: httpx.Client, record_id: str, motto: str) -> None:
    assert get(client, "rockets", record_id)["motto"] == motto
    assert create(client, "rockets", {})["motto"] == motto


def test_a_renamed_field(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    field = make_field(workers(), made["id"], name="motto0", type="TEXT")
    record = create(workers(), "rockets", {"motto0": "x"})
    for n in range(1, ROUNDS + 1):
        send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"name": f"motto{n}", "label": f"M{n}"})
        for _ in range(3):
            shown = get(workers(), "rockets", record["id"])
            assert shown[f"motto{n}"] == "x"
            assert f"motto{n - 1}" not in shown
            assert f"motto{n - 1}" in message(workers().post("/rest/rockets", json={f"motto{n - 1}": "y"}))
            refusal(workers().get(f"/rest/rockets?filter=motto{n - 1}[eq]:x"))
            assert update(workers(), "rockets", record["id"], {f"motto{n}": "x"})[f"motto{n}"] == "x"


def test_names_that_change_places(workers: Workers) -> None:
    """A worker that still had the old names would write into the wrong columns."""
    made = make_object(workers(), "rocket")
    first = make_field(workers(), made["id"], name="alpha", type="TEXT")
    second = make_field(workers(), made["id"], name="beta", type="TEXT")
    record = create(workers(), "rockets", {"alpha": "1", "beta": "2"})
    clients = [workers() for _ in range(6)]
    for client in clients:
        get(client, "rockets", record["id"])
    for field, name in ((first, "gamma"), (second, "alpha"), (first, "beta")):
        send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"name": name, "label": name.title()})
    for client in clients:
        shown = get(client, "rockets", record["id"])
        assert (shown["alpha"], shown["beta"]) == ("2", "1")
        made_now = create(client, "rockets", {"alpha": "a", "beta": "b"})
        assert (made_now["alpha"], made_now["beta"]) == ("a", "b")
        assert total(client, "rockets", filter=f"id[eq]:{made_now['id']},alpha[eq]:a,beta[eq]:b") == 1


def test_a_renamed_object(workers: Workers) -> None:
    made = make_object(workers(), "rocketa")
    record = create(workers(), "rocketas", {"name": "x"})
    for old, n in pairwise("abcd"):
        names = {"nameSingular": f"rocket{n}", "namePlural": f"rocket{n}s"}
        labels = {"labelSingular": f"R{n}", "labelPlural": f"R{n}s"}
        send(workers(), "PATCH", f"metadata/objects/{made['id']}", names | labels)
        for _ in range(4):
            assert get(workers(), f"rocket{n}s", record["id"])["name"] == "x"
            assert f"rocket{old}s" in message(workers().get(f"/rest/rocket{old}s"))
            refusal(workers().post(f"/rest/rocket{old}s", json={}))


def test_removed_options(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    field = make_field(workers(), made["id"], name="stage", type="SELECT", options=options("A", "B", "C"))
    tags = make_field(workers(), made["id"], name="tags", type="MULTI_SELECT", options=options("A", "B", "C"))
    records = create_many(workers(), "rockets", [{"stage": s, "tags": [s, "C"]} for s in ("A", "B", "C")])
    clients = [workers() for _ in range(6)]
    for client in clients:
        assert total(client, "rockets", filter="stage[eq]:B") == 1
    for one in (field, tags):
        kept = [option for option in one["options"] if option["value"] != "B"]
        send(workers(), "PATCH", f"metadata/fields/{one['id']}", {"options": kept})
    for client in clients:
        assert "B" in message(client.post("/rest/rockets", json={"stage": "B"}))
        refusal(client.post("/rest/rockets", json={"tags": ["B"]}))
        refusal(client.patch(f"/rest/rockets/{records[0]['id']}", json={"stage": "B"}))
        refusal(client.get("/rest/rockets?filter=stage[eq]:B"))
        shown = get(client, "rockets", records[1]["id"])
        assert (shown["stage"], shown["tags"]) == (None, ["C"])
    send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"options": options("A", "C", "D")})
    for client in clients:
        assert create(client, "rockets", {"stage": "D"})["stage"] == "D"


def test_removed_fields_objects_and_relations(workers: Workers) -> None:
    company = object_id(workers(), "company")
    for n in "abc":
        made = make_object(workers(), f"rocket{n}", {"name": "motto", "type": "TEXT"})
        field = make_field(
            workers(),
            made["id"],
            name="owner",
            type="RELATION",
            relationCreationPayload=relation(company, f"Fleet {n}"),
        )
        plural = f"rocket{n}s"
        owner = create(workers(), "companies", {"name": "O"})
        record = create(workers(), plural, {"motto": "x", "ownerId": owner["id"]})
        assert get(workers(), "companies", owner["id"], "?depth=1")[f"fleet{n.upper()}"][0]["id"] == record["id"]
        send(workers(), "DELETE", f"metadata/fields/{field['id']}")
        for _ in range(3):
            assert "ownerId" not in get(workers(), plural, record["id"])
            assert f"fleet{n.upper()}" not in get(workers(), "companies", owner["id"], "?depth=1")
            refusal(workers().post(f"/rest/{plural}", json={"ownerId": owner["id"]}))
        send(workers(), "DELETE", f"metadata/objects/{made['id']}")
        for _ in range(3):
            refusal(workers().get(f"/rest/{plural}"))
            refusal(workers().post(f"/rest/{plural}", json={}))
        send(workers(), "DELETE", f"companies/{owner['id']}")


def test_what_is_deactivated_stays_readable(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    field = make_field(workers(), made["id"], name="motto", type="TEXT")
    record = create(workers(), "rockets", {"motto": "x"})
    send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"isActive": False})
    on_all(workers, lambda client: check_motto_is_there(client, record["id"]))
    send(workers(), "PATCH", f"metadata/objects/{made['id']}", {"isActive": False})
    on_all(workers, lambda client: check_motto_is_there(client, record["id"]))


def check_motto_is_there(client: httpx.Client, record_id: str) -> None:
    assert get(client, "rockets", record_id)["motto"] == "x"


def test_a_new_unique_constraint(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    field = make_field(workers(), made["id"], name="code", type="TEXT")
    first = create(workers(), "rockets", {"code": "A"})
    clients = [workers() for _ in range(6)]
    for client in clients:
        create(client, "rockets", {}, "?upsert=true")
    send(workers(), "PATCH", f"metadata/fields/{field['id']}", {"isUnique": True})
    for client in clients:
        assert create(client, "rockets", {"code": "A", "name": "x"}, "?upsert=true")["id"] == first["id"]
        assert message(client.post("/rest/rockets", json={"code": "A"})) == "A duplicate entry was detected"
    assert total(workers(), "rockets", filter="code[eq]:A") == 1


class Race:
    """Requests of all kinds in threads, while the test changes the model; collects what should not have been."""

    def __init__(self, clients: list[httpx.Client]) -> None:
        self.clients = clients
        self.stop = threading.Event()
        self.wrong: list[str] = []
        self.count = 0

    def run(self, work: Callable[[httpx.Client], list[httpx.Response]], change: Callable[[], None]) -> None:
        def loop(client: httpx.Client) -> None:
            while not self.stop.is_set():
                for response in work(client):
                    self.count += 1
                    if response.status_code >= 500:
                        self.wrong.append(f"{response.request.method} {response.request.url}: {response.text}")

        with ThreadPoolExecutor(len(self.clients)) as pool:
            running = [pool.submit(loop, client) for client in self.clients]
            try:
                change()
            finally:
                self.stop.set()
            for one in running:
                one.result()
        assert self.wrong == []
        assert self.count > 20


def test_requests_that_race_with_renames(workers: Workers) -> None:
    """What is written under a name is found under it, whichever name was in force; nothing is torn."""
    made = make_object(workers(), "rocket")
    one = make_field(workers(), made["id"], name="alpha", type="TEXT")
    two = make_field(workers(), made["id"], name="beta", type="TEXT")
    race = Race([workers() for _ in range(3)])

    def work(client: httpx.Client) -> list[httpx.Response]:
        written = client.post("/rest/rockets", json={"alpha": "a", "beta": "b"})
        answers = [written]
        if written.status_code == 201:
            record = written.json()["data"]["createRocket"]
            assert (record["alpha"], record["beta"]) == ("a", "b"), record
            answers.append(client.patch(f"/rest/rockets/{record['id']}", json={"alpha": "a"}))
        answers.append(client.get("/rest/rockets?filter=alpha[eq]:a&order_by=beta&limit=5"))
        answers.append(client.get('/rest/rockets/groupBy?group_by=[{"alpha":true}]'))
        answers.append(client.post("/rest/rockets?upsert=true", json={"alpha": "a", "beta": "b"}))
        answers.append(client.patch("/rest/rockets?filter=name[eq]:nobody", json={"alpha": "x"}))
        return answers

    def change() -> None:
        client = workers()
        for _ in range(3):
            for field, name in ((one, "gamma"), (two, "delta"), (one, "alpha"), (two, "beta")):
                send(client, "PATCH", f"metadata/fields/{field['id']}", {"name": name, "label": name.title()})

    race.run(work, change)
    everything = total(workers(), "rockets")
    assert everything > 0
    assert total(workers(), "rockets", filter="alpha[eq]:a,beta[eq]:b") == everything


def test_requests_that_race_with_swapped_names(workers: Workers) -> None:
    """The columns trade names again and again; each record's column keeps what was written under its name."""
    made = make_object(workers(), "rocket")
    fields = [make_field(workers(), made["id"], name=name, type="TEXT") for name in ("alpha", "beta")]
    race = Race([workers() for _ in range(3)])

    def work(client: httpx.Client) -> list[httpx.Response]:
        response = client.post("/rest/batch/rockets", json=[{"alpha": "a", "beta": "b"}] * 3)
        if response.status_code == 201:
            for record in response.json()["data"]["createRockets"]:
                assert (record["alpha"], record["beta"]) == ("a", "b")
        return [response, client.get("/rest/rockets?filter=alpha[eq]:a&limit=3&depth=1")]

    def change() -> None:
        client = workers()
        names = ["alpha", "beta"]
        for turn in range(6):
            x, y = fields if turn % 2 == 0 else fields[::-1]
            for field, name in ((x, "other"), (y, names[0]), (x, names[1])):
                send(client, "PATCH", f"metadata/fields/{field['id']}", {"name": name, "label": name.title()})

    race.run(work, change)
    for record in listed(workers(), "rockets", limit=200):
        assert {record["alpha"], record["beta"]} == {"a", "b"}


def test_requests_that_race_with_fields_that_come_and_go(workers: Workers) -> None:
    made = make_object(workers(), "rocket")
    company = object_id(workers(), "company")
    owner = create(workers(), "companies", {"name": "O"})
    race = Race([workers() for _ in range(3)])

    def work(client: httpx.Client) -> list[httpx.Response]:
        connected = {"owner": {"connect": {"where": {"id": owner["id"]}}}}
        return [
            client.post("/rest/rockets", json={"motto": "x"}),
            client.post("/rest/rockets", json={"ownerId": owner["id"], "position": "last"}),
            client.post("/rest/rockets", json=connected),
            client.get("/rest/rockets?depth=1&order_by=owner.name,motto&limit=3"),
            client.get(f"/rest/companies/{owner['id']}?depth=1"),
            client.patch("/rest/rockets?filter=motto[eq]:nobody", json={"position": "first"}),
            client.delete("/rest/rockets?filter=owner.name[eq]:nobody"),
            client.post("/rest/people/duplicates", json={"data": [{"city": "x"}]}),
        ]

    def change() -> None:
        client = workers()
        for _ in range(3):
            motto = make_field(client, made["id"], name="motto", type="TEXT", defaultValue="'d'")
            field = make_field(
                client, made["id"], name="owner", type="RELATION", relationCreationPayload=relation(company, "Fleet")
            )
            send(client, "DELETE", f"metadata/fields/{motto['id']}")
            send(client, "DELETE", f"metadata/fields/{field['id']}")

    race.run(work, change)


def test_requests_that_race_with_objects_that_come_and_go(workers: Workers) -> None:
    race = Race([workers() for _ in range(3)])
    person = create(workers(), "people", {"city": "x"})

    def work(client: httpx.Client) -> list[httpx.Response]:
        made = client.post("/rest/rockets", json={"name": "x"})
        answers = [made, client.get("/rest/rockets"), client.get(f"/rest/people/{person['id']}?depth=1")]
        if made.status_code == 201:
            answers.append(client.delete(f"/rest/rockets/{made.json()['data']['createRocket']['id']}"))
        merged = client.post("/rest/batch/companies", json=[{}, {}])
        ids = [record["id"] for record in merged.json()["data"]["createCompanies"]]
        answers.append(client.patch("/rest/companies/merge", json={"ids": ids, "conflictPriorityIndex": 0}))
        assert answers[-1].status_code == 200, answers[-1].text
        answers.append(client.delete(f"/rest/companies/{ids[0]}"))
        assert answers[-1].status_code == 200, answers[-1].text
        return answers

    def change() -> None:
        client = workers()
        for _ in range(2):
            made = make_object(client, "rocket")
            send(client, "DELETE", f"metadata/objects/{made['id']}")

    race.run(work, change)
    assert total(workers(), "companies") == 0


def test_requests_that_race_with_options(workers: Workers) -> None:
    """No record ever holds an option that is gone."""
    made = make_object(workers(), "rocket")
    field = make_field(workers(), made["id"], name="stage", type="SELECT", options=options("A", "B"))
    race = Race([workers() for _ in range(3)])

    def work(client: httpx.Client) -> list[httpx.Response]:
        return [
            client.post("/rest/rockets", json={"stage": "B"}),
            client.patch("/rest/rockets?filter=stage[eq]:A&limit=1", json={"name": "x"}),
            client.get("/rest/rockets?order_by=stage&limit=3"),
            client.get('/rest/rockets/groupBy?group_by=[{"stage":true}]&order_by=[{"stage":"AscNullsLast"}]'),
        ]

    def change() -> None:
        client = workers()
        current: Json = field["options"]
        for _ in range(4):
            send(client, "PATCH", f"metadata/fields/{field['id']}", {"options": current[:1]})
            shown: list[Any] = listed(client, "rockets", filter="stage[is]:NOT_NULL")
            assert [record for record in shown if record["stage"] != "A"] == []
            changed = send(client, "PATCH", f"metadata/fields/{field['id']}", {"options": options("A", "B")})
            current = changed["options"]

    race.run(work, change)


def test_two_changes_of_the_model_at_once(workers: Workers) -> None:
    made = make_object(workers(), "rocket")

    def add(n: int) -> int:
        body = {"objectMetadataId": made["id"], "type": "TEXT", "name": f"f{n % 4}", "label": f"F{n % 4}"}
        return workers().post("/rest/metadata/fields", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, range(8)))
    assert sorted(answers) == [201] * 4 + [400] * 4
    record = create(workers(), "rockets", {f"f{n}": str(n) for n in range(4)})
    assert [record[f"f{n}"] for n in range(4)] == ["0", "1", "2", "3"]
