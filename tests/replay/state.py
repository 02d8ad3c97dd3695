"""The state in which the recorded calls were made: the model, the records before, and what calls left behind."""

import json
from pathlib import Path
from typing import Any

import httpx

from .compare import Ids

STATE: dict[str, Any] = json.loads(Path(__file__).with_name("state.json").read_text())

# Objects and fields of the recorded model that calls name by id.
OBJECTS = {
    "14f1cb8d-8eed-4a1e-8e6d-ffcb3c563d86": "person",
    "7368e3ed-79c9-48ad-ab55-427c137dea82": "company",
    "0e303016-2089-4f9e-9b09-0d41de89194a": "rocket",
}
# Objects that calls list from and up to, which ours lists first and last: which they are depends on random ids.
FIRST_LISTED = "f9d369d9-e276-4f23-bcf8-879ed227ba75"
LAST_LISTED = "e0e011cb-af0a-4f41-8053-9d1d15a5e7f5"
FIELDS = {"99eb76c3-23c5-4696-a428-dd4f008d4d76": ("person", "jobTitle")}

_RENAMED = {
    "motto": {"name": "slogan", "label": "Slogan"},
    "depot": {"name": "homeDepot", "label": "Home depot"},
}
_DELETED = ("noColor",)
_PERSON = "11111111-1111-4111-8111-0000000000"
_COMPANY = "22222222-2222-4222-8222-0000000000"


def set_up(client: httpx.Client, ids: Ids) -> None:
    """Makes the recorded model and the records that the recorded workspace began with, and binds the model's ids."""
    objects = {item["nameSingular"]: item for item in _get(client, "/rest/metadata/objects?limit=200")["data"]}
    rocket = _send(client, "POST", "/rest/metadata/objects", STATE["object"])
    places = {f"{{{name}}}": item["id"] for name, item in objects.items()} | {"{rocket}": rocket["id"]}
    for field in STATE["fields"]:
        text = json.dumps(field)
        for place, object_id in places.items():
            text = text.replace(place, object_id)
        made = _send(client, "POST", "/rest/metadata/fields", {"objectMetadataId": rocket["id"], **json.loads(text)})
        path = f"/rest/metadata/fields/{made['id']}"
        if field["name"] in _RENAMED:
            _send(client, "PATCH", path, _RENAMED[field["name"]])
        if field["name"] in _DELETED:
            _send(client, "DELETE", path)
    labels = {"labelSingular": "Rocket ship", "labelPlural": "Rocket ships", "description": "Goes up"}
    _send(client, "PATCH", f"/rest/metadata/objects/{rocket['id']}", labels)
    _send(client, "POST", "/rest/batch/companies", STATE["companies"])
    _send(client, "POST", "/rest/batch/people", STATE["people"])
    for recorded, name in OBJECTS.items():
        ids.bind(recorded, places[f"{{{name}}}"])
    listed = list(objects.values())
    ids.bind(FIRST_LISTED, listed[0]["id"])
    ids.bind(LAST_LISTED, listed[-1]["id"])
    for recorded, (name, field_name) in FIELDS.items():
        (found,) = [field for field in objects[name]["fields"] if field["name"] == field_name]
        ids.bind(recorded, found["id"])


def before(client: httpx.Client, case_id: str) -> None:
    """Makes what calls that were not recorded in full had made before this one."""
    if case_id == "E62":
        _send(client, "POST", "/rest/people", {"jobTitle": "large"})
    if case_id == "E307":
        _send(client, "POST", "/rest/companies", {"id": _COMPANY + "09", "name": "Gone"})
        _send(client, "POST", "/rest/people", {"id": _PERSON + "95", "companyId": _COMPANY + "09"})
        _send(client, "DELETE", f"/rest/companies/{_COMPANY}09?soft_delete=true")


def after(client: httpx.Client, case_id: str) -> None:
    """Makes up for what the recorded call had done and ours, which is wanted otherwise, has not, or the reverse."""
    match case_id:
        case "R17":
            person = {"name": {"firstName": "B", "lastName": "Batch"}, "jobTitle": "Batch"}
            for _ in range(4):
                _send(client, "POST", "/rest/batch/people", [person] * 50)
        case "R42" | "R43":
            _send(client, "DELETE", f"/rest/people/{_PERSON}05?soft_delete=true")
        case "R53":
            while found := _get(client, '/rest/people?limit=60&filter=jobTitle[eq]:"Batch"')["data"]["people"]:
                chosen = ",".join(person["id"] for person in found)
                _send(client, "DELETE", f"/rest/people?filter=id[in]:[{chosen}]")
        case "E18":
            _send(client, "POST", "/rest/people", {})
        case "E60":
            _send(client, "POST", "/rest/people", {"jobTitle": "x"})
        case "E79":
            _send(client, "POST", "/rest/rockets", {"serialTwo": "v118"})
        case "E83":
            _send(client, "DELETE", "/rest/rockets?filter=serialTwo[eq]:v122")
        case "E84":
            _send(client, "POST", "/rest/rockets", {"serialTwo": "v123"})
        case "E132":
            _send(client, "POST", "/rest/rockets", {"serialTwo": "v171", "price": {"currencyCode": "EUR"}})
        case "G140" | "G154":
            people = _get(client, "/rest/people?order_by=createdAt[DescNullsLast]&limit=1")["data"]["people"]
            _send(client, "DELETE", f"/rest/people/{people[0]['id']}")
        case "G171":
            _send(client, "POST", "/rest/people", {"jobTitle": "viaQuery"})
        case "E151":
            _send(client, "DELETE", "/rest/rockets?filter=serialTwo[eq]:v190")


def _get(client: httpx.Client, path: str) -> Any:
    return _send(client, "GET", path)


def _send(client: httpx.Client, method: str, path: str, body: object = None) -> Any:
    response = client.request(method, path, json=body)
    assert response.status_code < 300, f"{method} {path} {body}: {response.status_code} {response.text}"
    return response.json()
