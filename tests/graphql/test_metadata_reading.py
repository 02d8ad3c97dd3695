"""Reading the data model through `/metadata`."""

import base64
from typing import Any
from uuid import uuid4

import pytest

from tests.graphql.conftest import Door
from threescore.access.key_changes import KeyChanges
from threescore.catalog.state import Workspaces
from threescore.db.pool import Database
from threescore.records.caller import Caller
from threescore.rest.metadata import MetadataApi

pytestmark = pytest.mark.anyio

NAMES = "{ edges { cursor node { id nameSingular } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
PAGE = f"query($paging: CursorPaging!, $filter: ObjectFilter!) {{ objects(paging: $paging, filter: $filter) {NAMES} }}"


async def names(door: Door, paging: dict[str, Any], filter: dict[str, Any] | None = None) -> list[str]:
    page = await door(PAGE, paging=paging, filter=filter or {})
    return [edge["node"]["nameSingular"] for edge in page["edges"]]


async def object_id(door: Door, name: str) -> str:
    page = await door("{ objects(paging: {first: 1000}) { edges { node { id nameSingular } } } }")
    found: str = next(edge["node"]["id"] for edge in page["edges"] if edge["node"]["nameSingular"] == name)
    return found


async def test_a_page_has_ten_objects_the_highest_ids_first(door: Door) -> None:
    page = await door(f"{{ objects {NAMES} }}")
    ids = [edge["node"]["id"] for edge in page["edges"]]
    assert len(ids) == 10
    assert ids == sorted(ids, reverse=True)
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": page["edges"][0]["cursor"],
        "endCursor": page["edges"][9]["cursor"],
    }
    assert base64.b64decode(page["edges"][0]["cursor"]).decode() == f'{{"id":"{ids[0]}"}}'


