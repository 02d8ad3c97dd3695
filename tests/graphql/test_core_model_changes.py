"""A change of the data model through either metadata API is in force for the very next document, on every worker."""

import threading
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.records.wire import make_field, make_object, options, relation
from tests.records.wire import send as send_rest

from .calls import ask, fail, nodes, one, send, total, well_formed

CREATE_FIELD = "mutation($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) { id name } }"
UPDATE_FIELD = "mutation($input: UpdateOneFieldMetadataInput!) { updateOneField(input: $input) { id name } }"
DELETE_FIELD = "mutation($input: DeleteOneFieldInput!) { deleteOneField(input: $input) { id } }"
CREATE_OBJECT = "mutation($input: CreateOneObjectInput!) { createOneObject(input: $input) { id nameSingular } }"
DELETE_OBJECT = "mutation($input: DeleteOneObjectInput!) { deleteOneObject(input: $input) { id } }"


@pytest.fixture
def turn(server: str, token: str) -> Iterator[Callable[[], httpx.Client]]:
    """A function that gives one of several connections in turn, so that both workers are asked."""
    headers = {"Authorization": f"Bearer {token}"}
    clients = [httpx.Client(base_url=server, headers=headers, timeout=60) for _ in range(6)]
    for client in clients:
        ask(client, "{ people { totalCount } }")
    turns = cycle(clients)
    yield lambda: next(turns)
    for client in clients:
        client.close()


Turn = Callable[[], httpx.Client]


def metadata(api: httpx.Client, document: str, **given: Any) -> Any:
    """The value of the only root field of a change over GraphQL."""
    body = api.post("/metadata", json={"query": document, "variables": {"input": given}}).json()
    assert "errors" not in body, body["errors"]
    [value] = body["data"].values()
    return value


def everywhere(turn: Turn) -> list[httpx.Client]:
    """Connections of which some lead to each worker."""
    return [turn() for _ in range(6)]


def add_over_rest(api: httpx.Client, object_id: str, name: str) -> str:
    return str(make_field(api, object_id, name=name, type="TEXT")["id"])


def add_over_graphql(api: httpx.Client, object_id: str, name: str) -> str:
    field = {"objectMetadataId": object_id, "name": name, "label": name.title(), "type": "TEXT"}
    return str(metadata(api, CREATE_FIELD, field=field)["id"])


def remove_over_rest(api: httpx.Client, field_id: str) -> None:
    send_rest(api, "PATCH", f"metadata/fields/{field_id}", {"isActive": False})
    send_rest(api, "DELETE", f"metadata/fields/{field_id}")


def remove_over_graphql(api: httpx.Client, field_id: str) -> None:
    metadata(api, UPDATE_FIELD, id=field_id, update={"isActive": False})
    metadata(api, DELETE_FIELD, id=field_id)


@pytest.mark.parametrize("add", [add_over_rest, add_over_graphql])
@pytest.mark.parametrize("remove", [remove_over_rest, remove_over_graphql])
def test_a_field_comes_and_goes(turn: Turn, add: Any, remove: Any) -> None:
    rocket = make_object(turn(), "rocket")["id"]
    ask(turn(), 'mutation { createRocket(data: {name: "R"}) { id } }')
    for name in ("alpha", "beta", "gamma"):
        field_id = add(turn(), rocket, name)
        document = f"{{ rockets(orderBy: {{{name}: AscNullsLast}}) {{ edges {{ node {{ {name} }} }} }} }}"
        assert nodes(one(turn(), document)) == [{name: ""}]
        written = one(
            turn(), f'mutation {{ updateRockets(filter: {{name: {{eq: "R"}}}}, data: {{{name}: "x"}}) {{ {name} }} }}'
        )
        assert written == [{name: "x"}]
        found = [total(api, "rockets", f'{{{name}: {{eq: "x"}}}}') for api in everywhere(turn)]
        assert found == [1] * 6
        shown = one(turn(), '{ __type(name: "Rocket") { fields { name } } }')
        assert name in [field["name"] for field in shown["fields"]]
        remove(turn(), field_id)
        error = fail(turn(), document)
        assert name in error["message"]
        for api in everywhere(turn):
            fail(api, f"{{ rockets {{ edges {{ node {{ {name} }} }} }} }}")
        assert name in fail(turn(), f'mutation {{ createRocket(data: {{{name}: "x"}}) {{ id }} }}')["message"]
        shown = one(turn(), '{ __type(name: "Rocket") { fields { name } } }')
        assert name not in [field["name"] for field in shown["fields"]]


