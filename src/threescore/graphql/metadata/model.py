"""Reads the data model."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from threescore.errors import NotFound
from threescore.graphql.metadata.context import Info
from threescore.graphql.metadata.filters import matches
from threescore.graphql.metadata.nodes import FieldNode, IndexNode, ObjectNode, Part, RelationNode, searched_fields
from threescore.graphql.metadata.paging import connection

Node = ObjectNode | FieldNode | IndexNode | Part
N = TypeVar("N", ObjectNode, FieldNode, IndexNode, Part)


def _page(nodes: Iterable[Node], info: Info, paging: Mapping[str, Any], filter: Mapping[str, Any]) -> dict[str, Any]:
    found = [node for node in nodes if not filter or matches(filter, node.values)]
    page = connection(found, paging)
    info.context.count(len(page["edges"]))
    return page


def _counted(nodes: Iterable[N], info: Info) -> list[N]:
    found = list(nodes)
    info.context.count(len(found))
    return found


def _objects(_root: None, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]) -> dict[str, Any]:
    model = info.context.model
    return _page((ObjectNode(model, item) for item in model.objects), info, paging, filter)


def _object(_root: None, info: Info, *, id: str) -> ObjectNode:
    return _found("Object", id, (ObjectNode(info.context.model, o) for o in info.context.model.objects))


def _fields(_root: None, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]) -> dict[str, Any]:
    model = info.context.model
    return _page((FieldNode(model, item) for item in model.field_by_id.values()), info, paging, filter)


def _field(_root: None, info: Info, *, id: str) -> FieldNode:
    model = info.context.model
    return _found("Field", id, (FieldNode(model, item) for item in model.field_by_id.values()))


def _indexes(_root: None, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]) -> dict[str, Any]:
    return _page(_all_indexes(info), info, paging, filter)


def _index(_root: None, info: Info, *, id: str) -> IndexNode:
    return _found("Index", id, _all_indexes(info))


def _all_indexes(info: Info) -> Iterable[IndexNode]:
    model = info.context.model
    return (IndexNode(model, index) for item in model.objects for index in item.indexes)


def _found(kind: str, item_id: str, nodes: Iterable[N]) -> N:
    for node in nodes:
        if str(node.id) == item_id:
            return node
    raise NotFound(f"Unable to find {kind}MetadataEntity with id: {item_id}", code=f"{kind.upper()}_METADATA_NOT_FOUND")


def _fields_of(
    source: ObjectNode, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]
) -> dict[str, Any]:
    return _page(source.fields(), info, paging, filter)


def _indexes_of(
    source: ObjectNode, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]
) -> dict[str, Any]:
    return _page(source.indexes(), info, paging, filter)


def _object_of_index(
    source: IndexNode, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]
) -> dict[str, Any]:
    return _page([source.owner] if source.owner else [], info, paging, filter)


def _parts_of(source: IndexNode, info: Info, *, paging: Mapping[str, Any], filter: Mapping[str, Any]) -> dict[str, Any]:
    return _page(source.parts(), info, paging, filter)


def _object_of_field(source: FieldNode, info: Info) -> ObjectNode | None:
    info.context.count()
    return source.owner


def _relation(source: FieldNode, info: Info) -> RelationNode | None:
    info.context.count()
    return source.relation


def _morph_relations(source: FieldNode, info: Info) -> list[RelationNode] | None:
    relations = source.morph_relations
    info.context.count(len(relations or ()))
    return relations


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "objects": _objects,
        "object": _object,
        "fields": _fields,
        "field": _field,
        "indexMetadatas": _indexes,
        "index": _index,
    },
    "Object": {
        "fields": _fields_of,
        "indexMetadatas": _indexes_of,
        "fieldsList": lambda source, info: _counted(source.shown_fields(), info),
        "indexMetadataList": lambda source, info: _counted(source.indexes(), info),
        "searchFieldMetadataList": lambda source, info: _counted(searched_fields(source), info),
    },
    "Field": {
        "object": _object_of_field,
        "relation": _relation,
        "morphRelations": _morph_relations,
        "relationDefinition": _relation,
    },
    "Index": {
        "indexFieldMetadataList": lambda source, info: _counted(source.parts(), info),
        "objectMetadata": _object_of_index,
        "indexFieldMetadatas": _parts_of,
    },
}
"""Resolvers by type and field. Every other field is looked up in the values of its source."""