async def test_pages_lead_through_the_list_both_ways(door: Door) -> None:
    everything = await names(door, {"first": 5000})
    assert len(everything) > 25
    forward: list[str] = []
    paging: dict[str, Any] = {"first": 7}
    while True:
        page = await door(PAGE, paging=paging, filter={})
        forward += [edge["node"]["nameSingular"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (len(forward) > 7)
        if not page["pageInfo"]["hasNextPage"]:
            break
        paging = {"first": 7, "after": page["pageInfo"]["endCursor"]}
    assert forward == everything
    backward: list[str] = []
    paging = {"last": 7}
    while True:
        page = await door(PAGE, paging=paging, filter={})
        backward = [edge["node"]["nameSingular"] for edge in page["edges"]] + backward
        assert page["pageInfo"]["hasNextPage"] == (len(backward) > 7)
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        paging = {"last": 7, "before": page["pageInfo"]["startCursor"]}
    assert backward == everything
    # The size of a page is ten where none is said.
    cursor = (await door(PAGE, paging={"first": 3}, filter={}))["pageInfo"]["endCursor"]
    assert await names(door, {"after": cursor}) == everything[3:13]
    assert await names(door, {"before": cursor}) == everything[:2]
    assert await names(door, {"first": 0}) == []
    assert await names(door, {"last": 2, "before": cursor}) == everything[:2]


async def test_cursors_of_old_versions_are_places(door: Door) -> None:
    everything = await names(door, {"first": 1000})

    def cursor(place: int) -> str:
        return base64.b64encode(f"arrayconnection:{place}".encode()).decode()

    assert await names(door, {"first": 2, "after": cursor(4)}) == everything[5:7]
    assert await names(door, {"last": 2, "before": cursor(4)}) == everything[2:4]
    assert await names(door, {"first": 2, "after": cursor(10**30)}) == []


async def test_a_cursor_outlives_its_item(door: Door) -> None:
    everything = await names(door, {"first": 1000})
    cursor = base64.b64encode(b'{"id":"ffffffff-ffff-4fff-bfff-ffffffffffff"}').decode()
    assert await names(door, {"first": 3, "after": cursor}) == everything[:3]
    assert await names(door, {"last": 3, "before": cursor}) == []


@pytest.mark.parametrize(
    "paging",
    [
        {"first": 1, "last": 1},
        {"first": 1, "before": "e30="},
        {"last": 1, "after": "e30="},
        {"after": "e30=", "before": "e30="},
        {"first": -1},
        {"last": -1},
        {"first": 1, "after": "nonsense"},
        {"first": 1, "after": "e30="},
        {"first": 1, "after": "eyJpZCI6MX0="},
        {"first": 1, "after": base64.b64encode(b"arrayconnection:x").decode()},
        {"first": 1, "after": "\ud7ff"},
        {"first": 1, "after": ""},
    ],
)
async def test_paging_that_makes_no_sense_is_refused(door: Door, paging: dict[str, Any]) -> None:
    assert (await door.refused(PAGE, paging=paging, filter={}))["code"] == "BAD_USER_INPUT"


async def test_filters(door: Door) -> None:
    everything = await names(door, {"first": 1000})
    person = await object_id(door, "person")
    system = await names(door, {"first": 1000}, {"isSystem": {"is": True}})
    others = await names(door, {"first": 1000}, {"isSystem": {"isNot": True}})
    assert "workspaceMember" in system
    assert "person" in others
    assert sorted(system + others) == sorted(everything)
    assert await names(door, {"first": 9}, {"id": {"eq": person.upper()}}) == ["person"]
    assert await names(door, {"first": 9}, {"id": {"in": [person]}, "isSystem": {"is": True}}) == []
    assert await names(door, {"first": 9}, {"or": [{"id": {"eq": person}}, {"isCustom": {"is": True}}]}) == ["person"]
    assert await names(door, {"first": 9}, {"and": [{"id": {"neq": person}}, {"id": {"eq": person}}]}) == []
    assert await names(door, {"first": 9}, {"id": {"in": []}}) == []
    assert await names(door, {"first": 999}, {"id": {"eq": None}, "isRemote": {"is": False}, "or": []}) == everything
    place = everything.index("person")
    assert await names(door, {"first": 999}, {"id": {"gte": person}}) == everything[: place + 1]
    assert await names(door, {"first": 999}, {"id": {"lt": person}}) == everything[place + 1 :]


async def test_fields_of_one_object(door: Door) -> None:
    person = await object_id(door, "person")
    names = "{ edges { node { name } } }"
    query = f"query($i: UUID!) {{ fields(paging: {{first: 1000}}, filter: {{objectMetadataId: {{eq: $i}}}}) {names} }}"
    listed = await door(query, i=person)
    query = "query($i: UUID!) { object(id: $i) { fields(paging: {first: 1000}) { edges { node { name } } } } }"
    nested = await door(query, i=person)
    assert listed == nested["fields"]
    assert {"name", "city", "emails"} <= {edge["node"]["name"] for edge in listed["edges"]}


async def test_what_is_not_there_is_not_found(door: Door) -> None:
    for field, kind in (
        ("object", "ObjectMetadataEntity"),
        ("field", "FieldMetadataEntity"),
        ("index", "IndexMetadataEntity"),
    ):
        missing = str(uuid4())
        error = await door.refused(f"query($i: UUID!) {{ {field}(id: $i) {{ id }} }}", i=missing)
        assert (error["code"], error["message"]) == ("NOT_FOUND", f"Unable to find {kind} with id: {missing}")
        assert (error["path"], error["locations"]) == ([field], [{"line": 1, "column": 20}])


async def test_both_metadata_apis_show_the_same(door: Door, db: Database) -> None:
    """Key by key, but that GraphQL says empty text where a description, icon or colour is missing."""
    introspection = """{ o: __type(name: "Object") { ...F } f: __type(name: "Field") { ...F } }
        fragment F on __Type { fields(includeDeprecated: true) { name type { ...T } } }
        fragment T on __Type { kind ofType { kind ofType { kind ofType { kind } } } }"""
    types = await door(introspection)

    def leaves(key: str) -> list[str]:
        def kind(type_: Any) -> str:
            return kind(type_["ofType"]) if type_.get("ofType") else type_["kind"]

        return [field["name"] for field in types[key]["fields"] if kind(field["type"]) in ("SCALAR", "ENUM")]

    object_keys, field_keys = leaves("o"), leaves("f")
    assert len(object_keys) > 25
    query = f"""{{ objects(paging: {{first: 1000}}) {{ edges {{ node {{
        {" ".join(object_keys)} fields(paging: {{first: 1000}}) {{ edges {{ node {{ {" ".join(field_keys)} }} }} }}
    }} }} }} }}"""
    shown = await door(query)
    caller = Caller.of(await Workspaces(db).present(door.claims.workspace_id), door.claims)
    _, rest = await MetadataApi(db, KeyChanges(db, door.tokens))(
        caller=caller, method="GET", path=("objects",), query=[("limit", "1000")], body=None
    )
    assert len(shown["edges"]) == len(rest["data"])
    for edge, item in zip(shown["edges"], rest["data"], strict=True):
        fields = {field["id"]: field for field in item["fields"]}
        compare(edge["node"], item, object_keys)
        assert len(edge["node"]["fields"]["edges"]) == len(fields)
        for field in edge["node"]["fields"]["edges"]:
            compare(field["node"], fields[field["node"]["id"]], field_keys)


def compare(shown: dict[str, Any], rest: dict[str, Any], keys: list[str]) -> None:
    unknown_to_rest = {"dataSourceId", "readabilityParentFieldUniversalIdentifiers"}
    for key in set(keys) - unknown_to_rest:
        wanted = "" if key in ("description", "icon", "color") and rest[key] is None else rest[key]
        assert shown[key] == wanted, key


RELATIONS = """query($i: UUID!) { object(id: $i) { fieldsList {
    id name type morphId settings
    relation { ...R }
    relationDefinition { relationId direction targetObjectMetadata { nameSingular } }
    morphRelations { ...R }
} } }
fragment R on Relation {
    type
    sourceObjectMetadata { nameSingular } targetObjectMetadata { nameSingular }
    sourceFieldMetadata { id name } targetFieldMetadata { id name object { nameSingular } }
}"""


async def test_a_morph_relation_is_one_field(door: Door) -> None:
    """Its branches are shown under their common name, with a relation for each of them."""
    fields = (await door(RELATIONS, i=await object_id(door, "noteTarget")))["fieldsList"]
    (target,) = [field for field in fields if field["type"] == "MORPH_RELATION"]
    assert (target["name"], target["relation"], target["relationDefinition"]) == ("target", None, None)
    assert target["morphId"]
    relations = target["morphRelations"]
    assert {relation["sourceFieldMetadata"]["name"] for relation in relations} == {"target"}
    assert len({relation["sourceFieldMetadata"]["id"] for relation in relations}) == len(relations)
    targets = {relation["targetObjectMetadata"]["nameSingular"] for relation in relations}
    assert {"person", "company", "opportunity"} <= targets
    # Seen from the other side it is the same field.
    fields = (await door(RELATIONS, i=await object_id(door, "person")))["fieldsList"]
    (side,) = [field for field in fields if field["name"] == "noteTargets"]
    assert side["morphRelations"] is None
    assert side["relation"]["targetFieldMetadata"] == {
        "id": target["id"],
        "name": "target",
        "object": {"nameSingular": "noteTarget"},
    }
    every_branch = await door(
        "query($i: UUID!) { object(id: $i) { fields(paging: {first: 1000}) { edges { node { name } } } } }",
        i=await object_id(door, "noteTarget"),
    )
    assert {"targetPerson", "targetCompany"} <= {edge["node"]["name"] for edge in every_branch["fields"]["edges"]}


async def test_both_sides_of_a_relation_agree(door: Door) -> None:
    person = (await door(RELATIONS, i=await object_id(door, "person")))["fieldsList"]
    company = (await door(RELATIONS, i=await object_id(door, "company")))["fieldsList"]
    (one,) = [field for field in person if field["name"] == "company"]
    (many,) = [field for field in company if field["name"] == "people"]
    assert (one["relation"]["type"], many["relation"]["type"]) == ("MANY_TO_ONE", "ONE_TO_MANY")
    assert one["relation"]["targetFieldMetadata"]["id"] == many["id"]
    assert many["relation"]["targetFieldMetadata"]["id"] == one["id"]
    assert one["relationDefinition"]["relationId"] == many["relationDefinition"]["relationId"]
    assert one["relationDefinition"]["direction"] == "MANY_TO_ONE"
    (plain,) = [field for field in person if field["name"] == "jobTitle"]
    assert plain["relation"] is plain["morphRelations"] is plain["relationDefinition"] is None


async def test_indexes_and_searched_fields(door: Door) -> None:
    person = await object_id(door, "person")
    found = await door(
        """query($i: UUID!) { object(id: $i) {
            labelIdentifierFieldMetadataId
            fieldsList { id name }
            indexMetadataList { id name isUnique isCustom indexType indexWhereClause createdAt
                indexFieldMetadataList { id fieldMetadataId order subFieldName }
                indexFieldMetadatas { edges { node { fieldMetadataId } } }
                objectMetadata { edges { node { nameSingular } } } }
            indexMetadatas(paging: {first: 1000}, filter: {isCustom: {is: false}}) { edges { node { id } } }
            searchFieldMetadataList { fieldMetadataId tsVectorFieldMetadataId position } } }""",
        i=person,
    )
    names = {field["id"]: field["name"] for field in found["fieldsList"]}
    indexes = found["indexMetadataList"]
    assert {edge["node"]["id"] for edge in found["indexMetadatas"]["edges"]} == {index["id"] for index in indexes}
    (emails,) = [index for index in indexes if index["isUnique"]]
    assert [names[part["fieldMetadataId"]] for part in emails["indexFieldMetadataList"]] == ["emails"]
    assert emails["objectMetadata"]["edges"] == [{"node": {"nameSingular": "person"}}]
    for index in indexes:
        parts = index["indexFieldMetadataList"]
        assert [part["order"] for part in parts] == list(range(len(parts)))
        assert len(index["indexFieldMetadatas"]["edges"]) == len(parts)
    searched = found["searchFieldMetadataList"]
    assert found["labelIdentifierFieldMetadataId"] in {field["fieldMetadataId"] for field in searched}
    assert {names[field["tsVectorFieldMetadataId"]] for field in searched} == {"searchVector"}
    everywhere = await door("{ indexMetadatas(paging: {first: 1000}) { edges { node { id } } } }")
    assert {index["id"] for index in indexes} < {edge["node"]["id"] for edge in everywhere["edges"]}
    assert (await door("query($i: UUID!) { index(id: $i) { name } }", i=emails["id"]))["name"] == emails["name"]
