"""Paths below `/rest` that mean records, and what a method does there."""

from typing import Literal

from msgspec import Struct

from threescore.errors import BadRequest
from threescore.model.fields.identifier import is_uuid
from threescore.model.fields.values import plain

Kind = Literal[
    "many",
    "one",
    "batch",
    "duplicates",
    "merge",
    "groupBy",
    "restoreMany",
    "restoreOne",
    "copy",
    "events",
    "eventStream",
    "history",
]
Action = Literal[
    "findMany",
    "findOne",
    "createOne",
    "createMany",
    "updateOne",
    "updateMany",
    "deleteOne",
    "deleteMany",
    "restoreOne",
    "restoreMany",
    "findDuplicates",
    "mergeMany",
    "groupBy",
    "duplicateDashboard",
    "findEvents",
    "followEvents",
    "findHistory",
]

ACTIONS: dict[Kind, dict[str, Action]] = {
    "many": {
        "GET": "findMany",
        "POST": "createOne",
        "PATCH": "updateMany",
        "PUT": "updateMany",
        "DELETE": "deleteMany",
    },
    "one": {"GET": "findOne", "PATCH": "updateOne", "PUT": "updateOne", "DELETE": "deleteOne"},
    # Reading a batch or the duplicates is answered as the list of the object: harmless, and always has been so.
    "batch": {"POST": "createMany", "GET": "findMany"},
    "duplicates": {"POST": "findDuplicates", "GET": "findMany"},
    "merge": {"PATCH": "mergeMany"},
    "groupBy": {"GET": "groupBy"},
    "restoreMany": {"PATCH": "restoreMany"},
    "restoreOne": {"PATCH": "restoreOne"},
    "copy": {"POST": "duplicateDashboard"},
    "events": {"GET": "findEvents"},
    "eventStream": {"GET": "followEvents"},
    "history": {"GET": "findHistory"},
}
"""What each method does on each kind of path; a method that is missing is refused."""

_OBJECT_ACTIONS: dict[str, Kind] = {"duplicates": "duplicates", "merge": "merge", "groupBy": "groupBy"}


class Route(Struct, frozen=True):
    """What a path names and what is to be done there. `object_name` is the plural as the caller wrote it."""

    kind: Kind
    object_name: str
    record_id: str | None
    action: Action


def parse_path(method: str, path: str) -> Route:
    """The route of a decoded path below `/rest`; empty segments do not count, HEAD counts as GET.

    An id may be a UUID of any version and is made lower-case. Raises BadRequest for a path that names no
    records, an id that is no UUID, and a method that makes no sense there.
    """
    if method == "HEAD":
        method = "GET"
    segments = [segment for segment in path.split("/") if segment]
    kind, name, record_id = _place(method, segments, path)
    if record_id is not None:
        if not is_uuid(record_id):
            raise BadRequest(f"'{plain(record_id)}' is not a valid UUID")
        record_id = record_id.lower()
    action = ACTIONS[kind].get(method)
    if action is None:
        raise BadRequest(_wrong_method(method, kind, name, path))
    return Route(kind, name, record_id, action)


def _place(method: str, segments: list[str], path: str) -> tuple[Kind, str, str | None]:
    """The kind of path, the object's name, and what stands where the id belongs."""
    match segments:
        case ["events"]:
            return "events", "events", None
        case ["events", "stream"]:
            return "eventStream", "events", None
        case [name]:
            return "many", name, None
        case ["batch", name]:
            return "batch", name, None
        case ["restore", name] if method == "PATCH":
            return "restoreMany", name, None
        case [name, "restore"] if method == "PATCH":
            return "restoreMany", name, None
        case [name, second] if second in _OBJECT_ACTIONS:
            return _OBJECT_ACTIONS[second], name, None
        case [name, second]:
            return "one", name, second
        case ["restore", name, second] if method == "PATCH":
            return "restoreOne", name, second
        case [name, second, "restore"] if method == "PATCH":
            return "restoreOne", name, second
        case [name, second, "history"]:
            return "history", name, second
        case ["dashboards", second, "duplicate"] if method == "POST":
            return "copy", "dashboards", second
    raise BadRequest(
        f"Query path '{plain(_full(path))}' invalid. "
        "Valid examples: /rest/companies/id or /rest/companies or /rest/batch/companies"
    )


def _full(path: str) -> str:
    return "/rest" + path if path.startswith("/") else "/rest/" + path


def _wrong_method(method: str, kind: Kind, name: str, path: str) -> str:
    allowed = ", ".join(ACTIONS[kind])
    message = f"{plain(method)} is not possible on '{plain(_full(path))}'. Allowed methods are {allowed}."
    if kind == "one" and method == "POST":
        message += f" To create a record, POST to '/rest/{plain(name)}'; an id may stand in the body."
    return message
