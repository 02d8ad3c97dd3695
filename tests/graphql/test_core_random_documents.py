"""Random documents of the introspected schema: valid, answered as the schema promises, alike in every spelling."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import graphql
import httpx
import pytest
from graphql import GraphQLSchema

from tests.graphql.conformity import faults, refusals
from tests.graphql.random_documents import Chosen, Documents, Request, Word
from threescore.catalog.workspaces import Workspace

DOCUMENTS = 12
"""How many documents each seed makes."""

PLURALS = {
    "person": "people",
    "company": "companies",
    "opportunity": "opportunities",
    "note": "notes",
    "noteTarget": "noteTargets",
    "task": "tasks",
    "taskTarget": "taskTargets",
    "workspaceMember": "workspaceMembers",
    "rocket": "rockets",
}

_FIELDS: list[dict[str, Any]] = [
    {"type": "NUMBER", "name": "thrust", "label": "Thrust"},
    {"type": "NUMBER", "name": "odometer", "label": "Odometer", "settings": {"dataType": "bigint"}},
    {"type": "DATE", "name": "builtOn", "label": "Built on"},
    {"type": "BOOLEAN", "name": "reusable", "label": "Reusable"},
    {"type": "ARRAY", "name": "nicknames", "label": "Nicknames"},
    {"type": "RAW_JSON", "name": "telemetry", "label": "Telemetry"},
    {"type": "RATING", "name": "rating", "label": "Rating"},
    {
        "type": "MULTI_SELECT",
        "name": "tags",
        "label": "Tags",
        "options": [
            {"label": "Heavy", "value": "HEAVY", "color": "red", "position": 0},
            {"label": "Crewed", "value": "CREWED", "color": "blue", "position": 1},
        ],
    },
    {"type": "ADDRESS", "name": "pad", "label": "Pad"},
    {"type": "ACTOR", "name": "captain", "label": "Captain"},
]

_ROCKETS: list[dict[str, Any]] = [
    {
        "name": "One",
        "thrust": 1.5,
        "odometer": 2**60,
        "builtOn": "2026-01-02",
        "tags": ["HEAVY"],
        "rating": "RATING_2",
    },
    {
        "name": "Two",
        "nicknames": ["a", "b"],
        "telemetry": {"x": [1]},
        "pad": {"addressLat": 1.25},
        "reusable": True,
    },
    {"name": "Three", "captain": {"name": "Ann", "source": "MANUAL"}},
]


def _person(place: int, companies: list[str]) -> dict[str, Any]:
    first, last = ("Ada", "Ben", "Cyd", "Dora", "Ed", "Fay")[place], "ABC"[place % 3]
    person: dict[str, Any] = {
        "name": {"firstName": first, "lastName": last},
        "companyId": companies[place % 3] if place % 4 else None,
        "emails": {"primaryEmail": f"p{place}@x.example" if place % 3 else ""},
        "jobTitle": ("CTO", None, "")[place % 3],
    }
    if place % 5 == 1:
        person["phones"] = {"additionalPhones": [{"number": "698765432", "countryCode": "FR"}]}
    return person


class Workshop:
    """A workspace with some records, its schema, and values that fit them."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self.by_plural: dict[str, list[str]] = {}
        self._prepare()
        self.ids = [id for ids in self.by_plural.values() for id in ids]
        answer = self.ask(Request(graphql.get_introspection_query(), {}))
        self.schema: GraphQLSchema = graphql.build_client_schema(answer["data"])

    def ask(self, request: Request) -> dict[str, Any]:
        response = self.api.post("/graphql", json={"query": request.text, "variables": request.variables})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        for error in body.get("errors", ()):
            assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", (request, error)
        return body

    def _prepare(self) -> None:
        made = self._metadata(
            "objects", nameSingular="rocket", namePlural="rockets", labelSingular="Rocket", labelPlural="Rockets"
        )
        for attributes in _FIELDS:
            self._metadata("fields", objectMetadataId=made["id"], **attributes)
        companies = self._create("companies", [{"name": name} for name in ("Acme", "", "Été & Söhne", "%_\\")])
        persons = self._create("people", [_person(place, companies) for place in range(6)])
        amounts: list[int | None] = [1, None, 10**17 + 1]
        deals = [{"name": f"Deal {n}", "amount": {"amountMicros": n}, "companyId": companies[0]} for n in amounts]
        self._create("opportunities", deals)
        notes = self._create("notes", [{"title": "Note", "bodyV2": {"markdown": "# One"}}, {"title": ""}])
        self._create("noteTargets", [{"noteId": notes[0], "targetPersonId": persons[0]}])
        self._create("noteTargets", [{"noteId": notes[1], "targetCompanyId": companies[0]}])
        self._create("rockets", _ROCKETS)
        self.api.delete(f"/rest/people/{persons[5]}", params={"soft_delete": "true"}).raise_for_status()

    def _metadata(self, kind: str, **attributes: Any) -> dict[str, Any]:
        response = self.api.post(f"/rest/metadata/{kind}", json=attributes)
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    def _create(self, plural: str, records: list[dict[str, Any]]) -> list[str]:
        response = self.api.post(f"/rest/batch/{plural}", json=records)
        assert response.status_code == 201, response.text
        [made] = response.json()["data"].values()
        ids = [record["id"] for record in made]
        self.by_plural.setdefault(plural, []).extend(ids)
        return ids

    def documents(self, random: Random) -> Documents:
        def value(type_: str, name: str) -> Any:
            match type_:
                case "UUID" | "ID":
                    return random.choice(self.ids)
                case "Int" if name in ("first", "limit"):
                    return random.randint(0, 4)
                case "Int":
                    return random.randint(0, 2)
                case "Float" | "BigFloat" | "Position":
                    return random.choice([0, 1, 2.5, -3, 10**17])
                case "BigInt":
                    return random.choice([0, 7, str(2**60)])
                case "Boolean":
                    return True if name not in ("isEmptyArray", "eq") else random.random() < 0.5
                case "DateTime" | "Date":
                    return random.choice(["2020-01-02", "2030-01-02", "2026-01-02"])
                case "String" if name.endswith("ObjectNameSingulars"):
                    return random.choice(list(PLURALS))
                case "String":
                    return random.choice(["", "Ada", "a", "%a%", "CTO", "Acme", "Söhne", "x\\", '"quoted"', "😀"])
                case "JSON":
                    return {"any": [1, "x"]}
            return None

        return Documents(self.schema, random, value)

    def known(self) -> dict[str, dict[str, Any]]:
        """Arguments with which the root fields for one record find one."""
        found = {
            singular: self.by_plural[plural][:1] for singular, plural in PLURALS.items() if plural in self.by_plural
        }
        return {singular: {"filter": {"id": {"in": ids}}} for singular, ids in found.items()}


