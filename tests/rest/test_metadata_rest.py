"""`/rest/metadata/objects` and `/rest/metadata/fields`."""

import re
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graphql.conftest import secret as secret
from tests.graphql.conftest import tokens as tokens
from threescore.access.key_changes import KeyChanges
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.errors import BadRequest, InvalidInput, NotFound, ThreescoreError
from threescore.records.caller import Caller
from threescore.rest.metadata import MetadataApi

pytestmark = pytest.mark.anyio

GIZMO = {"nameSingular": "gizmo", "namePlural": "gizmos", "labelSingular": "Gizmo", "labelPlural": "Gizmos"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Client:
    """Calls the façade as the HTTP door does."""

    def __init__(self, database: Database, workspace: Workspace, token: str, tokens: Tokens) -> None:
        self.api = MetadataApi(database, KeyChanges(database, tokens))
        self.workspace = workspace
        self.workspaces = Workspaces(database)
        self.claims = tokens.verify(token)

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        status, payload = await self.api(
            caller=Caller.of(await self.workspaces.present(self.workspace.id), self.claims),
            method=method,
            path=tuple(path.split("/")),
            query=[(part.split("=")[0], part.split("=")[1]) for part in query.split("&") if part],
            body=body,
        )
        # What is given back must be JSON as it stands.
        assert msgspec.json.decode(msgspec.json.encode(payload)) == payload
        return status, payload


@pytest.fixture
def client(db: Database, workspace: Workspace, token: str, tokens: Tokens) -> Client:
    return Client(db, workspace, token, tokens)


async def by_name(client: Client, name: str) -> dict[str, Any]:
    _, page = await client("GET", "objects?limit=1000")
    found: dict[str, Any] = next(o for o in page["data"] if o["nameSingular"] == name)
    return found


async def test_lists_have_one_envelope(client: Client) -> None:
    status, page = await client("GET", "objects")
    assert status == 200
    assert page.keys() == {"data", "pageInfo", "totalCount"}
    ids = [o["id"] for o in page["data"]]
    assert len(ids) == page["totalCount"] > 25
    assert ids == sorted(ids, reverse=True)
    assert page["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": ids[0],
        "endCursor": ids[-1],
    }
    _, fields = await client("GET", "fields")
    assert len(fields["data"]) == 60
    assert fields["totalCount"] > 500
    assert fields["pageInfo"]["hasNextPage"]
    _, more = await client("GET", "fields?limit=5000")
    assert len(more["data"]) == min(1000, more["totalCount"])


async def test_pages_forward_and_backward(client: Client) -> None:
    _, all_of_them = await client("GET", "objects")
    ids = [o["id"] for o in all_of_them["data"]]
    _, page = await client("GET", f"objects?limit=2&starting_after={ids[1]}")
    assert [o["id"] for o in page["data"]] == ids[2:4]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, True)
    _, page = await client("GET", f"objects?limit=2&ending_before={ids[3].upper()}")
    assert [o["id"] for o in page["data"]] == ids[1:3]
    assert page["pageInfo"]["hasNextPage"]
    _, page = await client("GET", f"objects?ending_before={ids[3]}")
    assert [o["id"] for o in page["data"]] == ids[:3]
    assert not page["pageInfo"]["hasPreviousPage"]
    _, page = await client("GET", "objects?limit=0")
    assert page["data"] == []
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    assert (await client("GET", "objects?filter=nameSingular[eq]:person"))[1]["totalCount"] == len(ids)


