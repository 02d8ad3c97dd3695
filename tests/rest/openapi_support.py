"""What tests of the documentation share: a workspace with fields of every type, and the commands in a document."""

import re
import shlex
from typing import Any

import httpx

from tests.records.wire import send

Document = dict[str, Any]

RELATION_ICON = "IconRocket"


def every_type(target_id: str, others: list[str]) -> list[dict[str, Any]]:
    """The bodies that make a field of each type that can be made, and what settings make of them."""
    options = [
        {"label": "Heavy", "value": "HEAVY", "color": "blue", "position": 0},
        {"label": "Crewed", "value": "CREWED", "color": "green", "position": 1},
        {"label": "Old", "value": "OLD", "color": "red", "position": 2},
    ]
    relation = {"targetFieldIcon": RELATION_ICON, "type": "MANY_TO_ONE"}
    return [
        {"type": "TEXT", "name": "codeName", "description": 'The "secret" name | for friends; it\'s a `joke`\nreally'},
        {"type": "TEXT", "name": "serial", "isNullable": False, "defaultValue": "'S0'"},
        {"type": "TEXT", "name": "registration", "isUnique": True},
        {"type": "NUMBER", "name": "thrust"},
        {"type": "NUMBER", "name": "stages", "settings": {"dataType": "int"}},
        {"type": "NUMBER", "name": "odometer", "settings": {"dataType": "bigint"}},
        {"type": "BOOLEAN", "name": "reusable", "isNullable": False, "defaultValue": False},
        {"type": "BOOLEAN", "name": "crewed"},
        {"type": "DATE", "name": "builtOn"},
        {"type": "DATE_TIME", "name": "launchAt"},
        {"type": "UUID", "name": "externalId", "isUnique": True},
        {"type": "SELECT", "name": "status", "options": options, "defaultValue": "'HEAVY'"},
        {"type": "SELECT", "name": "kind", "options": options},
        {"type": "MULTI_SELECT", "name": "tags", "options": options},
        {"type": "RATING", "name": "rating"},
        {"type": "CURRENCY", "name": "price"},
        {"type": "FULL_NAME", "name": "pilot"},
        {"type": "EMAILS", "name": "contactEmails", "isUnique": True},
        {"type": "PHONES", "name": "contactPhones"},
        {"type": "LINKS", "name": "website", "isUnique": True},
        {"type": "ADDRESS", "name": "padAddress"},
        {"type": "ARRAY", "name": "nicknames"},
        {"type": "RAW_JSON", "name": "telemetry"},
        {"type": "RICH_TEXT", "name": "story"},
        {"type": "ACTOR", "name": "captain"},
        {"type": "FILES", "name": "papers", "settings": {"maxNumberOfValues": 3}},
        {
            "type": "RELATION",
            "name": "operator",
            "relationCreationPayload": {
                **relation,
                "targetObjectMetadataId": target_id,
                "targetFieldLabel": "Operated rockets",
            },
        },
        {
            "type": "MORPH_RELATION",
            "name": "sponsor",
            "morphRelationsCreationPayload": [
                {**relation, "targetObjectMetadataId": other, "targetFieldLabel": "Sponsored rockets"}
                for other in others
            ],
        },
    ]


def build_rocket(api: httpx.Client) -> dict[str, Any]:
    """An object `rocket` with fields of every type; also one whose name is that of a schema of the document."""
    objects = {o["nameSingular"]: o["id"] for o in send(api, "GET", "metadata/objects?limit=1000")["data"]}
    rocket: dict[str, Any] = send(
        api,
        "POST",
        "metadata/objects",
        {
            "nameSingular": "rocket",
            "namePlural": "rockets",
            "labelSingular": "Rocket",
            "labelPlural": "Rockets",
            "description": "Goes up",
        },
    )
    for field in every_type(objects["company"], [objects["company"], objects["person"]]):
        send(
            api, "POST", "metadata/fields", {"objectMetadataId": rocket["id"], "label": field["name"].title(), **field}
        )
    for singular, plural in (("error", "errors"), ("rocketForUpdate", "rocketsForUpdate"), ("pageInfo", "pageInfos")):
        names = {"nameSingular": singular, "namePlural": plural, "labelSingular": singular, "labelPlural": plural}
        send(api, "POST", "metadata/objects", names)
    return rocket


def document(api: httpx.Client, path: str = "/rest/open-api/core") -> Document:
    """A document, for whoever the client is."""
    response = api.get(path)
    assert response.status_code == 200, response.text
    found: Document = response.json()
    return found


def operations(found: Document) -> list[tuple[str, str, Document]]:
    """Every operation with its path and method."""
    return [
        (path, method, operation)
        for path, item in found["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def commands(markdown: str) -> list[str]:
    """The curl commands in a text."""
    return re.findall(r"```sh\n(curl .*?)\n```", markdown, flags=re.DOTALL)


def run_command(api: httpx.Client, source: str) -> httpx.Response:
    """Does what a curl command would do, with the token of the client."""
    words = shlex.split(source.replace("\\\n", " ").replace('"Authorization: Bearer $KEY"', "KEY"))
    assert words.pop(0) == "curl"
    method: str | None = None
    url: str | None = None
    body: str | None = None
    query: dict[str, str] = {}
    get = False
    place = iter(words)
    for word in place:
        if word == "-X":
            method = next(place)
        elif word == "-H":
            assert next(place) in ("KEY", "Content-Type: application/json")
        elif word == "--data-urlencode":
            name, _, value = next(place).partition("=")
            query[name] = value
        elif word == "-d":
            body = next(place)
        elif word in ("-sS", "-sSG"):
            get = word.endswith("G")
        else:
            url = word
    assert url is not None
    assert "-H KEY" in source.replace('"Authorization: Bearer $KEY"', "KEY")
    content = None if body is None else body.encode()
    headers = {"Content-Type": "application/json"} if body is not None else {}
    method = method or ("GET" if get or body is None else "POST")
    return api.request(method, url, params=query or None, content=content, headers=headers)