@pytest.fixture(scope="module")
def workshop(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[Workshop]:
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as api:
        yield Workshop(api)


def root_names(workshop: Workshop) -> list[str]:
    plurals = [name for plural in PLURALS.values() for name in (plural, f"{plural}GroupBy")]
    return [*workshop.known(), *plurals, "personDuplicates", "companyDuplicates", "search"]


def outcome(body: dict[str, Any]) -> tuple[Any, list[Any]]:
    """What must be alike in all spellings: the data, and the errors without their places."""
    return body.get("data"), [(error["message"], error.get("path")) for error in body.get("errors", ())]


@pytest.mark.parametrize("seed", range(8))
def test_queries(workshop: Workshop, seed: int) -> None:
    documents = workshop.documents(Random(seed))
    names, known = root_names(workshop), workshop.known()
    fine = 0
    for _ in range(DOCUMENTS):
        fields = documents.query(names, known)
        plain = documents.plain("query", fields)
        assert refusals(workshop.schema, plain.text) == [], plain.text
        body = workshop.ask(plain)
        assert body.keys() >= {"data"}, (plain.text, body)
        failed = {error["path"][0] for error in body.get("errors", ())}
        fine += not failed
        shown = [one for one in fields if one.key not in failed]
        data = {key: value for key, value in body["data"].items() if key not in failed}
        assert list(faults(workshop.schema, "Query", shown, data)) == [], (plain.text, json.dumps(body))
        for spelled in (documents.with_variables("query", fields), documents.in_fragments("query", fields)):
            assert refusals(workshop.schema, spelled.text) == [], spelled.text
            assert outcome(workshop.ask(spelled)) == outcome(body), (plain.text, spelled)
    assert fine >= DOCUMENTS * 0.8


def test_mutations(workshop: Workshop) -> None:
    """What a mutation answers is what its type promises, whatever is selected."""
    random = Random(99)
    documents = workshop.documents(random)
    person = {"name": {"firstName": "Zoë", "lastName": "Z"}, "createdBy": {"source": Word("IMPORT")}}
    for _ in range(6):
        created = mutate(workshop, documents, "createPerson", {"data": person, "upsert": random.random() < 0.5})
        by_id = {"filter": {"id": {"eq": created}}}
        for name, arguments in (
            ("updatePerson", {"id": created, "data": {"jobTitle": "CEO", "company": {"connect": connect(workshop)}}}),
            ("updatePeople", {"data": {"city": "Paris"}, **by_id}),
            ("deletePerson", {"id": created}),
            ("restorePeople", by_id),
            ("createPeople", {"data": [{"id": created, "jobTitle": "CTO"}], "upsert": True}),
            ("destroyPeople", by_id),
        ):
            mutate(workshop, documents, name, arguments)


def connect(workshop: Workshop) -> dict[str, Any]:
    return {"where": {"id": workshop.ids[0]}}


def mutate(workshop: Workshop, documents: Documents, name: str, arguments: dict[str, Any]) -> str:
    """Sends a mutation in some spelling; gives the id of the first record that it answers."""
    fields = documents.mutation(name, arguments)
    [root] = fields
    assert root.below is not None
    root.below.insert(0, Chosen("theId", "id", "Person"))
    request = documents.in_fragments("mutation", fields)
    assert refusals(workshop.schema, request.text) == [], request.text
    body = workshop.ask(request)
    assert "errors" not in body, (request, body["errors"])
    assert list(faults(workshop.schema, "Mutation", fields, body["data"])) == [], (request, body)
    found = body["data"][root.key]
    record: dict[str, Any] = found[0] if isinstance(found, list) else found
    return str(record["theId"])


def test_objects_named_like_types_of_the_schema(api: httpx.Client) -> None:
    """The names of types in answers and in fragments are those of the schema, also where an object had to give way."""
    made = {"nameSingular": "actor", "namePlural": "actors", "labelSingular": "Actor", "labelPlural": "Actors"}
    assert api.post("/rest/metadata/objects", json=made).status_code == 201
    text = """
        mutation { createActor(data: { name: "Ann" }) { ...A } }
        fragment A on ActorObject { __typename name createdBy { __typename ... on Actor { source } } }"""
    body = api.post("/graphql", json={"query": text}).json()
    assert body == {
        "data": {
            "createActor": {
                "__typename": "ActorObject",
                "name": "Ann",
                "createdBy": {"__typename": "Actor", "source": "API"},
            }
        }
    }
    body = api.post("/graphql", json={"query": "{ actors { __typename edges { __typename } } }"}).json()
    assert body["data"]["actors"] == {
        "__typename": "ActorObjectConnection",
        "edges": [{"__typename": "ActorObjectEdge"}],
    }


def test_parts_of_json_values(api: httpx.Client) -> None:
    """They are selected like any other fields, or left whole, as clients of older schemas do."""
    phones = {
        "additionalPhones": [{"number": "698765432", "countryCode": "FR"}, {"number": "698765433", "countryCode": "FR"}]
    }
    links = {"primaryLinkUrl": "https://a.example", "secondaryLinks": [{"url": "https://b.example", "label": "B"}]}
    data = {"phones": {"primaryPhoneNumber": "+33612345678", **phones}, "linkedinLink": links}
    text = """mutation ($data: PersonCreateInput!) { createPerson(data: $data) {
        phones { more: additionalPhones { n: number __typename } whole: additionalPhones }
        linkedinLink { secondaryLinks { url } } avatarFile { label }
        createdBy { context { provider } whole: context } } }"""
    body = api.post("/graphql", json={"query": text, "variables": {"data": data}}).json()
    shown = body["data"]["createPerson"]
    assert shown["phones"]["more"] == [
        {"n": "698765432", "__typename": "AdditionalPhone"},
        {"n": "698765433", "__typename": "AdditionalPhone"},
    ]
    assert [list(phone) for phone in shown["phones"]["whole"]] == [["number", "callingCode", "countryCode"]] * 2
    assert shown["linkedinLink"] == {"secondaryLinks": [{"url": "https://b.example"}]}
    assert shown["createdBy"] == {"context": {"provider": None}, "whole": {}}
    wrong = "{ people { edges { node { phones { additionalPhones { nmber } } } } } }"
    [error] = api.post("/graphql", json={"query": wrong}).json()["errors"]
    assert error["message"] == 'Cannot query field "nmber" on type "AdditionalPhone". Did you mean "number"?'