def test_an_object_comes_and_goes(turn: Turn) -> None:
    names = {"nameSingular": "gizmo", "namePlural": "gizmos", "labelSingular": "Gizmo", "labelPlural": "Gizmos"}
    for _ in range(2):
        assert "gizmos" in fail(turn(), "{ gizmos { totalCount } }")["message"]
        gizmo = metadata(turn(), CREATE_OBJECT, object=names)["id"]
        assert one(turn(), 'mutation { createGizmo(data: {name: "G"}) { name } }') == {"name": "G"}
        assert [total(api, "gizmos") for api in everywhere(turn)] == [1] * 6
        assert one(turn(), '{ __type(name: "Gizmo") { name } }') == {"name": "Gizmo"}
        send_rest(turn(), "PATCH", f"metadata/objects/{gizmo}", {"isActive": False})
        # What is deactivated stays readable.
        assert [total(api, "gizmos") for api in everywhere(turn)] == [1] * 6
        metadata(turn(), DELETE_OBJECT, id=gizmo)
        for api in everywhere(turn):
            fail(api, "{ gizmos { totalCount } }")
        assert one(turn(), '{ __type(name: "Gizmo") { name } }') is None


def test_a_relation_and_a_rename(turn: Turn) -> None:
    rocket, pad = make_object(turn(), "rocket")["id"], make_object(turn(), "pad")["id"]
    field = make_field(turn(), rocket, name="pad", type="RELATION", relationCreationPayload=relation(pad, "Rockets"))
    made = one(
        turn(), 'mutation { createRocket(data: {name: "R", pad: {create: {name: "P"}}}) { pad { name } padId } }'
    )
    assert made["pad"] == {"name": "P"}
    assert nodes(one(turn(), "{ pads { edges { node { rockets { totalCount edges { node { name } } } } } } }")) == [
        {"rockets": {"totalCount": 1, "edges": [{"node": {"name": "R"}}]}}
    ]
    metadata(turn(), UPDATE_FIELD, id=field["id"], update={"name": "site", "label": "Site"})
    [node] = nodes(one(turn(), "{ rockets { edges { node { site { name } siteId } } } }"))
    assert node == {"site": {"name": "P"}, "siteId": made["padId"]}
    error = fail(turn(), "{ rockets { edges { node { pad { name } } } } }")
    assert error["message"].startswith('Cannot query field "pad" on type "Rocket".')
    for api in everywhere(turn):
        fail(api, "{ rockets { edges { node { padId } } } }")


def test_options_change(turn: Turn) -> None:
    rocket = make_object(turn(), "rocket")["id"]
    field = make_field(turn(), rocket, name="state", type="SELECT", options=options("IDLE", "READY"))
    assert one(turn(), "mutation { createRocket(data: {state: READY}) { state } }") == {"state": "READY"}
    update = {"options": [*field["options"], *options("FLOWN")]}
    update["options"][-1]["position"] = 2
    metadata(turn(), UPDATE_FIELD, id=field["id"], update=update)
    assert one(turn(), "mutation { createRocket(data: {state: FLOWN}) { state } }") == {"state": "FLOWN"}
    assert [total(api, "rockets", "{state: {eq: FLOWN}}") for api in everywhere(turn)] == [1] * 6


def test_documents_that_race_with_changes(turn: Turn) -> None:
    """Each is answered for one of the two models: with data or with an error that names the field, never a 500."""
    rocket = make_object(turn(), "rocket")["id"]
    field_id = add_over_rest(turn(), rocket, "alpha")
    done = threading.Event()
    wrong: list[str] = []
    answered = [0, 0]

    def work(client: httpx.Client) -> None:
        while not done.is_set():
            for document in (
                'mutation { createRocket(data: {alpha: "a"}) { id alpha } }',
                "{ rockets(first: 3, orderBy: {alpha: DescNullsLast}) { totalCount edges { node { alpha } } } }",
                "{ rocketsGroupBy(groupBy: {alpha: true}) { totalCount } people { totalCount } }",
                '{ rockets(filter: {alpha: {eq: "a"}}) { totalCount } }',
                'mutation { updateRockets(filter: {alpha: {eq: "b"}}, data: {alpha: "c"}) { id } }',
            ):
                body = send(client, document)
                answered["errors" in body] += 1
                for error in body.get("errors", ()):
                    try:
                        well_formed(error)
                        assert "alpha" in error["message"]
                    except AssertionError as problem:
                        wrong.append(f"{document}: {problem}")

    threads = [threading.Thread(target=work, args=(turn(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        for name in ("beta", "alpha"):
            metadata(turn(), UPDATE_FIELD, id=field_id, update={"name": name, "label": name.title()})
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert min(answered) > 0, answered
