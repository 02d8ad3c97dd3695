"""How tests speak to the server: calls that must succeed, refusals that must be well-formed, objects for a test."""

from typing import Any
from urllib.parse import quote

import httpx

Json = Any
Record = dict[str, Any]

MISSING = "00000000-0000-4000-8000-00000000dead"
"""The id of a record that is not there."""

ANYWHERE = "or(deletedAt[is]:NULL,deletedAt[is]:NOT_NULL)"
"""A filter that finds soft-deleted records too."""


def send(api: httpx.Client, method: str, path: str, body: Json = None) -> Json:
    """The JSON of a call that must succeed."""
    response = api.request(method, f"/rest/{path}", json=body)
    assert response.status_code in (200, 201), f"{method} {path}: {response.status_code} {response.text[:500]}"
    return response.json()


def create(api: httpx.Client, plural: str, record: Record, query: str = "") -> Record:
    """A new record as the answer shows it."""
    [made] = send(api, "POST", f"{plural}{query}", record)["data"].values()
    assert isinstance(made, dict)
    return made


def create_many(api: httpx.Client, plural: str, records: list[Record], query: str = "") -> list[Record]:
    """New records as the answer shows them."""
    [made] = send(api, "POST", f"batch/{plural}{query}", records)["data"].values()
    assert isinstance(made, list)
    return made


def get(api: httpx.Client, plural: str, record_id: str, query: str = "") -> Record:
    """A record as GET shows it."""
    [found] = send(api, "GET", f"{plural}/{record_id}{query}")["data"].values()
    assert isinstance(found, dict)
    return found


def update(api: httpx.Client, plural: str, record_id: str, change: Record) -> Record:
    """A record after a change, as the answer shows it."""
    [changed] = send(api, "PATCH", f"{plural}/{record_id}", change)["data"].values()
    assert isinstance(changed, dict)
    return changed


def page(api: httpx.Client, plural: str, **parameters: str | int) -> Json:
    """A page of a list, the whole answer."""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items())
    return send(api, "GET", f"{plural}?{query}")


def listed(api: httpx.Client, plural: str, **parameters: str | int) -> list[Record]:
    """The records of a page."""
    records = page(api, plural, **parameters)["data"][plural]
    assert isinstance(records, list)
    return records


def total(api: httpx.Client, plural: str, **parameters: str | int) -> int:
    """How many records a filter finds."""
    count = page(api, plural, limit=0, **parameters)["totalCount"]
    assert isinstance(count, int)
    return count


def ids_of(records: list[Record]) -> list[str]:
    """The ids of records, in their order."""
    return [record["id"] for record in records]


def soft_delete(api: httpx.Client, plural: str, record_id: str) -> Record:
    """A record after its soft deletion, as the answer shows it."""
    [deleted] = send(api, "DELETE", f"{plural}/{record_id}?soft_delete=true")["data"].values()
    assert isinstance(deleted, dict)
    return deleted


def person(name: str, email: str | None = None, **more: Any) -> Record:
    """A person to create."""
    record: Record = {"name": {"firstName": name, "lastName": "Test"}, **more}
    return record | ({"emails": {"primaryEmail": email}} if email else {})


def refusal(response: httpx.Response, status: int = 400) -> Json:
    """The body of a refusal, which must be in the envelope of errors and show nothing of the insides."""
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    body = response.json()
    assert body["statusCode"] == status
    assert list(body)[:3] in (["statusCode", "error", "messages"], ["message", "error", "statusCode"])
    messages = body.get("messages", body.get("message"))
    text = messages if isinstance(messages, str) else " ".join(messages)
    assert text
    for inside in ("Traceback", "asyncpg", "PostgreSQL", "violates", 'relation "', "syntax error at"):
        assert inside not in text, text
    return body


def message(response: httpx.Response, status: int = 400) -> str:
    """The one message of a refusal."""
    [text] = refusal(response, status)["messages"]
    assert isinstance(text, str)
    return text


def make_object(api: httpx.Client, singular: str, *fields: Record, plural: str | None = None) -> Json:
    """A custom object with fields, as the metadata answers show it; `fields` are bodies without the object's id."""
    plural = plural or f"{singular}s"
    made = send(
        api,
        "POST",
        "metadata/objects",
        {
            "nameSingular": singular,
            "namePlural": plural,
            "labelSingular": singular.capitalize(),
            "labelPlural": plural.capitalize(),
        },
    )
    for field in fields:
        make_field(api, made["id"], **field)
    return made


def make_field(api: httpx.Client, object_id: str, **field: Json) -> Json:
    """A field, labelled by its name unless the body says otherwise."""
    label = field["name"][0].upper() + field["name"][1:]
    return send(api, "POST", "metadata/fields", {"objectMetadataId": object_id, "label": label, **field})


def relation(target_id: str, back: str, kind: str = "MANY_TO_ONE") -> Json:
    """The payload of a relation field that leads to `target_id`, whose other side is labelled `back`."""
    return {"type": kind, "targetObjectMetadataId": target_id, "targetFieldLabel": back, "targetFieldIcon": "IconX"}


def options(*values: str) -> list[Json]:
    """The options of a select field, in the order given."""
    return [
        {"label": value.capitalize(), "value": value, "color": "blue", "position": place}
        for place, value in enumerate(values)
    ]


def object_id(api: httpx.Client, singular: str) -> str:
    """The id of an object of the model."""
    [found] = [
        item for item in send(api, "GET", "metadata/objects?limit=200")["data"] if item["nameSingular"] == singular
    ]
    return str(found["id"])


def make_probe(api: httpx.Client) -> Json:
    """An object that has a field of each type that callers may create; most are nullable."""
    return make_object(
        api,
        "probe",
        {"name": "size", "type": "NUMBER"},
        {"name": "whole", "type": "NUMBER", "settings": {"dataType": "int"}},
        {"name": "big", "type": "NUMBER", "settings": {"dataType": "bigint"}},
        {"name": "amount", "type": "CURRENCY"},
        {"name": "flag", "type": "BOOLEAN"},
        {"name": "day", "type": "DATE"},
        {"name": "moment", "type": "DATE_TIME"},
        {"name": "outer", "type": "UUID"},
        {"name": "stage", "type": "SELECT", "options": options("C", "A", "B")},
        {"name": "tags", "type": "MULTI_SELECT", "options": options("B", "A")},
        {"name": "stars", "type": "RATING"},
        {"name": "pilot", "type": "FULL_NAME"},
        {"name": "mails", "type": "EMAILS"},
        {"name": "calls", "type": "PHONES"},
        {"name": "sites", "type": "LINKS"},
        {"name": "place", "type": "ADDRESS"},
        {"name": "words", "type": "ARRAY"},
        {"name": "data", "type": "RAW_JSON"},
        {"name": "story", "type": "RICH_TEXT"},
        {"name": "must", "type": "TEXT", "isNullable": False, "defaultValue": "''"},
        {
            "name": "company",
            "type": "RELATION",
            "relationCreationPayload": relation(object_id(api, "company"), "Probes"),
        },
    )
