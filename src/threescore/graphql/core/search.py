"""The `search` field: arguments, cursors and the shape of its result."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from graphql import FieldNode

from threescore.db.pool import Record
from threescore.errors import BadRequest, PermissionDenied
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.pages import decode_cursor
from threescore.graphql.core.shape import Known, leaf, shape
from threescore.graphql.core.values import INVALID_INPUT, listed, mapping, number, required, text
from threescore.model.fields.words import all_of, any_of, words_of
from threescore.model.objects import Model, ObjectType
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.plan import Filter, Search, SearchIn
from threescore.query.search_vector import searchable_fields
from threescore.records.caller import Caller

SEARCH_ARGUMENTS = (
    "searchInput",
    "limit",
    "after",
    "includedObjectNameSingulars",
    "excludedObjectNameSingulars",
    "filter",
)
MAX_RESULTS = 100
_FILTERABLE = frozenset({"id", "createdAt", "updatedAt", "deletedAt"})
_PRIORITY = ("person", "company", "opportunity", "note", "task")
_IS = {"Null": "NULL", "NotNull": "NOT_NULL"}


def bind_search(caller: Caller, given: Mapping[str, Any]) -> tuple[Search, list[Any], int]:
    """The plan of a search, its arguments, and how many results are wanted. Raises BadRequest, PermissionDenied."""
    model = caller.model
    words_given = required(given, "searchInput", "string")
    if not isinstance(words_given, str):
        raise BadRequest('Invalid argument: "searchInput" must be a string', code=INVALID_INPUT)
    if "\x00" in words_given:
        raise BadRequest("The search text holds a NUL character, which no text can", code=INVALID_INPUT)
    limit = number(given, "limit")
    if limit is None:
        raise BadRequest('Missing required argument: "limit" (number)', code=INVALID_INPUT)
    if not 0 <= limit <= MAX_RESULTS:
        raise BadRequest(f"Limit cannot exceed {MAX_RESULTS} items", code=INVALID_INPUT)
    words = words_of(words_given)
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", words_given.strip()) + "%"
    arguments: list[Any] = [all_of(words), any_of(words), pattern, limit + 1]
    objects = _objects(
        caller, listed(given, "includedObjectNameSingulars"), listed(given, "excludedObjectNameSingulars")
    )
    last_name, last_id = None, None
    after = text(given, "after")
    if after is not None:
        rank_cd, rank, last_name, last_id = _continuation(model, after)
        arguments += [rank_cd, rank]
    filter = _readable(mapping(given, "filter"))
    searched: list[SearchIn] = []
    passed = last_name is None
    for object_type in objects:
        bound = live_unless_asked(filter, bind_filter(model, object_type, filter, arguments))
        slot = None
        if object_type.name_singular == last_name:
            arguments.append(last_id)
            slot = len(arguments) - 1
        searched.append(_search_in(object_type, bound, includes_equal=passed, after=slot))
        passed = passed or slot is not None
    return Search(tuple(searched), everything=not words, continued=after is not None), arguments, limit


def _search_in(object_type: ObjectType, bound: Filter, *, includes_equal: bool, after: int | None) -> SearchIn:
    """One object to search in, by what can be read of it."""
    label = object_type.field_by_id.get(object_type.label_identifier_field_id or object_type.id)
    image = object_type.field_by_id.get(object_type.image_identifier_field_id or object_type.id)
    return SearchIn(
        object_type.name_singular,
        bound,
        label=label.name if label else "id",
        image=image.name if image else None,
        words=(
            tuple(field.name for field in searchable_fields(object_type))
            if any(field.is_searchable for field in object_type.hidden_fields)
            else None
        ),
        includes_equal=includes_equal,
        after=after,
    )


def _objects(caller: Caller, included: list[Any] | None, excluded: list[Any] | None) -> list[ObjectType]:
    """The objects to search in, the more important first. Those that the caller cannot read are left out."""
    for name in (*(included or ()), *(excluded or ())):
        if not isinstance(name, str):
            raise BadRequest("Object names must be strings", code=INVALID_INPUT)
    found = [
        object_type
        for object_type in caller.model.objects
        if (object_type.name_singular in included if included else object_type.is_searchable and object_type.is_active)
        and object_type.name_singular not in (excluded or ())
    ]
    ranks = {name: place for place, name in enumerate(_PRIORITY)}
    found.sort(key=lambda object_type: ranks.get(object_type.name_singular, len(ranks)))
    if not found and any(name in caller.state.model.by_singular for name in included or ()):
        raise PermissionDenied
    if not found:
        wanted = f" among {', '.join(included)}" if included else ""
        raise BadRequest(f"There is no object to search in{wanted}", code=INVALID_INPUT)
    return found


def _readable(filter: Any) -> Any:
    """The filter with its words for "is" as records know them, and no other fields than all objects have."""
    if isinstance(filter, list):
        return [_readable(item) for item in filter]
    if not isinstance(filter, dict):
        return filter
    readable: dict[str, Any] = {}
    for name, value in filter.items():
        if name in ("and", "or", "not"):
            readable[name] = _readable(value)
        elif name not in _FILTERABLE:
            raise BadRequest(
                f'Search can be filtered by {", ".join(sorted(_FILTERABLE))}, not by "{name}"',
                code="INVALID_ARGS_FILTER",
            )
        elif isinstance(value, dict):
            readable[name] = {o: _IS.get(v, v) if o == "is" and isinstance(v, str) else v for o, v in value.items()}
        else:
            readable[name] = value
    return readable


def _continuation(model: Model, cursor: str) -> tuple[float, float, str, str]:
    values = decode_cursor(cursor)
    try:
        ranks, ids = values["lastRanks"], values["lastRecordIdsPerObject"]
        rank_cd, rank = float(ranks["tsRankCD"]), float(ranks["tsRank"])
        [(name, record_id)] = ids.items()
        leaf = model.by_singular[name].field_by_name["id"].leaf
        leaf.type.operand(leaf, "eq", record_id)
    except (KeyError, TypeError, ValueError, AttributeError, BadRequest) as error:
        raise BadRequest(f"Invalid cursor: {cursor[:200]}", code="INVALID_CURSOR") from error
    return rank_cd, rank, name, record_id


def _cursor(row: Record) -> str:
    values = {
        "lastRanks": {"tsRankCD": row["rank_cd"], "tsRank": row["rank"]},
        "lastRecordIdsPerObject": {row["object"]: row["id"]},
    }
    return base64.b64encode(msgspec.json.encode(values)).decode()


def show_search(
    model: Model, rows: Sequence[Record], limit: int, nodes: Sequence[FieldNode], collector: Collector
) -> dict[str, Any]:
    """The result as selected. Raises InvalidSelection."""
    shown = rows[:limit]
    record: dict[str, Callable[[Record], Any]] = {
        "recordId": lambda row: row["id"],
        "objectNameSingular": lambda row: row["object"],
        "objectLabelSingular": lambda row: model.by_singular[row["object"]].label_singular,
        "label": lambda row: row["label"],
        "imageUrl": lambda row: row["image"],
        "tsRankCD": lambda row: row["rank_cd"],
        "tsRank": lambda row: row["rank"],
    }

    def node(row: Record, fields: Sequence[FieldNode]) -> dict[str, Any]:
        return shape(
            fields,
            "SearchRecord",
            collector,
            {name: partial(leaf, partial(read, row), "String!") for name, read in record.items()},
        )

    def edge(row: Record, fields: Sequence[FieldNode]) -> dict[str, Any]:
        known: Known = {
            "node": lambda inner: node(row, inner),
            "cursor": partial(leaf, partial(_cursor, row), "String!"),
        }
        return shape(fields, "SearchResultEdge", collector, known)

    def page_info(fields: Sequence[FieldNode]) -> dict[str, Any]:
        known: Known = {
            "hasNextPage": partial(leaf, lambda: len(rows) > limit, "Boolean!"),
            "endCursor": partial(leaf, lambda: _cursor(shown[-1]) if shown else None, "String"),
        }
        return shape(fields, "SearchResultPageInfo", collector, known)

    known: Known = {"edges": lambda fields: [edge(row, fields) for row in shown], "pageInfo": page_info}
    return shape(nodes, "SearchResultConnection", collector, known)
