"""What the core document says of events: the feed, as pages and as a stream, and the history of a record."""

from typing import Any

from threescore.events.feed import MAX_EVENTS
from threescore.events.history import MAX_ENTRIES
from threescore.events.patterns import OPERATIONS
from threescore.model.fields.json_schema import UUID, Schema, list_of, nullable, object_of
from threescore.rest.events import DEFAULT_LIMIT, MAX_WAIT
from threescore.rest.openapi.examples import curl
from threescore.rest.openapi.operations import operation
from threescore.rest.openapi.schemas import Names, data_of
from threescore.rest.openapi.shared import FLAG, MAP, MOMENT, TEXT, Document, limit_parameter, parameter, ref

EVENTS_TAG = {"name": "Events", "description": "What happens to records, in the order in which it happens"}

_OPERATION: Schema = {"type": "string", "enum": list(OPERATIONS)}
_ACTOR: Schema = {**nullable(MAP), "description": "Who did it."}

RECORD_EVENT: Schema = {
    "description": "A change of a record, as far as the caller may see it.",
    **object_of(
        {
            "id": TEXT,
            "eventName": {"type": "string", "description": "As in `company.updated`."},
            "objectMetadata": object_of({"id": UUID, "nameSingular": TEXT}, required=True),
            "operation": {**_OPERATION, "description": "`deleted` is put aside, `destroyed` is gone for good."},
            "recordId": UUID,
            "eventDate": MOMENT,
            "actor": _ACTOR,
            "record": {**MAP, "description": "The record after the change; of a destroyed one before it."},
            "before": {**nullable(MAP), "description": "What it was; null where there was or is nothing."},
            "updatedFields": {**nullable(list_of(TEXT)), "description": "Of an update."},
        },
        required=True,
    ),
}
HISTORY_ENTRY: Schema = {
    "description": "A change in the history of a record, as far as the caller may see it.",
    **object_of(
        {
            "id": TEXT,
            "operation": _OPERATION,
            "eventDate": MOMENT,
            "actor": _ACTOR,
            "changes": list_of(object_of({"field": TEXT, "before": {}, "after": {}}, required=True)),
            "record": {**nullable(MAP), "description": "The whole record, unless it was updated."},
        },
        required=True,
    ),
}


def event_parameters() -> Document:
    """The parameters of requests for events, by the names of their components."""
    cursor = "`now` is the present."
    return {
        "eventsAfter": _asked("after", f"The `endCursor` of the page before; without it, the oldest event. {cursor}"),
        "streamAfter": _asked("after", f"The id of an event; without it, what happens from now on. {cursor}"),
        "eventsObject": _asked("object", "Events of one object, by its singular name.", company="company"),
        "eventsOperation": _asked(
            "operation", f"Events of these operations, with commas between: {', '.join(OPERATIONS)}.", one="created"
        ),
        "eventsFilter": _asked(
            "filter", "Events of records that pass a filter, as they were then. It needs an `object`."
        ),
        "eventsLimit": limit_parameter(MAX_EVENTS, DEFAULT_LIMIT),
        "eventsWait": parameter(
            "wait",
            "query",
            "For how many seconds a page without events waits for a first one.",
            {"type": "integer", "minimum": 0, "maximum": MAX_WAIT, "default": 0},
        ),
        "lastEventId": parameter(
            "Last-Event-ID", "header", "The id of the last event that the caller has; it counts before `after`.", TEXT
        ),
        "historyAfter": _asked("after", "The `endCursor` of the page before."),
        "historyLimit": limit_parameter(MAX_ENTRIES, DEFAULT_LIMIT),
    }


def _asked(name: str, description: str, **examples: Any) -> Document:
    return parameter(name, "query", description, TEXT, **examples)


def event_paths(names: Names, url: str) -> Document:
    """The feed. `url` is where the paths begin."""
    wanted = ("eventsObject", "eventsOperation", "eventsFilter")
    event = ref("schemas", names.shared("RecordEvent"))
    return {
        "/events": {
            "get": operation(
                "get",
                tag="Events",
                operation_id="findManyEvents",
                summary="Read events",
                description="A page of events, oldest first. A short page need not be the last one: `hasNextPage` "
                "tells. Go on with its `endCursor`.",
                answer=_page("events", event, TEXT),
                parameters=("eventsAfter", *wanted, "eventsLimit", "eventsWait"),
                refusals=(410,),
                warns=True,
                sample=curl(url, "GET", "/events", {"operation": "created,updated", "limit": "10"}),
            )
        },
        "/events/stream": {
            "get": operation(
                "get",
                tag="Events",
                operation_id="followEvents",
                summary="Follow events",
                description="Events of type `record`, as server-sent events, for as long as the caller stays and its "
                "token is good. The data of each is an event as on a page; the ids are cursors.",
                answer=TEXT,
                media_type="text/event-stream",
                parameters=("streamAfter", "lastEventId", *wanted),
                refusals=(410,),
            )
        },
    }


def history_answer(names: Names) -> Schema:
    """What answers a request for the history of a record."""
    return _page("history", ref("schemas", names.shared("HistoryEntry")), nullable(TEXT))


def _page(name: str, item: Schema, cursor: Schema) -> Schema:
    page = data_of(name, list_of(item))
    page["properties"]["pageInfo"] = object_of({"hasNextPage": FLAG, "endCursor": cursor}, required=True)
    page["required"] = ["data", "pageInfo"]
    return page
