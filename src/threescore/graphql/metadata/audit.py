"""The audit log."""

from collections.abc import Callable, Mapping
from typing import Any

from threescore.access.audit import MAX_PAGE, read_audit, read_question
from threescore.errors import BadRequest
from threescore.graphql.metadata.context import Info

Values = dict[str, Any]


def _audit_events(
    _root: None, info: Info, *, first: int | None = None, after: str | None = None, filter: Values | None = None
) -> Values:
    context = info.context
    context.caller.require("SECURITY")
    limit = MAX_PAGE if first is None else first
    if not 0 <= limit <= MAX_PAGE:
        raise BadRequest(f'"first" must be from 0 to {MAX_PAGE}')
    question = read_question((filter or {}).get)
    schema = context.model.schema
    items, more = context.wait(read_audit(context.services.database, schema, question, after or None, limit))
    context.count(len(items))
    return {
        "edges": [{"node": item, "cursor": item["id"]} for item in items],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": bool(after),
            "startCursor": items[0]["id"] if items else None,
            "endCursor": items[-1]["id"] if items else None,
        },
    }


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {"Query": {"auditEvents": _audit_events}}
