"""The root fields about events, and their types."""

from graphql import GraphQLArgument, GraphQLEnumType, GraphQLField, GraphQLNamedType, GraphQLObjectType

from threescore.events.patterns import OPERATIONS
from threescore.graphql.core.schema.fixed import FIXED
from threescore.graphql.core.schema.notation import read_type

EVENT_FIELDS = {
    "id": "String!",
    "cursor": "String!",
    "eventName": "String!",
    "operation": "RecordOperation!",
    "objectNameSingular": "String!",
    "recordId": "UUID!",
    "eventDate": "DateTime!",
    "actor": "JSON",
    "record": "JSON",
    "before": "JSON",
    "updatedFields": "[String!]",
}
"""What there is to select of an event."""

CHANGE_FIELDS = {"field": "String!", "before": "JSON", "after": "JSON"}
ENTRY_FIELDS = {
    "id": "String!",
    "operation": "RecordOperation!",
    "eventDate": "DateTime!",
    "actor": "JSON",
    "changes": "[RecordChange!]!",
    "record": "JSON",
}
HISTORY_FIELDS = {"entries": "[RecordHistoryEntry!]!", "hasNextPage": "Boolean!", "endCursor": "String"}


def _object(name: str, fields: dict[str, str], description: str) -> GraphQLObjectType:
    made = {key: GraphQLField(read_type(text, _named)) for key, text in fields.items()}
    return GraphQLObjectType(name, made, description=description)


_named: dict[str, GraphQLNamedType] = dict(FIXED)
_named["RecordOperation"] = GraphQLEnumType(
    "RecordOperation", {name: name for name in OPERATIONS}, description="What happened to a record."
)
_named["RecordEvent"] = _object("RecordEvent", EVENT_FIELDS, "Something that happened to a record.")
_named["RecordChange"] = _object("RecordChange", CHANGE_FIELDS, "What a field held, and what it holds since.")
_named["RecordHistoryEntry"] = _object("RecordHistoryEntry", ENTRY_FIELDS, "One change of a record.")
_named["RecordHistory"] = _object("RecordHistory", HISTORY_FIELDS, "The changes of a record, newest first.")

EVENT_TYPE_NAMES = tuple(name for name in _named if name not in FIXED)


def _root(result: str, description: str, **arguments: str) -> GraphQLField:
    made = {name: GraphQLArgument(read_type(text, _named)) for name, text in arguments.items()}
    return GraphQLField(read_type(result, _named), made, description=description)


RECORD_HISTORY = _root(
    "RecordHistory!",
    "Who changed which field of a record from what to what, and when.",
    objectNameSingular="String!",
    recordId="UUID!",
    first="Int",
    after="String",
)
RECORD_EVENTS = _root(
    "RecordEvent!",
    "Events of records as they happen: of one object or all, of some operations or all, of records that a filter finds."
    " Starts at the present, or after the cursor of an event.",
    objectNameSingular="String",
    operations="[RecordOperation!]",
    filter="JSON",
    after="String",
)