@pytest.mark.parametrize("text", ["-1", "abc", "1e3"])
async def test_limits_are_numbers(client: Client, text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await client("GET", f"objects?limit={text}")
    assert caught.value.code == "INVALID_LIMIT_QUERY_PARAM"
    assert caught.value.message == f"limit '{text}' is invalid. Should be an integer"


async def test_cursors_are_ids_and_alone(client: Client) -> None:
    with pytest.raises(InvalidInput):
        await client("GET", "objects?starting_after=nonsense")
    with pytest.raises(InvalidInput) as caught:
        await client("GET", f"objects?starting_after={uuid4()}&ending_before={uuid4()}")
    assert caught.value.detail == "'starting_after' and 'ending_before' cannot be used together."


async def test_ids_in_paths(client: Client) -> None:
    for path in ("objects/abc", "objects/person", "fields/abc"):
        for method in ("GET", "PATCH", "DELETE"):
            with pytest.raises(InvalidInput) as invalid:
                await client(method, path, {})
            assert invalid.value.detail == "Validation failed (uuid is expected)"
    with pytest.raises(NotFound) as unknown:
        await client("GET", f"objects/{uuid4()}")
    assert (unknown.value.message, unknown.value.code) == ("Object metadata not found", "OBJECT_METADATA_NOT_FOUND")
    with pytest.raises(NotFound) as field:
        await client("GET", f"fields/{uuid4()}")
    assert (field.value.message, field.value.code) == ("Field metadata not found", "FIELD_METADATA_NOT_FOUND")
    with pytest.raises(BadRequest) as resource:
        await client("GET", "foos")
    assert resource.value.message == "'foos' is not a valid UUID"
    with pytest.raises(NotFound):
        await client("DELETE", "objects")
    with pytest.raises(NotFound):
        await client("POST", f"objects/{uuid4()}", {})


async def test_the_life_of_an_object(client: Client) -> None:
    status, created = await client("POST", "objects", {**GIZMO, "foo": 1})
    assert status == 201
    for key, value in {**GIZMO, "isCustom": True, "isActive": True, "isRemote": False, "isUIReadOnly": False}.items():
        assert created[key] == value
    assert created["workspaceId"] == str(client.workspace.id)
    assert created["duplicateCriteria"] is created["standardOverrides"] is created["imageIdentifierFieldMetadataId"]
    assert MOMENT.fullmatch(created["createdAt"])
    assert len(created["fields"]) == 13
    name = next(f for f in created["fields"] if f["name"] == "name")
    assert created["labelIdentifierFieldMetadataId"] == name["id"]
    assert await client("GET", f"objects/{created['id'].upper()}") == (200, created)
    for method in ("PATCH", "PUT"):
        status, changed = await client(method, f"objects/{created['id']}", {"description": f"via {method}"})
        assert (status, changed["description"]) == (200, f"via {method}")
    status, deleted = await client("DELETE", f"objects/{created['id']}")
    assert status == 200
    assert "fields" not in deleted
    assert deleted["description"] == "via PUT"
    with pytest.raises(NotFound):
        await client("GET", f"objects/{created['id']}")


async def test_the_life_of_a_field(client: Client) -> None:
    _, gizmo = await client("POST", "objects", GIZMO)
    body = {
        "objectMetadataId": gizmo["id"],
        "type": "SELECT",
        "name": "stage",
        "label": "Stage",
        "defaultValue": "'NEW'",
        "options": [
            {"label": "New", "value": "NEW", "color": "blue", "position": 0},
            {"label": "Done", "value": "DONE", "position": 1},
        ],
    }
    status, created = await client("POST", "fields", body)
    assert status == 201
    assert (created["type"], created["defaultValue"], created["isNullable"]) == ("SELECT", "'NEW'", True)
    assert [option.keys() - {"id"} for option in created["options"]] == [
        {"label", "value", "color", "position"},
        {"label", "value", "position"},
    ]
    assert UUID(created["options"][0]["id"])
    assert created["relation"] is created["morphRelations"] is created["settings"]
    assert await client("GET", f"fields/{created['id']}") == (200, created)
    _, owner = await client("GET", f"objects/{gizmo['id']}")
    assert created in owner["fields"]
    status, changed = await client("PATCH", f"fields/{created['id']}", {"label": "Phase"})
    assert (changed["label"], changed["name"]) == ("Phase", "stage")
    status, deleted = await client("DELETE", f"fields/{created['id']}")
    assert (status, deleted) == (200, changed)


async def test_relations_show_both_ends(client: Client) -> None:
    _, gizmo = await client("POST", "objects", GIZMO)
    person = await by_name(client, "person")
    company = await by_name(client, "company")
    payload = {
        "type": "MANY_TO_ONE",
        "targetObjectMetadataId": person["id"],
        "targetFieldLabel": "Gizmos",
        "targetFieldIcon": "IconX",
    }
    body = {"objectMetadataId": gizmo["id"], "type": "RELATION", "name": "owner", "label": "Owner"}
    status, field = await client("POST", "fields", {**body, "relationCreationPayload": payload})
    assert status == 201
    assert field["settings"] == {"onDelete": "SET_NULL", "relationType": "MANY_TO_ONE", "joinColumnName": "ownerId"}
    relation = field["relation"]
    assert relation["type"] == "MANY_TO_ONE"
    assert relation["sourceObjectMetadata"] == {"id": gizmo["id"], "nameSingular": "gizmo", "namePlural": "gizmos"}
    assert relation["targetObjectMetadata"]["nameSingular"] == "person"
    assert relation["sourceFieldMetadata"] == {"id": field["id"], "name": "owner"}
    assert relation["targetFieldMetadata"]["name"] == "gizmos"
    branches = [payload, {**payload, "targetObjectMetadataId": company["id"]}]
    for branch in branches:
        branch["targetFieldLabel"] = "Sponsored"
    body = {**body, "type": "MORPH_RELATION", "name": "sponsor", "morphRelationsCreationPayload": branches}
    status, field = await client("POST", "fields", body)
    assert (status, field["name"], field["relation"]) == (201, "sponsorPerson", None)
    targets = [r["targetObjectMetadata"]["nameSingular"] for r in field["morphRelations"]]
    assert targets == ["person", "company"]
    _, owner = await client("GET", f"objects/{gizmo['id']}")
    assert {"sponsorPerson", "sponsorCompany"} <= {f["name"] for f in owner["fields"]}
    _, deleted = await client("DELETE", f"fields/{field['id']}")
    assert deleted["name"] == "sponsorPerson"


async def test_overridden_labels_are_shown(client: Client) -> None:
    company = await by_name(client, "company")
    _, changed = await client("PATCH", f"objects/{company['id']}", {"labelSingular": "Organisation"})
    assert changed["labelSingular"] == "Organisation"
    assert changed["standardOverrides"] == {"labelSingular": "Organisation"}
    assert (changed["isCustom"], changed["applicationId"]) == (False, company["applicationId"])
    field = next(f for f in company["fields"] if f["name"] == "employees")
    _, changed = await client("PATCH", f"fields/{field['id']}", {"label": "Staff"})
    assert changed["label"] == "Staff"


async def test_what_a_client_read_it_can_send_back(client: Client) -> None:
    """Clients that PUT what they got must not be told that they change what they do not."""
    for name in ("company", "attachment"):
        read = await by_name(client, name)
        assert await client("PUT", f"objects/{read['id']}", read) == (200, read)
        for field in read["fields"]:
            assert await client("PUT", f"fields/{field['id']}", field) == (200, field)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "a" * 20000, "'A'", "now", "uuid", "name", "gizmo"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELD_KEYS = [
    *("objectMetadataId", "type", "name", "label", "description", "icon", "isActive", "isNullable", "isUnique"),
    *("isSearchable", "isAuditLogged", "isLabelSyncedWithName", "isUIEditable", "isUIReadOnly", "defaultValue"),
    *("options", "settings", "relationCreationPayload", "morphRelationsCreationPayload"),
    *("morphRelationsUpdatePayload", "universalIdentifier"),
]
OBJECT_KEYS = [
    *("nameSingular", "namePlural", "labelSingular", "labelPlural", "description", "icon", "shortcut", "color"),
    *("isActive", "isSearchable", "isLabelSyncedWithName", "isRemote", "skipNameField", "openRecordIn"),
    *("labelIdentifierFieldMetadataId", "imageIdentifierFieldMetadataId"),
]
TYPES = [
    *("ACTOR", "ADDRESS", "ARRAY", "BOOLEAN", "CURRENCY", "DATE", "DATE_TIME", "EMAILS", "FILES", "FULL_NAME", "LINKS"),
    *("MORPH_RELATION", "MULTI_SELECT", "NUMBER", "NUMERIC", "PHONES", "POSITION", "RATING", "RAW_JSON", "RELATION"),
    *("RICH_TEXT", "SELECT", "TEXT", "TS_VECTOR", "UUID"),
]
OPTION = st.fixed_dictionaries(
    {"label": st.sampled_from(["A", "B"]) | JSON, "value": st.sampled_from(["A", "B"]) | JSON},
    optional={"position": JSON, "color": JSON, "id": JSON},
)
VALUES = {
    "type": st.sampled_from(TYPES),
    "name": st.sampled_from(["alpha", "beta", "x" * 63]),
    "label": st.just("Alpha"),
    "options": st.lists(OPTION, max_size=3),
    "settings": st.dictionaries(st.sampled_from(["dataType", "decimals", "type", "maxNumberOfValues"]), JSON),
    "defaultValue": st.dictionaries(st.sampled_from(["amountMicros", "firstName", "primaryEmail", "source"]), JSON),
}


def bodies(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={key: VALUES.get(key, JSON) | JSON for key in keys}) | JSON


@given(
    request=st.tuples(st.just("objects"), bodies(OBJECT_KEYS)) | st.tuples(st.just("fields"), bodies(FIELD_KEYS)),
    is_new=st.booleans(),
    is_whole=st.booleans(),
    place=st.integers(0, 1000),
)
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
async def test_no_body_is_a_fault_of_ours(
    client: Client, request: tuple[str, Any], is_new: bool, is_whole: bool, place: int
) -> None:
    """Whatever is sent is taken or refused in our own words, and what is taken can be read."""
    kind, body = request
    objects = (await client("GET", "objects?limit=1000"))[1]["data"]
    custom = [o for o in objects if o["isCustom"]] or objects
    target = custom[place % len(custom)]
    if isinstance(body, dict) and is_whole:
        good = {"type": "TEXT", "name": "alpha", "label": "Alpha"}
        body = {**GIZMO, **body} if kind == "objects" else {**good, **body, "objectMetadataId": target["id"]}
    item = target if kind == "objects" else target["fields"][place % len(target["fields"])]
    method, path = ("POST", kind) if is_new else ("PATCH", f"{kind}/{item['id']}")
    refusal: ThreescoreError | None = None
    try:
        await client(method, path, body)
    except ThreescoreError as error:
        refusal = error
    if refusal is None:
        await client("GET", "objects?limit=1000")
    else:
        assert refusal.status in (400, 403, 404)
        assert refusal.message.encode()
